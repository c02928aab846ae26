/** A JSON number as it was spelled, so that no digit is lost: `9007199254740993`, `10.10`, `1e400`. */
export class JsonNumber {
  constructor(readonly text: string) {}
}

/** Members in the order of the text; of members with the same name the last one's value counts. */
export type JsonObject = Map<string, JsonValue>;

/** JSON text as values. Objects are maps, so that any name (`__proto__`, `1`) is an ordinary one. */
export type JsonValue = null | boolean | string | JsonNumber | JsonValue[] | JsonObject;

/** The text is not JSON. The message says where and what was expected, never what the text holds. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
  constructor(
    message: string,
    /** UTF-16 code units before the fault. */
    readonly position: number,
  ) {
    super(message);
  }
}

/** Arrays and objects inside one another; deeper text is refused. */
export const JSON_DEPTH_MAX = 500;

/**
 * Parses one JSON value (RFC 8259, nothing looser) that fills the whole text.
 * @throws JsonSyntaxError for anything else, and for nesting deeper than `depthMax`.
 */
export function parseJsonLossless(text: string, depthMax = JSON_DEPTH_MAX): JsonValue {
  return new Reader(text, depthMax).document();
}

/** Parses the JSON value that a text begins with, whatever follows it. @throws JsonSyntaxError as {@link parseJsonLossless} */
export function parseLeadingJson(text: string, depthMax = JSON_DEPTH_MAX): JsonValue {
  return new Reader(text, depthMax).leading();
}

/** JSON text of a tree, numbers as they were spelled. With `indent` one member a line, else compact. */
export function writeJson(value: JsonValue, indent = 0): string {
  return indent > 0 ? pretty(value, ' '.repeat(indent), '') : compact(value);
}

/** The text as a JSON string with its quotes. Lone surrogates are written as escapes. */
export function quoteJsonString(text: string): string {
  return JSON.stringify(text);
}

function compact(value: JsonValue): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value instanceof JsonNumber) return value.text;
  if (Array.isArray(value)) {
    let text = '[';
    for (let i = 0; i < value.length; i++) text += i === 0 ? compact(value[i]!) : `,${compact(value[i]!)}`;
    return `${text}]`;
  }
  let text = '{';
  for (const [name, member] of value) {
    text += `${text.length > 1 ? ',' : ''}${JSON.stringify(name)}:${compact(member)}`;
  }
  return `${text}}`;
}

function pretty(value: JsonValue, step: string, margin: string): string {
  const inner = margin + step;
  if (Array.isArray(value) && value.length > 0) {
    return `[\n${value.map((item) => inner + pretty(item, step, inner)).join(',\n')}\n${margin}]`;
  }
  if (value instanceof Map && value.size > 0) {
    const members = [...value].map(([name, item]) => `${inner}${JSON.stringify(name)}: ${pretty(item, step, inner)}`);
    return `{\n${members.join(',\n')}\n${margin}}`;
  }
  return compact(value);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const CLOSE_BRACKET = 0x5d;
const CLOSE_BRACE = 0x7d;

class Reader {
  readonly #text: string;
  readonly #depthMax: number;
  #at = 0;
  #depth = 0;

  constructor(text: string, depthMax: number) {
    this.#text = text;
    this.#depthMax = depthMax;
  }

  leading(): JsonValue {
    return this.#value();
  }

  document(): JsonValue {
    const value = this.#value();
    this.#skipBlanks();
    if (this.#at < this.#text.length) this.#fail('unexpected text after the JSON value');
    return value;
  }

  #value(): JsonValue {
    this.#skipBlanks();
    switch (this.#text.charCodeAt(this.#at)) {
      case QUOTE:
        this.#at++;
        return this.#string();
      case 0x7b: // {
        return this.#object();
      case 0x5b: // [
        return this.#array();
      case 0x74: // t
        return this.#word('true', true);
      case 0x66: // f
        return this.#word('false', false);
      case 0x6e: // n
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #object(): JsonObject {
    this.#enter();
    const object: JsonObject = new Map();
    if (this.#next() === CLOSE_BRACE) {
      this.#leave();
      return object;
    }
    for (;;) {
      if (this.#next() !== QUOTE) this.#fail('a member name in double quotes is expected');
      this.#at++;
      const name = this.#string();
      if (this.#next() !== COLON) this.#fail("':' is expected");
      this.#at++;
      object.set(name, this.#value());
      const separator = this.#next();
      if (separator === CLOSE_BRACE) break;
      if (separator !== COMMA) this.#fail("',' or '}' is expected");
      this.#at++;
    }
    this.#leave();
    return object;
  }

  #array(): JsonValue[] {
    this.#enter();
    const items: JsonValue[] = [];
    if (this.#next() === CLOSE_BRACKET) {
      this.#leave();
      return items;
    }
    for (;;) {
      items.push(this.#value());
      const separator = this.#next();
      if (separator === CLOSE_BRACKET) break;
      if (separator !== COMMA) this.#fail("',' or ']' is expected");
      this.#at++;
    }
    this.#leave();
    return items;
  }

  /** Reads up to and including the closing quote. */
  #string(): string {
    const text = this.#text;
    const start = this.#at;
    for (let at = start; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        this.#at = at + 1;
        return text.slice(start, at);
      }
      if (code === BACKSLASH) return this.#escapedString(start, at);
      if (code < 0x20) {
        this.#at = at;
        this.#fail('a control character in a string must be escaped');
      }
    }
    this.#at = text.length;
    return this.#fail('the text ends inside a string');
  }

  #escapedString(start: number, firstEscape: number): string {
    const text = this.#text;
    let value = '';
    let plain = start;
    for (let at = firstEscape; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        this.#at = at + 1;
        return value + text.slice(plain, at);
      }
      if (code < 0x20) {
        this.#at = at;
        this.#fail('a control character in a string must be escaped');
      }
      if (code !== BACKSLASH) continue;
      value += text.slice(plain, at);
      at++;
      const letter = text[at] ?? '';
      if (letter === 'u') {
        const digits = text.slice(at + 1, at + 5);
        if (!/^[0-9a-fA-F]{4}$/.test(digits)) {
          this.#at = at;
          this.#fail('four hexadecimal digits are expected');
        }
        value += String.fromCharCode(Number.parseInt(digits, 16));
        at += 4;
      } else {
        const meaning = ESCAPES.get(letter);
        if (meaning === undefined) {
          this.#at = at;
          this.#fail('unknown escape in a string');
        }
        value += meaning;
      }
      plain = at + 1;
    }
    this.#at = text.length;
    return this.#fail('the text ends inside a string');
  }

  #number(): JsonNumber {
    const text = this.#text;
    const start = this.#at;
    let at = start;
    if (text.charCodeAt(at) === 0x2d) at++;
    const first = text.charCodeAt(at);
    let end = skipDigits(text, at);
    if (end === at || (first === 0x30 && end > at + 1)) {
      this.#fail(end === at && at === start ? 'a value is expected' : 'malformed number');
    }
    if (text.charCodeAt(end) === 0x2e) {
      at = end + 1;
      end = skipDigits(text, at);
      if (end === at) this.#fail('malformed number');
    }
    if ((text.charCodeAt(end) | 0x20) === 0x65) {
      at = end + 1;
      const sign = text.charCodeAt(at);
      if (sign === 0x2b || sign === 0x2d) at++;
      end = skipDigits(text, at);
      if (end === at) this.#fail('malformed number');
    }
    this.#at = end;
    return new JsonNumber(text.slice(start, end));
  }

  #word<T extends boolean | null>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) this.#fail('a value is expected');
    this.#at += word.length;
    return value;
  }

  #enter(): void {
    if (++this.#depth > this.#depthMax) this.#fail(`nested deeper than ${this.#depthMax} levels`);
    this.#at++;
  }

  #leave(): void {
    this.#depth--;
    this.#at++;
  }

  /** The next character that is not blank; NaN at the end. */
  #next(): number {
    this.#skipBlanks();
    return this.#text.charCodeAt(this.#at);
  }

  #skipBlanks(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #fail(problem: string): never {
    const end = this.#at >= this.#text.length ? ' (the text ends here)' : '';
    throw new JsonSyntaxError(`invalid JSON at character ${this.#at + 1}: ${problem}${end}`, this.#at);
  }
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

function skipDigits(text: string, at: number): number {
  for (;;) {
    const code = text.charCodeAt(at);
    if (!(code >= 0x30 && code <= 0x39)) return at;
    at++;
  }
}
