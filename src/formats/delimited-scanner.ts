import { RecordError } from '../model/errors.js';
import { BatchBytes } from './batch-bytes.js';

const QUOTE = 0x22;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const HIGH_BITS = 0x80808080;
/** How many fields too many may be noted before their count is looked at. */
const OVERSHOOT = 8;

/**
 * Finds the fields of the first CSV record. Blank lines before it are skipped and what follows it is ignored, as ksqlDB does. A record without
 * quoted fields and line ends is taken by words; all others, and the first of each buffer, byte by byte.
 */
export class DelimitedScanner {
  /** What the fields are in. */
  readonly batch = new BatchBytes();
  /** Where each field's text begins, after its quote if it has one. */
  readonly starts: Int32Array;
  /** Where each field's text ends, before its quote if it has one. */
  readonly ends: Int32Array;
  /** Whether all of the record is known to be ASCII. */
  ascii = false;
  readonly #doubled: Uint8Array;
  #someDoubled = false;
  readonly #delimiter: Buffer;
  /** The delimiter in each byte of a word; zero when it is not a single ASCII byte. */
  readonly #pattern: number;
  readonly #fieldCount: number;
  readonly #target: 'key' | 'value';

  constructor(delimiter: string, fieldCount: number, target: 'key' | 'value') {
    this.#delimiter = Buffer.from(delimiter);
    this.#pattern = this.#delimiter.length === 1 ? this.#delimiter[0]! * 0x01010101 : 0;
    this.#fieldCount = fieldCount;
    this.#target = target;
    this.starts = new Int32Array(fieldCount + OVERSHOOT);
    this.ends = new Int32Array(fieldCount + OVERSHOOT);
    this.#doubled = new Uint8Array(fieldCount);
  }

  /** @throws RecordError when the bytes are no record of as many fields as there shall be. */
  scan(bytes: Buffer, start: number, end: number): void {
    this.batch.turnTo(bytes);
    const { view } = this.batch;
    if (view !== null && this.#pattern !== 0 && this.#scanWords(bytes, view, start, end)) return;
    this.#scanBytes(bytes, start, end);
  }

  /** Whether quotes in the field's text are doubled. */
  isDoubled(field: number): boolean {
    return this.#someDoubled && this.#doubled[field] === 1;
  }

  /**
   * Takes eight bytes at a time and notes only what cannot stay as it is: a delimiter, a byte past ASCII, a control character.
   * @returns false when the record is not of the simple kind, or wrong
   */
  #scanWords(bytes: Buffer, view: DataView, start: number, end: number): boolean {
    const { starts, ends } = this;
    const pattern = this.#pattern;
    const fieldCount = this.#fieldCount;
    const last = end - 8;
    let at = start;
    let field = 0;
    let seen = 0;
    let fine = -1;
    starts[0] = start;
    for (; at <= last; at += 8) {
      const high = view.getInt32(at);
      const low = view.getInt32(at + 4);
      const inHigh = matches(high, pattern);
      const inLow = matches(low, pattern);
      seen |= high | low;
      fine &= (notControls(high) | inHigh) & (notControls(low) | inLow);
      if ((inHigh | inLow) !== 0) {
        field = split(inHigh, at, field, starts, ends);
        field = split(inLow, at + 4, field, starts, ends);
        if (field >= fieldCount) return false;
      }
    }
    for (; at < end; at++) {
      const byte = bytes[at]!;
      seen |= byte;
      if (byte === (pattern & 0xff)) {
        ends[field++] = at;
        if (field === fieldCount) return false;
        starts[field] = at + 1;
      } else if (byte < 0x20) return false;
    }
    ends[field] = end;
    if (field + 1 !== fieldCount || (~fine & HIGH_BITS) !== 0) return false;
    for (let i = 0; i < fieldCount; i++) if (bytes[starts[i]!] === QUOTE) return false;
    this.ascii = (seen & HIGH_BITS) === 0;
    this.#someDoubled = false;
    return start < end;
  }

  #scanBytes(bytes: Buffer, start: number, end: number): void {
    const first = this.#delimiter[0]!;
    this.ascii = false;
    this.#someDoubled = false;
    let at = start;
    while (at < end && (bytes[at] === LINE_FEED || bytes[at] === CARRIAGE_RETURN)) at++;
    if (at === end) this.#fail('No fields in record');
    let field = 0;
    for (;;) {
      let from = at;
      let to = at;
      let doubled = 0;
      if (at < end && bytes[at] === QUOTE) {
        from++;
        to = this.#closingQuote(bytes, from, end);
        if (to < 0) {
          doubled = 1;
          this.#someDoubled = true;
          to = ~to;
        }
        at = this.#afterQuote(bytes, to + 1, end);
      } else {
        while (at < end) {
          const byte = bytes[at];
          if ((byte === first && this.#isDelimiter(bytes, at, end)) || byte === LINE_FEED || byte === CARRIAGE_RETURN)
            break;
          at++;
        }
        to = at;
      }
      if (field < this.#fieldCount) {
        this.starts[field] = from;
        this.ends[field] = to;
        this.#doubled[field] = doubled;
      }
      field++;
      if (at >= end || bytes[at] !== first || !this.#isDelimiter(bytes, at, end)) break;
      at += this.#delimiter.length;
    }
    if (field !== this.#fieldCount) {
      this.#fail(`Unexpected field count, csvFields:${field} schemaFields:${this.#fieldCount}`);
    }
  }

  #isDelimiter(bytes: Buffer, at: number, end: number): boolean {
    const delimiter = this.#delimiter;
    if (delimiter.length === 1) return true;
    if (at + delimiter.length > end) return false;
    for (let i = 1; i < delimiter.length; i++) if (bytes[at + i] !== delimiter[i]) return false;
    return true;
  }

  /** The position of the quote that ends the text; its complement when quotes inside are doubled. */
  #closingQuote(bytes: Buffer, start: number, end: number): number {
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
  #afterQuote(bytes: Buffer, start: number, end: number): number {
    const first = this.#delimiter[0]!;
    let at = start;
    while (at < end) {
      const byte = bytes[at]!;
      if (byte === first && this.#isDelimiter(bytes, at, end)) break;
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
}

/** The high bits of those bytes of a word that are the pattern's, by a sum that carries nothing from one byte to the next. */
function matches(word: number, pattern: number): number {
  return ~((((word & 0x7f7f7f7f) ^ pattern) + 0x7f7f7f7f) | word | 0x7f7f7f7f);
}

/** Has the high bit of each byte of a word that is no control character of ASCII. */
function notControls(word: number): number {
  return ((word & 0x7f7f7f7f) + 0x60606060) | word;
}

/** Ends a field at each high bit of `found`, which stands for the four bytes from `at`, and gives the count of fields ended so far. */
function split(found: number, at: number, field: number, starts: Int32Array, ends: Int32Array): number {
  let ended = field;
  for (let rest = found; rest !== 0; ) {
    const zeros = Math.clz32(rest);
    const to = at + (zeros >> 3);
    ends[ended++] = to;
    starts[ended] = to + 1;
    rest &= 0x7fffffff >>> zeros;
  }
  return ended;
}
