import { dateFieldValue, type Field, isDateField, type TimeField, timeFieldValue } from './date-fields.js';
import { type Element, type NumberElement, type OffsetShape, readDatePattern } from './date-pattern-elements.js';
import { DateTextParser, type ParsedMoment } from './date-pattern-parser.js';
import { DAY_MS } from './time.js';
import { type TimeZone, timeZoneName } from './time-zone.js';

/**
 * A pattern of Java's `DateTimeFormatter`, with English texts. Formatting and parsing follow the JDK, SMART resolving and
 * parsing without regard to case included.
 */
export interface DatePattern {
  /** @param days since the epoch. @throws Error when the pattern asks for a time */
  formatDate(days: number): string;
  /** @throws Error when the pattern asks for a date */
  formatTime(msOfDay: number): string;
  formatTimestamp(ms: number, zone: TimeZone): string;
  /** @throws Error in Java's words when the text does not fit */
  parse(text: string): ParsedMoment;
}

const CACHED_PATTERNS_MAX = 200;
const cache = new Map<string, DatePattern>();

/** @throws Error when the pattern is none */
export function datePattern(pattern: string): DatePattern {
  const known = cache.get(pattern);
  if (known !== undefined) return known;
  const compiled = new CompiledPattern(readDatePattern(pattern));
  if (cache.size >= CACHED_PATTERNS_MAX) cache.clear();
  cache.set(pattern, compiled);
  return compiled;
}

/** What is shown: the parts that a value does not have are null. */
interface Shown {
  readonly days: number | null;
  readonly nanoOfDay: number | null;
  readonly zone: TimeZone | null;
  readonly ms: number;
  readonly offset: number;
}

class CompiledPattern implements DatePattern {
  readonly #elements: readonly Element[];

  constructor(elements: readonly Element[]) {
    this.#elements = elements;
  }

  formatDate(days: number): string {
    return formatAll(this.#elements, { days, nanoOfDay: null, zone: null, ms: 0, offset: 0 });
  }

  formatTime(msOfDay: number): string {
    return formatAll(this.#elements, { days: null, nanoOfDay: msOfDay * 1_000_000, zone: null, ms: 0, offset: 0 });
  }

  formatTimestamp(ms: number, zone: TimeZone): string {
    const offset = zone.offsetAt(ms);
    const local = ms + offset * 1000;
    const days = Math.floor(local / DAY_MS);
    return formatAll(this.#elements, { days, nanoOfDay: (local - days * DAY_MS) * 1_000_000, zone, ms, offset });
  }

  parse(text: string): ParsedMoment {
    return new DateTextParser(text).parse(this.#elements);
  }
}

/** Thrown inside an optional section that asks for a field the value does not have. */
class UnsupportedField extends Error {}

function formatAll(elements: readonly Element[], shown: Shown): string {
  let text = '';
  for (const element of elements) text += formatElement(element, shown);
  return text;
}

function formatElement(element: Element, shown: Shown): string {
  switch (element.kind) {
    case 'literal':
      return element.text;
    case 'number':
      return formatNumber(element, fieldOf(element.field, shown));
    case 'reduced':
      return String(Math.abs(fieldOf(element.field, shown)) % 100).padStart(2, '0');
    case 'fraction':
      return String(fieldOf(element.field, shown)).padStart(9, '0').slice(0, element.width);
    case 'text': {
      const value = fieldOf(element.field, shown);
      return element.names.find(([held]) => held === value)![1];
    }
    case 'offset':
      return formatOffsetAs(element.shape, element.zero, zoneOf(shown, 'OffsetSeconds') && shown.offset);
    case 'localizedOffset':
      return formatLocalizedOffset(zoneOf(shown, 'OffsetSeconds') && shown.offset, element.full);
    case 'zoneId':
      return zoneOf(shown, 'ZoneId').id;
    case 'zoneName':
      return timeZoneName(zoneOf(shown, 'ZoneId'), shown.ms, element.style);
    case 'padded': {
      const text = formatElement(element.element, shown);
      if (text.length > element.width) {
        throw new Error(`Cannot print as output of ${text.length} characters exceeds pad width of ${element.width}`);
      }
      return text.padStart(element.width);
    }
    case 'optional':
      try {
        return formatAll(element.elements, shown);
      } catch (error) {
        if (error instanceof UnsupportedField) return '';
        throw error;
      }
  }
}

function fieldOf(field: Field, shown: Shown): number {
  if (isDateField(field)) {
    if (shown.days !== null) return dateFieldValue(field, shown.days);
  } else if (shown.nanoOfDay !== null) return timeFieldValue(field as TimeField, shown.nanoOfDay);
  throw new UnsupportedField(`Unsupported field: ${field}`);
}

function zoneOf(shown: Shown, what: string): TimeZone {
  if (shown.zone === null) {
    throw new UnsupportedField(
      what === 'ZoneId' ? 'Unable to extract ZoneId from temporal' : `Unsupported field: ${what}`,
    );
  }
  return shown.zone;
}

function formatNumber(element: NumberElement, value: number): string {
  const digits = String(Math.abs(value));
  if (digits.length > element.maxWidth) {
    throw new Error(
      `Field ${element.field} cannot be printed as the value ${value} exceeds the maximum print width of ${element.maxWidth}`,
    );
  }
  const padded = digits.padStart(element.minWidth, '0');
  if (value >= 0) return element.sign === 'EXCEEDS_PAD' && digits.length > element.minWidth ? `+${padded}` : padded;
  if (element.sign === 'NOT_NEGATIVE') {
    throw new Error(
      `Field ${element.field} cannot be printed as the value ${value} cannot be negative according to the SignStyle`,
    );
  }
  return `-${padded}`;
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}

function formatOffsetAs(shape: OffsetShape, zero: string, offset: number): string {
  const size = Math.abs(offset);
  const hours = Math.floor(size / 3600) % 100;
  const minutes = Math.floor(size / 60) % 60;
  const seconds = size % 60;
  const colon = shape.includes(':') ? ':' : '';
  let text = `${offset < 0 ? '-' : '+'}${two(hours)}`;
  let rest = hours;
  if (shape !== 'hm' || minutes > 0) {
    text += colon + two(minutes);
    rest += minutes;
  }
  if (shape.endsWith('s') && seconds > 0) {
    text += colon + two(seconds);
    rest += seconds;
  }
  return rest === 0 ? zero : text;
}

function formatLocalizedOffset(offset: number, full: boolean): string {
  if (offset === 0) return 'GMT';
  const size = Math.abs(offset);
  const hours = Math.floor(size / 3600);
  const minutes = Math.floor(size / 60) % 60;
  const seconds = size % 60;
  let text = `GMT${offset < 0 ? '-' : '+'}${full ? two(hours) : hours}`;
  if (full || minutes !== 0 || seconds !== 0) text += `:${two(minutes)}`;
  if (seconds !== 0) text += `:${two(seconds)}`;
  return text;
}
