import { RecordError } from '../model/errors.js';
import type { Column } from '../model/schema.js';
import { formatType, type SqlType } from '../model/sql-type.js';
import type { SqlValue } from '../model/value.js';
import { RepeatedText, utf8Slice } from './byte-text.js';
import type { Deserializer } from './format.js';
import {
  bytesFromBase64,
  dateOfDays,
  decimalFromText,
  doubleFromText,
  int32FromText,
  int64FromText,
  timeOfDay,
  timestampOfMs,
} from './text-value.js';
import { ValueProblem, valueError } from './value-problem.js';

const QUOTE = 0x22;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** How the text of a field is to be taken. */
const PLAIN = 0;
const QUOTED = 1;
/** Quoted, with doubled quotes inside. */
const DOUBLED = 2;

/**
 * Finds the fields of the first CSV record and converts those that are read. Blank lines before it are skipped and
 * what follows it is ignored, as ksqlDB does.
 */
export class DelimitedDeserializer implements Deserializer {
  readonly read: readonly (() => SqlValue)[];
  readonly #delimiter: Buffer;
  readonly #fieldCount: number;
  readonly #target: 'key' | 'value';
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  readonly #forms: Uint8Array;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(delimiter: string, columns: readonly Column[], wanted: readonly number[], target: 'key' | 'value') {
    this.#delimiter = Buffer.from(delimiter);
    this.#fieldCount = columns.length;
    this.#target = target;
    this.#starts = new Int32Array(columns.length);
    this.#ends = new Int32Array(columns.length);
    this.#forms = new Uint8Array(columns.length);
    this.read = wanted.map((position) => this.#reader(columns[position]!, position));
  }

  scan(bytes: Buffer, start: number, end: number): boolean {
    this.#bytes = bytes;
    const first = this.#delimiter[0]!;
    let at = start;
    while (at < end && (bytes[at] === LINE_FEED || bytes[at] === CARRIAGE_RETURN)) at++;
    if (at === end) this.#fail('No fields in record');
    let field = 0;
    for (;;) {
      const from = at;
      let form = PLAIN;
      let to = at;
      if (at < end && bytes[at] === QUOTE) {
        form = QUOTED;
        to = this.#closingQuote(at + 1, end);
        if (to < 0) {
          form = DOUBLED;
          to = ~to;
        }
        at = this.#afterQuote(to + 1, end);
      } else {
        while (at < end) {
          const byte = bytes[at];
          if ((byte === first && this.#isDelimiter(at, end)) || byte === LINE_FEED || byte === CARRIAGE_RETURN) break;
          at++;
        }
        to = at;
      }
      if (field < this.#fieldCount) {
        this.#starts[field] = form === PLAIN ? from : from + 1;
        this.#ends[field] = to;
        this.#forms[field] = form;
      }
      field++;
      if (at >= end || bytes[at] !== first || !this.#isDelimiter(at, end)) break;
      at += this.#delimiter.length;
    }
    if (field !== this.#fieldCount) {
      this.#fail(`Unexpected field count, csvFields:${field} schemaFields:${this.#fieldCount}`);
    }
    return true;
  }

  #isDelimiter(at: number, end: number): boolean {
    const delimiter = this.#delimiter;
    if (delimiter.length === 1) return true;
    if (at + delimiter.length > end) return false;
    for (let i = 1; i < delimiter.length; i++) if (this.#bytes[at + i] !== delimiter[i]) return false;
    return true;
  }

  /** The position of the quote that ends the text; its complement when quotes inside are doubled. */
  #closingQuote(start: number, end: number): number {
    const bytes = this.#bytes;
    let doubled = false;
    for (let at = start; at < end; at++) {
      if (bytes[at] !== QUOTE) continue;
      if (at + 1 >= end || bytes[at + 1] !== QUOTE) return doubled ? ~at : at;
      doubled = true;
      at++;
    }
    return this.#fail('the record ends inside a quoted field');
  }

  /** Between a closing quote and the delimiter only blanks may stand. */
  #afterQuote(start: number, end: number): number {
    const bytes = this.#bytes;
    const first = this.#delimiter[0]!;
    let at = start;
    while (at < end) {
      const byte = bytes[at]!;
      if (byte === first && this.#isDelimiter(at, end)) break;
      if (byte === LINE_FEED || byte === CARRIAGE_RETURN) break;
      if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0b && byte !== 0x0c) {
        this.#fail('invalid character between a quoted field and the delimiter');
      }
      at++;
    }
    return at;
  }

  #fail(problem: string): never {
    throw new RecordError('deserialization', problem, this.#target);
  }

  #reader(column: Column, position: number): () => SqlValue {
    const texts = new RepeatedText();
    const convert = converter(column.type);
    const starts = this.#starts;
    const ends = this.#ends;
    return () => {
      const start = starts[position]!;
      const end = ends[position]!;
      if (start === end) return null;
      const text = this.#text(start, end, this.#forms[position]!, texts);
      if (convert === null) return text;
      try {
        return convert(text);
      } catch (problem) {
        throw valueError(problem, column.name, this.#target);
      }
    };
  }

  #text(start: number, end: number, form: number, texts: RepeatedText): string {
    const bytes = this.#bytes;
    let ascii = true;
    for (let at = start; at < end; at++) {
      if (bytes[at]! > 0x7f) {
        ascii = false;
        break;
      }
    }
    const text = ascii ? texts.read(bytes, start, end) : utf8Slice(bytes, start, end);
    return form === DOUBLED ? text.replaceAll('""', '"') : text;
  }
}

/** From a field's text, not empty, to a value; null for STRING, which is the text itself. */
function converter(type: SqlType): ((text: string) => SqlValue) | null {
  switch (type.kind) {
    case 'STRING':
      return null;
    case 'BOOLEAN':
      return (text) => text.toLowerCase() === 'true';
    case 'INTEGER':
      return (text) => int32FromText(text, type);
    case 'BIGINT':
      return (text) => int64FromText(text, type);
    case 'DOUBLE':
      return (text) => doubleFromText(text, type);
    case 'DECIMAL':
      return (text) => decimalFromText(text, type.precision, type.scale, type);
    case 'DATE':
      return (text) => dateOfDays(int64FromText(text, type));
    case 'TIME':
      return (text) => timeOfDay(int64FromText(text, type));
    case 'TIMESTAMP':
      return (text) => timestampOfMs(int64FromText(text, type));
    case 'BYTES':
      return bytesFromBase64;
    case 'ARRAY':
    case 'MAP':
    case 'STRUCT':
    case 'NULL':
      return () => {
        throw new ValueProblem(`DELIMITED cannot hold ${formatType(type)}`);
      };
  }
}
