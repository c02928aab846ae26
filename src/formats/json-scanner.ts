import { RecordError } from '../model/errors.js';
import { JSON_DEPTH_MAX, JsonNumber, JsonSyntaxError, type JsonValue, parseJsonLossless } from '../model/json-text.js';
import { BatchBytes } from './batch-bytes.js';
import { asciiSlice, isUtf8Range, utf8Slice } from './byte-text.js';
import {
  END_QUOTE,
  ESCAPE,
  NON_ASCII,
  NOT_JSON,
  PLAIN,
  STRING_BYTES,
  seen,
  skipBlanks,
  skipEscape,
  skipFraction,
  skipString,
  skipValue,
  skipWord,
} from './json-bytes.js';
import { type MemberKey, MemberKeys, startsWithKey } from './json-keys.js';
import { JsonLayout } from './json-layout.js';
import { jsonKind, Members } from './json-value.js';

/** What the scanner knows about the value of a column. */
export const MISSING = 0;
export const NULL = 1;
export const TRUE = 2;
export const FALSE = 3;
/** At most 15 digits, no fraction and no exponent. */
export const WHOLE_NUMBER = 4;
export const NUMBER = 5;
/** Only ASCII and no escapes; the range is between the quotes. */
export const ASCII_TEXT = 6;
/** No escapes; the range is between the quotes. */
export const UTF8_TEXT = 7;
/** An array, an object or a string with escapes; the range is the whole value. */
export const OTHER = 8;
/** The record went through the general parser. */
export const TREE = 9;

const WHOLE_DIGITS_MAX = 15;

/**
 * Finds the wanted members of a JSON object, or one bare value, in place: one pass that checks the bytes as the general
 * parser would and notes where each wanted value stands. What it cannot follow at once (escapes or other alphabets in
 * member names, a wanted member twice, anything malformed) it leaves to the general parser.
 */
export class JsonScanner {
  bytes: Buffer = Buffer.alloc(0);
  readonly #batch = new BatchBytes();
  /** Per wanted column: one of the constants above. */
  readonly kinds: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly #trees: JsonValue[];
  readonly #names: readonly string[];
  readonly #bare: boolean;
  readonly #ambiguous: boolean;
  readonly #keys: MemberKeys;
  readonly #layout: JsonLayout;
  readonly #target: 'key' | 'value';

  /** @param names the wanted members, or null when the text is one bare value, which is then column 0 */
  constructor(names: readonly string[] | null, target: 'key' | 'value') {
    this.#names = names ?? [''];
    this.#bare = names === null;
    this.#target = target;
    const count = this.#names.length;
    this.kinds = new Uint8Array(count);
    this.starts = new Int32Array(count);
    this.ends = new Int32Array(count);
    this.#trees = new Array<JsonValue>(count).fill(null);
    // Of two columns that differ in case only, a member may fill both.
    this.#ambiguous = new Set(this.#names.map((name) => name.toUpperCase())).size < count;
    this.#keys = new MemberKeys((name) => this.#slotOf(name));
    this.#layout = new JsonLayout({
      kinds: this.kinds,
      starts: this.starts,
      ends: this.ends,
      asciiText: ASCII_TEXT,
      wholeNumber: WHOLE_NUMBER,
      number: NUMBER,
      wholeDigitsMax: WHOLE_DIGITS_MAX,
      wanted: (b, p, slot) => this.#wanted(b, p, slot, JSON_DEPTH_MAX - 1),
      unwanted,
    });
  }

  /**
   * @returns false when the text is `null`
   * @throws RecordError when it is not JSON, or not an object although members are wanted
   */
  scan(b: Buffer, start: number, end: number): boolean {
    this.bytes = b;
    this.#clear();
    const done = this.#bare ? this.#scanBare(b, start) : this.#ambiguous ? NOT_JSON : this.#scanMembers(b, start, end);
    if (done !== end && (done === NOT_JSON || skipBlanks(b, done) !== end)) return this.#parse(b, start, end);
    if (seen.nonAscii && !isUtf8Range(b, start, end)) return this.#parse(b, start, end);
    return !this.#bare || this.kinds[0] !== NULL;
  }

  /** The value of a column as the general parser sees it; not for missing ones. */
  value(slot: number): JsonValue {
    const start = this.starts[slot]!;
    const end = this.ends[slot]!;
    switch (this.kinds[slot]) {
      case TRUE:
        return true;
      case FALSE:
        return false;
      case WHOLE_NUMBER:
      case NUMBER:
        return new JsonNumber(asciiSlice(this.bytes, start, end));
      case ASCII_TEXT:
        return asciiSlice(this.bytes, start, end);
      case UTF8_TEXT:
        return utf8Slice(this.bytes, start, end);
      case OTHER:
        return parseJsonLossless(utf8Slice(this.bytes, start, end));
      case TREE:
        return this.#trees[slot]!;
      default:
        return null;
    }
  }

  #clear(): void {
    const kinds = this.kinds;
    for (let i = 0; i < kinds.length; i++) kinds[i] = MISSING;
    seen.nonAscii = false;
  }

  #scanMembers(b: Buffer, start: number, end: number): number {
    const layout = this.#layout;
    if (layout.scan !== null) {
      this.#batch.turnTo(b);
      if (layout.scan(b, this.#batch.view, start, end) === end) {
        layout.hit();
        return end;
      }
      layout.miss();
      this.#clear();
    }
    layout.begin();
    const done = this.#scanObject(b, start);
    if (done === end) layout.learn(b, start, end);
    return done;
  }

  #scanBare(b: Buffer, start: number): number {
    return this.#wanted(b, skipBlanks(b, start), 0, JSON_DEPTH_MAX);
  }

  /** Past the object, or NOT_JSON. Bytes beyond the record may be read, never believed: then the end does not match. */
  #scanObject(b: Buffer, start: number): number {
    const kinds = this.kinds;
    const keys = this.#keys;
    const order = keys.order;
    const layout = this.#layout;
    let p = b[start] === 0x7b ? start : skipBlanks(b, start);
    if (b[p] !== 0x7b) return NOT_JSON;
    p++;
    if (b[p] !== 0x22) {
      p = skipBlanks(b, p);
      if (b[p] === 0x7d) return p + 1;
      if (b[p] !== 0x22) return NOT_JSON;
    }
    for (let place = 0; ; place++) {
      p++;
      let key: MemberKey | null = place < order.length ? order[place]! : null;
      if (key === null || !startsWithKey(b, p, key.bytes)) {
        key = keys.find(b, p, place);
        if (key === null) return NOT_JSON;
        place = keys.placeOf(key, place);
      }
      p += key.bytes.length + 1;
      if (b[p] !== 0x3a) {
        p = skipBlanks(b, p);
        if (b[p] !== 0x3a) return NOT_JSON;
      }
      p++;
      if (b[p]! <= 0x20) p = skipBlanks(b, p);
      const slot = key.slot;
      const valueStart = p;
      if (slot < 0) p = unwanted(b, p);
      else if (kinds[slot] === MISSING) p = this.#wanted(b, p, slot, JSON_DEPTH_MAX - 1);
      else return NOT_JSON;
      if (p === NOT_JSON) return NOT_JSON;
      layout.member(slot, valueStart, p);
      if (b[p]! <= 0x20) p = skipBlanks(b, p);
      if (b[p] === 0x7d) return p + 1;
      if (b[p] !== 0x2c) return NOT_JSON;
      p++;
      if (b[p] !== 0x22) {
        p = skipBlanks(b, p);
        if (b[p] !== 0x22) return NOT_JSON;
      }
    }
  }

  #wanted(b: Buffer, p: number, slot: number, depth: number): number {
    this.starts[slot] = p;
    switch (b[p]) {
      case 0x22: {
        this.starts[slot] = ++p;
        while (STRING_BYTES[b[p]!] === PLAIN) p++;
        if (b[p] !== 0x22) return this.#wantedText(b, p, slot);
        this.kinds[slot] = ASCII_TEXT;
        this.ends[slot] = p;
        return p + 1;
      }
      case 0x7b:
      case 0x5b:
        p = skipValue(b, p, depth);
        this.kinds[slot] = OTHER;
        break;
      case 0x6e:
        p = skipWord(b, p);
        this.kinds[slot] = NULL;
        break;
      case 0x74:
        p = skipWord(b, p);
        this.kinds[slot] = TRUE;
        break;
      case 0x66:
        p = skipWord(b, p);
        this.kinds[slot] = FALSE;
        break;
      default:
        p = this.#wantedNumber(b, p, slot);
    }
    this.ends[slot] = p;
    return p;
  }

  /** The rest of a string in which something else than plain ASCII was met at `p`. */
  #wantedText(b: Buffer, p: number, slot: number): number {
    let kind = UTF8_TEXT;
    for (;;) {
      switch (STRING_BYTES[b[p]!]) {
        case END_QUOTE:
          this.kinds[slot] = kind;
          this.ends[slot] = kind === OTHER ? p + 1 : p;
          if (kind === OTHER) this.starts[slot]!--;
          return p + 1;
        case PLAIN:
          p++;
          break;
        case NON_ASCII:
          seen.nonAscii = true;
          p++;
          break;
        case ESCAPE:
          kind = OTHER;
          p = skipEscape(b, p);
          if (p === NOT_JSON) return NOT_JSON;
          break;
        default:
          return NOT_JSON;
      }
    }
  }

  #wantedNumber(b: Buffer, p: number, slot: number): number {
    if (b[p] === 0x2d) p++;
    const first = p;
    let digit = b[p]! - 0x30;
    while (digit >= 0 && digit <= 9) digit = b[++p]! - 0x30;
    const digits = p - first;
    if (digits === 0 || (digits > 1 && b[first] === 0x30)) return NOT_JSON;
    if (b[p] === 0x2e || (b[p]! | 0x20) === 0x65) {
      this.kinds[slot] = NUMBER;
      return skipFraction(b, p);
    }
    this.kinds[slot] = digits <= WHOLE_DIGITS_MAX ? WHOLE_NUMBER : NUMBER;
    return p;
  }

  #slotOf(member: string): number {
    const exact = this.#names.indexOf(member);
    return exact >= 0 ? exact : this.#names.indexOf(member.toUpperCase());
  }

  #parse(b: Buffer, start: number, end: number): boolean {
    this.kinds.fill(MISSING);
    const document = this.#document(b, start, end);
    if (document === null) return false;
    if (this.#bare) {
      this.kinds[0] = TREE;
      this.#trees[0] = document;
      return true;
    }
    if (!(document instanceof Map)) {
      this.#fail(`Can't convert type. sourceType: ${jsonKind(document)}, requiredType: object, path: $`);
    }
    const members = new Members(document);
    for (let slot = 0; slot < this.#names.length; slot++) {
      const value = members.named(this.#names[slot]!);
      if (value === undefined || value === null) continue;
      this.kinds[slot] = TREE;
      this.#trees[slot] = value;
    }
    return true;
  }

  #document(b: Buffer, start: number, end: number): JsonValue {
    if (b[start] === 0 && end - start > 5) {
      this.#fail('not JSON: the bytes begin like those of a schema registry format, such as JSON_SR');
    }
    if (!isUtf8Range(b, start, end)) this.#fail('invalid JSON: malformed UTF-8');
    try {
      const text = utf8Slice(b, start, end);
      return parseJsonLossless(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
    } catch (error) {
      if (error instanceof JsonSyntaxError) this.#fail(error.message);
      throw error;
    }
  }

  #fail(problem: string): never {
    throw new RecordError('deserialization', problem, this.#target);
  }
}

function unwanted(b: Buffer, p: number): number {
  if (b[p] !== 0x22) return skipValue(b, p, JSON_DEPTH_MAX - 1);
  p++;
  while (STRING_BYTES[b[p]!] === PLAIN) p++;
  return b[p] === 0x22 ? p + 1 : skipString(b, p);
}
