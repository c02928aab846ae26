import type { Column } from '../../model/schema.js';
import type { SqlValue } from '../../model/value.js';
import { asciiSlice, RepeatedText } from '../byte-text.js';
import { columnReader, type FieldReader, RowReader, tagOf } from './field-reader.js';
import { type FieldScope, matchField } from './match-field.js';
import type { ProtoField, ProtoOneof } from './proto-schema.js';
import { type ScalarReader, scalarReader } from './scalar-reader.js';
import { malformed, truncated, WireReader } from './wire-reader.js';

/** Reads the wanted columns of messages of one type. Both throw ValueProblems. */
export interface RecordReader {
  /** Finds the columns in the message that is `bytes[start, end)`. */
  scan(bytes: Buffer, start: number, end: number): void;
  /** One a column: its value, converted from what the last `scan` found. */
  readonly read: readonly (() => SqlValue)[];
}

/**
 * A reader in two steps, so that nothing is decoded that nobody asks for. The scan, generated for the wanted fields, walks over the message once and
 * notes where they are: of a scalar, where its last value begins; of other fields, the parts of the message that they fill, which are read again
 * for that field alone.
 */
export function recordReader(scope: FieldScope, columns: readonly Column[]): RecordReader {
  const notes: Notes = {
    reader: new WireReader(),
    starts: new Int32Array(columns.length).fill(ABSENT),
    ends: new Int32Array(columns.length),
    earlier: columns.map(() => []),
  };
  const cases = new Cases();
  const read = columns.map((column, slot) => {
    const match = matchField(scope, column.name);
    if (match === null) return () => null;
    const field = match.kind === 'field' ? match.field : null;
    if (field !== null && field.label !== 'repeated') {
      const scalar = scalarReader(field, column.type);
      if (scalar !== null) {
        cases.add([tagOf(field)], `starts[${slot}] = q;`);
        cases.endWithOneof(field, slot);
        return scalarColumn(notes, slot, scalar);
      }
    }
    const fields = columnReader(scope, column)!;
    if (field !== null) cases.beginWithOneof(field, slot);
    cases.add(fields.tags, `if (ends[${slot}] !== t) beginPart(notes, ${slot}, t); ends[${slot}] = p;`);
    if (field !== null) cases.endWithOneof(field, slot);
    return rangeColumn(notes, slot, fields, new RowReader(scope, [{ ...column, path: '' }]));
  });
  return { scan: compileScan(notes, cases, columns.length), read };
}

const ABSENT = -1;

interface Notes {
  /** Stands in the record that was scanned last. */
  readonly reader: WireReader;
  /** By column: where it begins, or ABSENT; of other fields than scalars, where the last of its parts does. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** By column: start and end of each part before the last. Means nothing where the column is absent. */
  readonly earlier: readonly number[][];
}

/** Begins a part of a column at `start`, which does not go on with the last one. */
function beginPart({ starts, ends, earlier }: Notes, slot: number, start: number): void {
  const parts = earlier[slot]!;
  if (starts[slot] === ABSENT) parts.length = 0;
  else parts.push(starts[slot]!, ends[slot]!);
  starts[slot] = start;
}

/** What is done at fields, by their tags. Only numbers of our own become code. */
class Cases {
  readonly #code = new Map<number, string>();
  readonly #oneofs = new Map<ProtoOneof, string>();
  #atEnd = '';

  add(tags: readonly number[], code: string): void {
    for (const tag of tags) this.#code.set(tag, `${this.#code.get(tag) ?? ''} ${code}`);
  }

  /** Forgets the column at its tag when another member of its oneof came last. */
  beginWithOneof(field: ProtoField, slot: number): void {
    if (field.oneof !== null) this.add([tagOf(field)], this.#unlessLast(field.oneof, field, slot));
  }

  /** Forgets the column at the end of the message when another member of its oneof came last. */
  endWithOneof(field: ProtoField, slot: number): void {
    if (field.oneof !== null) this.#atEnd += this.#unlessLast(field.oneof, field, slot);
  }

  /** The variables of the scan. */
  declarations(): string {
    return [...this.#oneofs.values()].map((last) => `let ${last} = 0;`).join(' ');
  }

  /** Cases of a switch over `tag`; each begins behind the tag, at `p`, and leaves `p` behind the value. */
  text(): string {
    const code = new Map(this.#code);
    for (const [oneof, last] of this.#oneofs) {
      for (const member of oneof.fields) {
        const tag = tagOf(member);
        code.set(tag, `${code.get(tag) ?? ''} ${last} = ${member.number};`);
      }
    }
    return [...code]
      .map(([tag, text]) => `case ${tag}: { q = p; ${SKIPS[tag & 7]} ${text} break; }`)
      .join('\n          ');
  }

  /** What is done behind the last field. */
  atEnd(): string {
    return this.#atEnd;
  }

  #unlessLast(oneof: ProtoOneof, field: ProtoField, slot: number): string {
    let last = this.#oneofs.get(oneof);
    if (last === undefined) {
      last = `last${this.#oneofs.size}`;
      this.#oneofs.set(oneof, last);
    }
    return `if (${last} !== ${field.number}) starts[${slot}] = ${ABSENT}; `;
  }
}

/** How a value is passed over, by wire type. `undefined`, beyond the bytes, ends every loop; `p` is looked at afterwards. */
const SKIPS = [
  'while (b[p++] > 127) if (p - q > 9) tooLong(); ',
  'p += 8;',
  'n = b[p++]; if (n > 127) { reader.position = p - 1; p = reader.delimited(); } else p += n;',
  'reader.position = p; reader.skip(tag); p = reader.position;',
  '',
  'p += 4;',
];

function compileScan(notes: Notes, cases: Cases, columns: number): RecordReader['scan'] {
  const clear = Array.from({ length: columns }, (_, slot) => `starts[${slot}] = ends[${slot}] = ${ABSENT};`);
  const body = `
    const { reader, starts, ends } = notes;
    return function scan(b, start, end) {
      let p = start, q = 0, t = 0, n = 0, tag = 0;
      ${cases.declarations()}
      reader.bytes = b;
      reader.end = end;
      ${clear.join(' ')}
      while (p < end) {
        t = p;
        tag = b[p++];
        if (tag > 127 || tag < 8) { reader.position = t; tag = reader.tag(); p = reader.position; }
        switch (tag) {
          ${cases.text()}
          default: {
            q = p;
            switch (tag & 7) {
              case 0: ${SKIPS[0]} break;
              case 1: ${SKIPS[1]} break;
              case 2: ${SKIPS[2]} break;
              case 5: ${SKIPS[5]} break;
              default: ${SKIPS[3]}
            }
          }
        }
        if (!(p <= end)) truncated();
      }
      ${cases.atEnd()}
    };`;
  return new Function('notes', 'beginPart', 'tooLong', 'truncated', body)(
    notes,
    beginPart,
    tooLong,
    truncated,
  ) as RecordReader['scan'];
}

function tooLong(): never {
  malformed('a number of more than ten bytes');
}

/** Other than scalars: their parts of the record are read for them alone. */
function rangeColumn(notes: Notes, slot: number, fields: FieldReader, rows: RowReader): () => SqlValue {
  const { reader, starts, ends, earlier } = notes;
  const parts = earlier[slot]!;
  const { finish } = fields;
  return () => {
    const row = rows.row();
    if (starts[slot] !== ABSENT) {
      const { end } = reader;
      try {
        for (let i = 0; i < parts.length; i += 2) rows.readRange(reader, parts[i]!, parts[i + 1]!, row);
        rows.readRange(reader, starts[slot]!, ends[slot]!, row);
      } finally {
        reader.end = end;
      }
    }
    return finish === null ? row[0]! : finish(row[0]!);
  };
}

/** What the most frequent kinds need is written out for each, so that no call depends on the column. */
function scalarColumn(notes: Notes, slot: number, scalar: ScalarReader): () => SqlValue {
  const { reader, starts } = notes;
  const { read, absent } = scalar;
  switch (scalar.plain) {
    case 'int32':
      return () => {
        const at = starts[slot]!;
        if (at === ABSENT) return absent();
        reader.position = at;
        return reader.int32();
      };
    case 'int64':
    case 'uint64':
      return () => {
        const at = starts[slot]!;
        if (at === ABSENT) return absent();
        reader.position = at;
        return reader.int64();
      };
    case 'double':
      return () => {
        const at = starts[slot]!;
        if (at === ABSENT) return absent();
        reader.position = at;
        return reader.double();
      };
    case 'bool':
      return () => {
        const at = starts[slot]!;
        if (at === ABSENT) return absent();
        reader.position = at;
        return reader.bool();
      };
    case 'string': {
      const texts = new RepeatedText();
      return () => {
        const at = starts[slot]!;
        if (at === ABSENT) return absent();
        reader.position = at;
        return shortText(reader, texts);
      };
    }
    default:
      return () => {
        const at = starts[slot]!;
        if (at === ABSENT) return absent();
        reader.position = at;
        return read(reader);
      };
  }
}

const SHORT_MAX = 40;

function shortText(reader: WireReader, texts: RepeatedText): string {
  const { bytes, position } = reader;
  const length = bytes[position]!;
  if (length <= SHORT_MAX) {
    const start = position + 1;
    const end = start + length;
    let p = start;
    while (p < end && bytes[p]! < 0x80) p++;
    if (p === end) return length <= 24 ? texts.read(bytes, start, end) : asciiSlice(bytes, start, end);
  }
  return reader.string();
}
