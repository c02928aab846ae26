import { DAYS, MONTHS } from '../../model/date-pattern-elements.js';
import { civilFromDays, daysFromCivil } from '../../model/temporal-text.js';
import { DAY_MS } from '../../model/time.js';
import { parseTimeZone, timeZoneOfAbbreviation } from '../../model/time-zone.js';

/**
 * Reads texts by a pattern of Java's `SimpleDateFormat` in GMT with its lenient calendar: fields that are out of range roll over
 * (2021-02-30 is March 2), and text behind the pattern is not looked at.
 */
export interface SimpleDateParser {
  /** @returns ms since the epoch. @throws Error `Unparseable date: "..."` */
  parse(text: string): number;
}

type Piece =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'field'; readonly letter: string; readonly count: number; readonly abutting: boolean };

const LETTERS = 'GyYMLwWDdFEuaHkKhmsSzZX';
const NUMERIC = 'yYwWDdFuHkKhmsS';

/**
 * @param now in ms since the epoch: two-digit years lie between 80 years before and 20 years after it
 * @throws Error when the pattern is none
 */
export function simpleDateParser(pattern: string, now: number): SimpleDateParser {
  const pieces = readPattern(pattern);
  return { parse: (text) => new Reading(text, now).run(pieces) };
}

function readPattern(pattern: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  const literal = (text: string): void => {
    const last = pieces[pieces.length - 1];
    if (last?.kind === 'literal') pieces[pieces.length - 1] = { kind: 'literal', text: last.text + text };
    else pieces.push({ kind: 'literal', text });
  };
  while (at < pattern.length) {
    const c = pattern[at]!;
    if (c === "'") {
      const quoted = /^'(?:[^']|'')*'/.exec(pattern.slice(at))?.[0];
      if (quoted === undefined) throw new Error('Unterminated quote');
      literal(quoted === "''" ? "'" : quoted.slice(1, -1).replaceAll("''", "'"));
      at += quoted.length;
    } else if (/[A-Za-z]/.test(c)) {
      if (!LETTERS.includes(c)) throw new Error(`Illegal pattern character '${c}'`);
      let count = 1;
      while (pattern[at + count] === c) count++;
      at += count;
      pieces.push({ kind: 'field', letter: c, count, abutting: false });
    } else {
      literal(c);
      at++;
    }
  }
  return pieces.map((piece, i) =>
    piece.kind === 'field' ? { ...piece, abutting: isNumeric(piece) && isNumeric(pieces[i + 1]) } : piece,
  );
}

function isNumeric(piece: Piece | undefined): boolean {
  if (piece?.kind !== 'field') return false;
  return NUMERIC.includes(piece.letter) || ((piece.letter === 'M' || piece.letter === 'L') && piece.count <= 2);
}

type CalendarField =
  | 'era'
  | 'year'
  | 'weekYear'
  | 'month'
  | 'weekOfYear'
  | 'weekOfMonth'
  | 'day'
  | 'dayOfYear'
  | 'dayOfWeek'
  | 'dayOfWeekInMonth'
  | 'half'
  | 'hour'
  | 'hourOfHalf'
  | 'minute'
  | 'second'
  | 'ms'
  | 'offset';

const NUMBER_FIELDS: Readonly<Record<string, CalendarField>> = {
  Y: 'weekYear',
  w: 'weekOfYear',
  W: 'weekOfMonth',
  d: 'day',
  D: 'dayOfYear',
  F: 'dayOfWeekInMonth',
  H: 'hour',
  K: 'hourOfHalf',
  m: 'minute',
  s: 'second',
  S: 'ms',
};

/** One text on its way; a Map remembers which field was set last, which decides between contradictory ones. */
class Reading {
  readonly #text: string;
  readonly #now: number;
  readonly #fields = new Map<CalendarField, number>();
  #at = 0;
  /** Set when a two-digit year means this century or the one before, depending on the day. */
  #centuryStart: number | null = null;

  constructor(text: string, now: number) {
    this.#text = text;
    this.#now = now;
  }

  run(pieces: readonly Piece[]): number {
    for (const piece of pieces) {
      if (piece.kind === 'literal') this.#literal(piece.text);
      else this.#set(...this.#read(piece.letter, piece.count, piece.abutting));
    }
    const time = calendarTime(this.#fields);
    if (this.#centuryStart === null || time >= this.#centuryStart) return time;
    this.#fields.set('year', this.#fields.get('year')! + 100);
    return calendarTime(this.#fields);
  }

  #fail(): never {
    throw new Error(`Unparseable date: "${this.#text}"`);
  }

  #literal(text: string): void {
    if (!this.#text.startsWith(text, this.#at)) this.#fail();
    this.#at += text.length;
  }

  #set(field: CalendarField, value: number): void {
    this.#fields.delete(field);
    this.#fields.set(field, value);
  }

  #read(letter: string, count: number, abutting: boolean): [field: CalendarField, value: number] {
    switch (letter) {
      case 'G':
        return ['era', this.#name(['BC', 'AD'])];
      case 'M':
      case 'L':
        return ['month', count > 2 ? this.#name(MONTHS, 3) : this.#number(count, abutting) - 1];
      case 'E':
        return ['dayOfWeek', ((this.#name(DAYS, 3) + 1) % 7) + 1];
      case 'u':
        return ['dayOfWeek', (this.#number(count, abutting) % 7) + 1];
      case 'a':
        return ['half', this.#name(['AM', 'PM'])];
      case 'y':
        return ['year', this.#year(count, abutting)];
      case 'k': {
        const hour = this.#number(count, abutting);
        return ['hour', hour === 24 ? 0 : hour];
      }
      case 'h': {
        const hour = this.#number(count, abutting);
        return ['hourOfHalf', hour === 12 ? 0 : hour];
      }
      case 'z':
      case 'Z':
        return ['offset', this.#zone()];
      case 'X':
        return ['offset', this.#isoZone(count)];
      default:
        return [NUMBER_FIELDS[letter]!, this.#number(count, abutting)];
    }
  }

  /** Names begin at once; numbers and zones may have blanks before them. */
  #skipBlanks(): void {
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at++;
  }

  /** Digits up to the next number of the pattern, or all there are. */
  #number(count: number, abutting: boolean): number {
    const start = this.#at;
    this.#skipBlanks();
    const end = abutting ? start + count : this.#at + 10;
    const match = /^-?\d+/.exec(this.#text.slice(this.#at, end));
    if (match === null) this.#fail();
    this.#at += match[0].length;
    return Number(match[0]);
  }

  #year(count: number, abutting: boolean): number {
    const start = this.#at;
    const value = this.#number(count, abutting);
    const written = this.#text.slice(start, this.#at).trim();
    if (count > 2 || !/^\d\d$/.test(written)) return value;
    const now = civilFromDays(Math.floor(this.#now / DAY_MS));
    const first = now.year - 80;
    const year = first - (((first % 100) + 100) % 100) + value;
    if (year === first) this.#centuryStart = daysFromCivil(first, now.month, now.day) * DAY_MS;
    return year < first ? year + 100 : year;
  }

  /** The index of the longest name that the text goes on with, in full or cut to `short` letters. */
  #name(names: readonly string[], short?: number): number {
    const rest = this.#text.slice(this.#at, this.#at + 16).toLowerCase();
    let best = -1;
    let length = 0;
    names.forEach((name, i) => {
      for (const form of short === undefined ? [name] : [name, name.slice(0, short)]) {
        if (form.length > length && rest.startsWith(form.toLowerCase())) {
          best = i;
          length = form.length;
        }
      }
    });
    if (best < 0) this.#fail();
    this.#at += length;
    return best;
  }

  /** `+0130`, `GMT+1:30`, `PST`; in seconds. */
  #zone(): number {
    this.#skipBlanks();
    const rest = this.#text.slice(this.#at, this.#at + 32);
    const offset = /^([+-])(\d\d)(\d\d)/.exec(rest) ?? /^GMT([+-])(\d{1,2})(?::(\d\d))?/i.exec(rest);
    if (offset !== null) return this.#offset(offset);
    const word = /^[A-Za-z]+/.exec(rest)?.[0];
    const zone = word === undefined ? null : timeZoneOfAbbreviation(word);
    if (zone === null) this.#fail();
    this.#at += word!.length;
    const summer = /^[A-Z]+DT$|^BST$|^[A-Z]+EST$/i.test(word!) && !/^EST$/i.test(word!);
    return parseTimeZone(zone.id).offsetAt(summer ? SUMMER : WINTER);
  }

  #isoZone(count: number): number {
    this.#skipBlanks();
    const rest = this.#text.slice(this.#at, this.#at + 8);
    if (rest.startsWith('Z')) {
      this.#at++;
      return 0;
    }
    const shape = count === 1 ? /^([+-])(\d\d)/ : count === 2 ? /^([+-])(\d\d)(\d\d)/ : /^([+-])(\d\d):(\d\d)/;
    const offset = shape.exec(rest);
    if (offset === null) this.#fail();
    return this.#offset(offset);
  }

  #offset(match: RegExpExecArray): number {
    if (Number(match[2]) > 23 || Number(match[3] ?? 0) > 59) this.#fail();
    const size = Number(match[2]) * 3600 + Number(match[3] ?? 0) * 60;
    this.#at += match[0].length;
    return match[1] === '-' ? -size : size;
  }
}

const WINTER = Date.UTC(2021, 0, 15);
const SUMMER = Date.UTC(2021, 6, 15);

/** What `GregorianCalendar` makes of the fields. */
function calendarTime(fields: ReadonlyMap<CalendarField, number>): number {
  const of = (field: CalendarField, missing: number): number => fields.get(field) ?? missing;
  const hour =
    lastOf(fields, ['hour', 'hourOfHalf']) === 'hourOfHalf' ? of('hourOfHalf', 0) + 12 * of('half', 0) : of('hour', 0);
  const time = hour * 3_600_000 + of('minute', 0) * 60_000 + of('second', 0) * 1000 + of('ms', 0);
  return calendarDay(fields) * DAY_MS + time - of('offset', 0) * 1000;
}

/** The one that was set last; undefined when none was. */
function lastOf(
  fields: ReadonlyMap<CalendarField, number>,
  candidates: readonly CalendarField[],
): CalendarField | undefined {
  return [...fields.keys()].filter((field) => candidates.includes(field)).at(-1);
}

function calendarDay(fields: ReadonlyMap<CalendarField, number>): number {
  const of = (field: CalendarField, missing: number): number => fields.get(field) ?? missing;
  const weekday = fields.get('dayOfWeek');
  const weekYear = fields.get('weekYear');
  if (weekYear !== undefined && !fields.has('year')) {
    const first = weekStart(hybridDay(weekYear, 0, 1));
    return first + (of('weekOfYear', 1) - 1) * 7 + (weekday ?? 1) - 1;
  }
  const year = of('era', 1) === 0 ? 1 - of('year', 1970) : of('year', 1970);
  const weekFields: CalendarField[] = weekday === undefined ? [] : ['weekOfYear', 'weekOfMonth', 'dayOfWeekInMonth'];
  const chosen =
    lastOf(fields, ['day', 'dayOfYear', ...weekFields]) ??
    lastOf(fields, ['weekOfYear', 'weekOfMonth', 'dayOfWeekInMonth']);
  switch (chosen) {
    case 'dayOfYear':
      return hybridDay(year, 0, 1) + of('dayOfYear', 1) - 1;
    case 'weekOfYear':
      return weekStart(hybridDay(year, 0, 1)) + (of('weekOfYear', 1) - 1) * 7 + (weekday ?? 1) - 1;
    case 'weekOfMonth':
      return weekStart(hybridDay(year, of('month', 0), 1)) + (of('weekOfMonth', 1) - 1) * 7 + (weekday ?? 1) - 1;
    case 'dayOfWeekInMonth': {
      const first = hybridDay(year, of('month', 0), 1);
      const ahead = ((weekday ?? 1) - sundayBased(first) + 7) % 7;
      return first + ahead + (of('dayOfWeekInMonth', 1) - 1) * 7;
    }
    case 'day':
      return hybridDay(year, of('month', 0), 1) + of('day', 1) - 1;
    default: {
      const first = hybridDay(year, of('month', 0), 1);
      // A weekday alone means the one in the first week.
      return weekday === undefined ? first : first + ((weekday - sundayBased(first) + 7) % 7);
    }
  }
}

/** Sunday is 1. */
function sundayBased(days: number): number {
  return ((((days + 4) % 7) + 7) % 7) + 1;
}

function weekStart(days: number): number {
  return days - sundayBased(days) + 1;
}

/** 1582-10-15, the first day of the Gregorian calendar. */
const CUTOVER_DAY = -141_427;

/** Days since the epoch; before the cutover the date is one of the Julian calendar. `month` counts from 0 and may roll over. */
function hybridDay(year: number, month: number, day: number): number {
  const y = year + Math.floor(month / 12);
  const m = month - Math.floor(month / 12) * 12;
  const gregorian = daysFromCivil(y, m + 1, 1) + day - 1;
  return gregorian >= CUTOVER_DAY ? gregorian : julianDay(y, m, day);
}

function julianDay(year: number, month: number, day: number): number {
  const shifted = month <= 1 ? year - 1 : year;
  const fromMarch = (month + 10) % 12;
  const days = 365 * shifted + Math.floor(shifted / 4) + Math.floor((153 * fromMarch + 2) / 5) + day - 1;
  return days - 719_470;
}
