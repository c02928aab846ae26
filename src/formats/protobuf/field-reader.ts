import type { SqlType } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import { inside } from '../value-problem.js';
import { inconvertible } from './convert-value.js';
import { type FieldScope, matchField } from './match-field.js';
import { describeField, type MessageType, mapEntryOf, type ProtoField, type ProtoOneof } from './proto-schema.js';
import { SCALAR_WIRES, type ScalarReader, scalarReader } from './scalar-reader.js';
import { WRAPPER_MESSAGES } from './well-known.js';
import { WHOLE_MESSAGES } from './whole-values.js';
import { DELIMITED, GROUP_START, VARINT, type WireReader } from './wire-reader.js';

/**
 * Reads what a message holds for one column. A value is built up from occurrences in their order, so that the last scalar stays, messages merge
 * and repeated fields grow, as the specification wants it.
 */
export interface FieldReader {
  /** The tags that it takes. */
  readonly tags: readonly number[];
  /** The tags that undo what was read: other members of the oneof that a field belongs to. */
  readonly undoneBy: readonly number[];
  /** What there is before the first occurrence. */
  readonly start: SqlValue;
  /** What there is after one more; `reader` stands behind its tag. @throws ValueProblem */
  add(reader: WireReader, tag: number, before: SqlValue): SqlValue;
  /** The value of the column from what there is at the end; null when it is that already. @throws ValueProblem */
  readonly finish: ((value: SqlValue) => SqlValue) | null;
}

/** A part of a row that is read from messages. */
export interface RowColumn {
  readonly name: string;
  readonly type: SqlType;
  /** How errors point to it. */
  readonly path: string;
}

/** What repeated fields that are absent give: one for all, for a few bytes may hold thousands of messages that lack them. */
const NO_ITEMS: SqlValue[] = Object.freeze([]) as never;
const NO_ENTRIES: Map<SqlValue, SqlValue> = new Map();

/** How a column is read; null when messages have nothing of its name. What does not convert is an error of each record. */
export function columnReader(scope: FieldScope, { name, type }: Pick<RowColumn, 'name' | 'type'>): FieldReader | null {
  const match = matchField(scope, name);
  if (match === null) return null;
  return match.kind === 'field' ? fieldReader(match.field, type) : oneofReader(match.oneof, type);
}

function fieldReader(field: ProtoField, to: SqlType): FieldReader {
  const entry = mapEntryOf(field);
  if (entry !== null && to.kind === 'MAP') return mapReader(field, entry, to.value, to.key);
  if (field.label !== 'repeated') return singleReader(field, to);
  return to.kind === 'ARRAY' ? arrayReader(field, to.element) : failing(describeField(field), to, repeatedTags(field));
}

function singleReader(field: ProtoField, to: SqlType): FieldReader {
  const undoneBy = undoingTags(field);
  const scalar = scalarReader(field, to);
  if (scalar !== null) {
    const add = (reader: WireReader, _tag: number, before: SqlValue): SqlValue => scalar.read(reader) ?? before;
    const { absent, hasAbsent } = scalar;
    // A default that does not convert is an error only where the field is absent.
    return hasAbsent
      ? { tags: [tagOf(field)], undoneBy, start: absent(), add, finish: null }
      : { tags: [tagOf(field)], undoneBy, start: null, add, finish: (value) => value ?? absent() };
  }
  const rows = field.type.kind === 'message' && !field.group ? messageReader(field.type, to) : null;
  if (rows === null) return failing(describeField(field), to, [tagOf(field)]);
  return {
    tags: [tagOf(field)],
    undoneBy,
    start: null,
    add: (reader, _tag, before) => rows.reader.merge(reader, before as SqlValue[] | null),
    finish: rows.finish,
  };
}

interface MessageReader {
  readonly reader: RowReader;
  /** The value from the row of the message, which is null when there is no message. */
  readonly finish: ((row: SqlValue) => SqlValue) | null;
}

function messageReader(type: MessageType, to: SqlType): MessageReader | null {
  if (to.kind === 'STRUCT') {
    const reader = new RowReader(
      type,
      to.fields.map((field) => ({ ...field, path: `.${field.name}` })),
    );
    return { reader, finish: reader.finish };
  }
  if (WRAPPER_MESSAGES.has(type.fullName)) {
    const reader = new RowReader(type, [{ name: 'value', type: to, path: '' }]);
    const { finish } = reader;
    return {
      reader,
      finish: (row) => (row === null ? null : ((finish === null ? row : finish(row)) as SqlValue[])[0]!),
    };
  }
  const whole = WHOLE_MESSAGES.get(type.fullName);
  if (whole === undefined) return null;
  const join = whole.join(to);
  const parts = whole.fields.map((part, i) => ({ name: type.fields[i]!.name, type: part, path: '' }));
  return { reader: new RowReader(type, parts), finish: (row) => (row === null ? null : join(row as SqlValue[])) };
}

function arrayReader(field: ProtoField, element: SqlType): FieldReader {
  const scalar = scalarReader(field, element);
  const items = scalar === null ? singleReader({ ...field, label: 'optional' }, element) : runReader(field, scalar);
  const { finish } = items;
  return {
    tags: items.tags,
    undoneBy: [],
    start: NO_ITEMS,
    add(reader, tag, before) {
      const array = before === NO_ITEMS ? [] : (before as SqlValue[]);
      try {
        if (scalar !== null) return items.add(reader, tag, array);
        const item = items.add(reader, tag, null);
        array.push(finish === null ? item : finish(item));
      } catch (problem) {
        throw inside(problem, `[${array.length}]`);
      }
      return array;
    },
    finish: null,
  };
}

/** Adds to an array: one scalar at a time, or a run of them. */
function runReader(field: ProtoField, scalar: ScalarReader): Pick<FieldReader, 'tags' | 'add' | 'finish'> {
  const [single] = repeatedTags(field);
  const push = (items: SqlValue[], reader: WireReader): void => {
    const value = scalar.read(reader);
    if (value !== null) items.push(value);
  };
  return {
    tags: repeatedTags(field),
    add(reader, tag, before) {
      const items = before as SqlValue[];
      if (tag === single) {
        push(items, reader);
        return items;
      }
      const around = reader.end;
      reader.end = reader.delimited();
      while (reader.position < reader.end) push(items, reader);
      reader.end = around;
      return items;
    },
    finish: null,
  };
}

function mapReader(
  field: ProtoField,
  entry: { readonly key: ProtoField; readonly value: ProtoField },
  valueType: SqlType,
  keyType: SqlType,
): FieldReader {
  const fields = [entry.key, entry.value];
  // The key of an entry is data, so the path does not hold it.
  const entries = new RowReader({ fields, oneofs: [] }, [
    { name: entry.key.name, type: keyType, path: '.*' },
    { name: entry.value.name, type: valueType, path: '.*' },
  ]);
  return {
    tags: [tagOf(field)],
    undoneBy: [],
    start: NO_ENTRIES,
    add(reader, _tag, before) {
      const row = entries.merge(reader, null);
      entries.finish?.(row);
      const map = before === NO_ENTRIES ? new Map<SqlValue, SqlValue>() : (before as Map<SqlValue, SqlValue>);
      return map.set(row[0] ?? '', row[1]!);
    },
    finish: null,
  };
}

/**
 * The STRUCT that Connect makes of a oneof: null when no member is set, else with the one that is set. Until the end there is only the member's
 * position and value, for the STRUCT may have many.
 */
function oneofReader(oneof: ProtoOneof, to: SqlType): FieldReader {
  if (to.kind !== 'STRUCT') return failing(`oneof ${oneof.name}`, to, oneof.fields.map(tagOf));
  const scope = { fields: oneof.fields, oneofs: [] };
  const members = to.fields.map((field) => columnReader(scope, field));
  const positions = new Map<number, number>();
  for (const [i, member] of members.entries()) {
    for (const tag of member?.tags ?? []) if (!positions.has(tag)) positions.set(tag, i);
  }
  return {
    tags: oneof.fields.map(tagOf),
    undoneBy: [],
    start: null,
    add(reader, tag, before) {
      const i = positions.get(tag);
      if (i === undefined) {
        reader.skip(tag);
        return [null, null];
      }
      const [last, value] = before === null ? [null, null] : (before as SqlValue[]);
      try {
        return [i, members[i]!.add(reader, tag, last === i ? value! : null)];
      } catch (problem) {
        throw inside(problem, `.${to.fields[i]!.name}`);
      }
    },
    finish(set) {
      if (set === null) return null;
      const [i, value] = set as [number | null, SqlValue];
      const row: SqlValue[] = members.map(() => null);
      if (i !== null) row[i] = members[i]!.finish?.(value) ?? value;
      return row;
    },
  };
}

/** For a field and a type that do not convert: what is there is an error. */
function failing(described: string, to: SqlType, tags: readonly number[]): FieldReader {
  return { tags, undoneBy: [], start: null, add: () => inconvertible(described, to), finish: null };
}

/** Repeated scalars come one by one, or many in a run. */
function repeatedTags(field: ProtoField): readonly number[] {
  return [...new Set([tagOf(field), field.number * 8 + DELIMITED])];
}

/** The tag of a field that is not a run of scalars. */
export function tagOf(field: ProtoField): number {
  const { type } = field;
  if (type.kind === 'scalar') return field.number * 8 + SCALAR_WIRES[type.scalar];
  return field.number * 8 + (type.kind === 'enum' ? VARINT : field.group ? GROUP_START : DELIMITED);
}

/** The tags of the other members of a field's oneof. */
function undoingTags(field: ProtoField): readonly number[] {
  return field.oneof === null ? [] : field.oneof.fields.filter((member) => member.number !== field.number).map(tagOf);
}

type Step = (reader: WireReader, row: SqlValue[], tag: number) => void;

/** Reads the wanted fields of messages into rows, and skips the others undecoded. */
export class RowReader {
  /** The row of values from one that has been read, in place; null when it is that already. A null row stays null. */
  readonly finish: ((row: SqlValue) => SqlValue) | null;
  /** The row before the first field. */
  readonly #start: readonly SqlValue[];
  readonly #steps = new Map<number, Step>();

  constructor(scope: FieldScope, columns: readonly RowColumn[]) {
    const readers = columns.map((column) => columnReader(scope, column));
    this.#start = readers.map((reader) => reader?.start ?? null);
    for (const [i, reader] of readers.entries()) if (reader !== null) this.#addSteps(reader, i, columns[i]!.path);
    this.#addUndoing(readers);
    const finishes = readers.map((reader) => reader?.finish ?? null);
    this.finish = finishes.every((finish) => finish === null) ? null : finishRow(finishes, columns);
  }

  /** A new row, as it is before the first field. */
  row(): SqlValue[] {
    return this.#start.slice();
  }

  /** Reads one message with its length, into a new row or onto an earlier one. */
  merge(reader: WireReader, before: SqlValue[] | null): SqlValue[] {
    const row = before ?? this.row();
    const around = reader.end;
    reader.end = reader.delimited();
    this.read(reader, row);
    reader.end = around;
    return row;
  }

  /** Reads from one position to another, and leaves the reader's end there. */
  readRange(reader: WireReader, start: number, end: number, row: SqlValue[]): void {
    reader.position = start;
    reader.end = end;
    this.read(reader, row);
  }

  /** Reads to the reader's end. */
  read(reader: WireReader, row: SqlValue[]): void {
    while (reader.position < reader.end) {
      const tag = reader.tag();
      const step = this.#steps.get(tag);
      if (step === undefined) reader.skip(tag);
      else step(reader, row, tag);
    }
  }

  #addSteps(fields: FieldReader, i: number, path: string): void {
    for (const tag of fields.tags) {
      this.#addStep(tag, (reader, row, seen) => {
        try {
          row[i] = fields.add(reader, seen, row[i]!);
        } catch (problem) {
          throw inside(problem, path);
        }
      });
    }
  }

  /** Before a member of a oneof is read, the other members' columns become what they were at the start. */
  #addUndoing(readers: readonly (FieldReader | null)[]): void {
    const start = this.#start;
    const undone = new Map<number, number[]>();
    for (const [i, reader] of readers.entries()) {
      for (const tag of reader?.undoneBy ?? []) {
        const columns = undone.get(tag);
        if (columns === undefined) undone.set(tag, [i]);
        else columns.push(i);
      }
    }
    for (const [tag, columns] of undone) {
      const step = this.#steps.get(tag);
      this.#steps.set(tag, (reader, row, seen) => {
        for (const i of columns) row[i] = start[i]!;
        if (step === undefined) reader.skip(seen);
        else step(reader, row, seen);
      });
    }
  }

  /** Several columns may take the same field. */
  #addStep(tag: number, step: Step): void {
    const first = this.#steps.get(tag);
    this.#steps.set(
      tag,
      first === undefined
        ? step
        : (reader, row, seen) => {
            const { position } = reader;
            first(reader, row, seen);
            reader.position = position;
            step(reader, row, seen);
          },
    );
  }
}

function finishRow(
  finishes: readonly (((value: SqlValue) => SqlValue) | null)[],
  columns: readonly RowColumn[],
): (row: SqlValue) => SqlValue {
  return (row) => {
    const values = row as SqlValue[] | null;
    if (values === null) return null;
    for (let i = 0; i < finishes.length; i++) {
      const finish = finishes[i]!;
      if (finish === null) continue;
      try {
        values[i] = finish(values[i]!);
      } catch (problem) {
        throw inside(problem, columns[i]!.path);
      }
    }
    return values;
  };
}
