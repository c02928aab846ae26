import type { Field } from './date-fields.js';
import type { Element, NumberElement, OffsetShape } from './date-pattern-elements.js';
import { type ParsedMoment, resolveFields } from './date-resolve.js';
import {
  GMT_ZONE,
  offsetZone,
  parseTimeZone,
  type TimeZone,
  timeZoneName,
  timeZoneOfAbbreviation,
  zonesWithAbbreviations,
} from './time-zone.js';

export type { ParsedMoment } from './date-resolve.js';

/** Longer numbers are refused, as in Java, where they would overflow. */
const DIGITS_MAX = 15;

/** Takes a text apart along the elements of a pattern. A negative position is `~` the index of the fault, as in Java. */
export class DateTextParser {
  readonly #text: string;
  #fields = new Map<Field, number>();
  #zone: TimeZone | null = null;
  #offset: number | null = null;

  constructor(text: string) {
    this.#text = text;
  }

  /** @throws Error `Text 'x' could not be parsed ...` */
  parse(elements: readonly Element[]): ParsedMoment {
    const text = this.#text.length > 64 ? `${this.#text.slice(0, 64)}...` : this.#text;
    const end = this.#all(elements, 0);
    if (end < 0) throw new Error(`Text '${text}' could not be parsed at index ${~end}`);
    if (end < this.#text.length) {
      throw new Error(`Text '${text}' could not be parsed, unparsed text found at index ${end}`);
    }
    const zone = this.#zone ?? (this.#offset === null ? null : offsetZone(this.#offset));
    try {
      return resolveFields(this.#fields, zone);
    } catch (error) {
      throw new Error(`Text '${text}' could not be parsed: ${(error as Error).message}`);
    }
  }

  #all(elements: readonly Element[], position: number): number {
    let at = position;
    for (const element of elements) {
      at = this.#one(element, at);
      if (at < 0) return at;
    }
    return at;
  }

  #one(element: Element, at: number): number {
    switch (element.kind) {
      case 'literal':
        return this.#startsWith(element.text, at) ? at + element.text.length : ~at;
      case 'number':
      case 'reduced':
        return this.#number(element, at);
      case 'fraction':
        return this.#fraction(element.field, element.width, at);
      case 'text':
        return this.#name(element.field, element.names, at);
      case 'offset':
        return this.#offsetText(element.shape, element.zero, at);
      case 'localizedOffset':
        return this.#localizedOffset(element.full, at);
      case 'zoneId':
        return this.#zoneId(at);
      case 'zoneName':
        return this.#zoneName(at);
      case 'padded':
        return this.#padded(element.element, element.width, at);
      case 'optional':
        return this.#optional(element.elements, at);
    }
  }

  #startsWith(word: string, at: number): boolean {
    if (at + word.length > this.#text.length) return false;
    const part = this.#text.slice(at, at + word.length);
    return part === word || part.toUpperCase() === word.toUpperCase() || part.toLowerCase() === word.toLowerCase();
  }

  #set(field: Field, value: number, from: number, to: number): number {
    const held = this.#fields.get(field);
    if (held !== undefined && held !== value) return ~from;
    this.#fields.set(field, value);
    return to;
  }

  #digit(at: number): boolean {
    const code = this.#text.charCodeAt(at);
    return code >= 48 && code <= 57;
  }

  #number(element: NumberElement, start: number): number {
    let at = start;
    const mark = this.#text[at];
    const fixed = element.minWidth === element.maxWidth;
    let negative = false;
    let positive = false;
    if (mark === '+') {
      if (element.sign !== 'EXCEEDS_PAD') return ~at;
      positive = true;
      at++;
    } else if (mark === '-') {
      if (element.sign === 'NOT_NEGATIVE') return ~at;
      negative = true;
      at++;
    }
    const least = at + element.minWidth;
    if (least > this.#text.length) return ~at;
    const digits = this.#countDigits(at, element.maxWidth + Math.max(element.subsequent, 0));
    let length = digits;
    if (element.subsequent > 0) length = Math.min(digits, Math.max(element.minWidth, digits - element.subsequent));
    if (length < element.minWidth) return ~at;
    if (length > DIGITS_MAX) return ~at;
    const end = at + length;
    let value = Number(this.#text.slice(at, end));
    if (negative) {
      if (value === 0) return ~(at - 1);
      value = -value;
    } else if (element.sign === 'EXCEEDS_PAD') {
      if (positive ? length <= element.minWidth : length > element.minWidth) return ~(positive ? at - 1 : at);
    }
    if (element.kind === 'reduced' && fixed && value >= 0 && length === 2) value += 2000;
    return this.#set(element.field, value, at, end);
  }

  #countDigits(at: number, max: number): number {
    let length = 0;
    while (length < max && this.#digit(at + length)) length++;
    return length;
  }

  #fraction(field: Field, width: number, at: number): number {
    if (this.#countDigits(at, width) < width) return ~at;
    const nanos = Number(this.#text.slice(at, at + width).padEnd(9, '0'));
    return this.#set(field, nanos, at, at + width);
  }

  #name(field: Field, names: readonly (readonly [value: number, name: string])[], at: number): number {
    const ambiguous = new Set(names.map(([, name]) => name)).size < names.length;
    if (ambiguous) {
      return this.#number({ kind: 'number', field, minWidth: 1, maxWidth: 19, sign: 'NORMAL', subsequent: 0 }, at);
    }
    let best: readonly [value: number, name: string] | null = null;
    for (const entry of names) {
      if ((best === null || entry[1].length > best[1].length) && this.#startsWith(entry[1], at)) best = entry;
    }
    return best === null ? ~at : this.#set(field, best[0], at, at + best[1].length);
  }

  #setOffset(seconds: number, from: number, to: number): number {
    if (this.#offset !== null && this.#offset !== seconds) return ~from;
    if (Math.abs(seconds) > OFFSET_SECONDS_MAX) throw new Error('Zone offset not in valid range: -18:00 to +18:00');
    this.#offset = seconds;
    return to;
  }

  #offsetText(shape: OffsetShape, zero: string, at: number): number {
    if (this.#startsWith(zero, at)) return this.#setOffset(0, at, at + zero.length);
    const match = OFFSET_TEXT[shape].exec(this.#text.slice(at, at + 16));
    if (match === null) return ~at;
    const [text, sign, hours, minutes, seconds] = match;
    const size = Number(hours) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
    if (Number(hours) > 23 || Number(minutes ?? 0) > 59 || Number(seconds ?? 0) > 59) {
      return ~at;
    }
    return this.#setOffset(sign === '-' ? -size : size, at, at + text.length);
  }

  #localizedOffset(full: boolean, at: number): number {
    if (!this.#startsWith('GMT', at)) return ~at;
    const rest = this.#text.slice(at + 3, at + 16);
    if (rest === '' || !/^[+-]/.test(rest)) return this.#setOffset(0, at, at + 3);
    const match = (full ? /^([+-])(\d\d):(\d\d)(?::(\d\d))?/ : /^([+-])(\d{1,2})(?::(\d\d)(?::(\d\d))?)?/).exec(rest);
    if (match === null) return ~at;
    const size = Number(match[2]) * 3600 + Number(match[3] ?? 0) * 60 + Number(match[4] ?? 0);
    return this.#setOffset(match[1] === '-' ? -size : size, at, at + 3 + match[0].length);
  }

  #zoneId(at: number): number {
    const run = /^[+-]\d\d(?::\d\d(?::\d\d)?)?|^[A-Za-z][A-Za-z0-9~/._+:-]*/.exec(this.#text.slice(at, at + 64))?.[0];
    if (run === undefined) return ~at;
    for (let length = run.length; length > 0; length--) {
      const zone = tryZone(run.slice(0, length));
      if (zone !== null) {
        this.#zone = zone;
        return at + length;
      }
    }
    return ~at;
  }

  #zoneName(at: number): number {
    const rest = this.#text.slice(at, at + 64);
    const word = /^[A-Za-z]+(?![A-Za-z/_])/.exec(rest)?.[0];
    const long = /^[A-Za-z\u2019' -]+ Time\b/i.exec(rest)?.[0];
    const named = long === undefined ? null : (longNames().get(long.toLowerCase()) ?? null);
    if (named !== null) {
      this.#zone = named;
      return at + long!.length;
    }
    const abbreviated = word === undefined || /^(?:GMT|UTC|UT)[+-]\d/i.test(rest) ? null : timeZoneOfAbbreviation(word);
    if (abbreviated === null) return this.#zoneId(at);
    this.#zone = abbreviated;
    return at + word!.length;
  }

  #padded(element: Element, width: number, start: number): number {
    const end = start + width;
    if (end > this.#text.length) return ~start;
    let at = start;
    while (at < end && this.#text[at] === ' ') at++;
    const inner = this.#one(element, at);
    if (inner < 0) return inner;
    return inner === end ? end : ~(start + at);
  }

  #optional(elements: readonly Element[], at: number): number {
    const fields = new Map(this.#fields);
    const zone = this.#zone;
    const offset = this.#offset;
    const end = this.#all(elements, at);
    if (end >= 0) return end;
    this.#fields = fields;
    this.#zone = zone;
    this.#offset = offset;
    return at;
  }
}

const OFFSET_SECONDS_MAX = 18 * 3600;

const OFFSET_TEXT: Readonly<Record<OffsetShape, RegExp>> = {
  hm: /^([+-])(\d\d)(?:(\d\d))?/,
  hM: /^([+-])(\d\d)(\d\d)/,
  'h:M': /^([+-])(\d\d):(\d\d)/,
  hMs: /^([+-])(\d\d)(\d\d)(?:(\d\d))?/,
  'h:M:s': /^([+-])(\d\d):(\d\d)(?::(\d\d))?/,
};

function tryZone(id: string): TimeZone | null {
  try {
    return id.toUpperCase() === 'GMT' ? GMT_ZONE : parseTimeZone(id.toUpperCase() === 'Z' ? 'Z' : id);
  } catch {
    return null;
  }
}

let namesInFull: ReadonlyMap<string, TimeZone> | null = null;

/** Full names in lower case, of the zones that have an abbreviation. */
function longNames(): ReadonlyMap<string, TimeZone> {
  if (namesInFull !== null) return namesInFull;
  const names = new Map<string, TimeZone>();
  for (const zone of zonesWithAbbreviations()) {
    for (const ms of [WINTER, SUMMER]) {
      const name = timeZoneName(zone, ms, 'long').toLowerCase();
      if (!names.has(name)) names.set(name, zone);
    }
  }
  namesInFull = names;
  return names;
}

const WINTER = Date.UTC(2021, 0, 15);
const SUMMER = Date.UTC(2021, 6, 15);
