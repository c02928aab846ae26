import type { Field } from './date-fields.js';

/** How a number shows and takes a sign: Java's `SignStyle`. */
export type SignStyle = 'NORMAL' | 'NOT_NEGATIVE' | 'EXCEEDS_PAD';

export interface NumberElement {
  readonly kind: 'number' | 'reduced';
  readonly field: Field;
  readonly minWidth: number;
  readonly maxWidth: number;
  readonly sign: SignStyle;
  /** Digits that the numbers right behind this one take from its end; -1: exactly its own width. */
  subsequent: number;
}

/** One piece of a pattern that shows text or takes it from the start of the rest. */
export type Element =
  | NumberElement
  | { readonly kind: 'fraction'; readonly field: Field; readonly width: number; subsequent: number }
  | {
      readonly kind: 'text';
      readonly field: Field;
      readonly names: readonly (readonly [value: number, name: string])[];
    }
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'offset'; readonly shape: OffsetShape; readonly zero: string }
  | { readonly kind: 'localizedOffset'; readonly full: boolean }
  | { readonly kind: 'zoneId' }
  | { readonly kind: 'zoneName'; readonly style: 'short' | 'long' }
  | { readonly kind: 'padded'; readonly width: number; readonly element: Element }
  | { readonly kind: 'optional'; readonly elements: readonly Element[] };

/** Which parts an offset shows: `hm` means minutes only when they are not zero, `hM` always. */
export type OffsetShape = 'hm' | 'hM' | 'h:M' | 'hMs' | 'h:M:s';

export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;
export const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const;

type Names = readonly (readonly [value: number, name: string])[];
type TextWidth = 'short' | 'full' | 'narrow';

function numbered(names: readonly string[], change: (name: string) => string = (name) => name): Names {
  return names.map((name, i) => [i + 1, change(name)]);
}

function monthNames(width: TextWidth): Names {
  return numbered(MONTHS, width === 'full' ? undefined : (name) => name.slice(0, width === 'short' ? 3 : 1));
}

function dayNames(width: TextWidth): Names {
  return numbered(DAYS, width === 'full' ? undefined : (name) => name.slice(0, width === 'short' ? 3 : 1));
}

const QUARTERS: Readonly<Record<TextWidth, readonly string[]>> = {
  short: ['Q1', 'Q2', 'Q3', 'Q4'],
  full: ['1st quarter', '2nd quarter', '3rd quarter', '4th quarter'],
  narrow: ['1', '2', '3', '4'],
};
const ERAS: Readonly<Record<TextWidth, readonly string[]>> = {
  short: ['BC', 'AD'],
  full: ['Before Christ', 'Anno Domini'],
  narrow: ['B', 'A'],
};
const HALF_DAYS: Names = [
  [0, 'AM'],
  [1, 'PM'],
];

const TIME_LETTERS: Readonly<Record<string, Field>> = {
  H: 'HourOfDay',
  k: 'ClockHourOfDay',
  K: 'HourOfAmPm',
  h: 'ClockHourOfAmPm',
  m: 'MinuteOfHour',
  s: 'SecondOfMinute',
};
const LONG_LETTERS: Readonly<Record<string, Field>> = { A: 'MilliOfDay', n: 'NanoOfSecond', N: 'NanoOfDay' };

/** Longer patterns and deeper nesting are refused. */
const PATTERN_LENGTH_MAX = 1000;
const NESTING_MAX = 20;

/**
 * Reads a pattern of `java.time.format.DateTimeFormatter`.
 * @throws Error in Java's words
 */
export function readDatePattern(pattern: string): readonly Element[] {
  if (pattern.length > PATTERN_LENGTH_MAX) throw new Error(`Pattern is longer than ${PATTERN_LENGTH_MAX} characters`);
  return new PatternReader(pattern).read();
}

/** Elements of one level, and the number that takes more digits when numbers follow it directly. */
class Section {
  readonly elements: Element[] = [];
  #open: NumberElement | null = null;

  add(element: Element): void {
    const open = this.#open;
    this.elements.push(element);
    if (element.kind !== 'number' && element.kind !== 'reduced' && element.kind !== 'fraction') {
      this.#open = null;
      return;
    }
    if (open === null) {
      this.#open = element.kind === 'fraction' ? null : element;
      return;
    }
    const width = element.kind === 'fraction' ? element.width : element.maxWidth;
    const fixed =
      element.kind === 'fraction' || (element.minWidth === element.maxWidth && element.sign === 'NOT_NEGATIVE');
    if (fixed) {
      open.subsequent += width;
      element.subsequent = -1;
    } else {
      open.subsequent = -1;
      this.#open = element;
    }
  }
}

class PatternReader {
  readonly #pattern: string;
  readonly #sections: Section[] = [new Section()];
  #at = 0;
  #pad = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  get #section(): Section {
    return this.#sections[this.#sections.length - 1]!;
  }

  read(): readonly Element[] {
    while (this.#at < this.#pattern.length) {
      const c = this.#pattern[this.#at]!;
      if (/[A-Za-z]/.test(c)) this.#letters(c);
      else this.#mark(c);
    }
    if (this.#pad > 0) throw new Error(`Pad letter 'p' must be followed by valid pad pattern: ${this.#pattern}`);
    while (this.#sections.length > 1) this.#closeSection();
    return this.#section.elements;
  }

  #mark(c: string): void {
    this.#at++;
    if (c === "'") this.#quoted();
    else if (c === '[') {
      if (this.#sections.length > NESTING_MAX) throw new Error('Pattern nests too many optional sections');
      this.#sections.push(new Section());
    } else if (c === ']') {
      if (this.#sections.length === 1) throw new Error('Pattern invalid as it contains ] without previous [');
      this.#closeSection();
    } else if (c === '{' || c === '}' || c === '#') {
      throw new Error(`Pattern includes reserved character: '${c}'`);
    } else this.#section.add({ kind: 'literal', text: c });
  }

  #closeSection(): void {
    const { elements } = this.#sections.pop()!;
    this.#section.add({ kind: 'optional', elements });
  }

  #quoted(): void {
    let text = '';
    for (;;) {
      const end = this.#pattern.indexOf("'", this.#at);
      if (end < 0) throw new Error(`Pattern ends with an incomplete string literal: ${this.#pattern}`);
      text += this.#pattern.slice(this.#at, end);
      this.#at = end + 1;
      if (this.#pattern[this.#at] !== "'") break;
      text += "'";
      this.#at++;
    }
    this.#section.add({ kind: 'literal', text: text === '' ? "'" : text });
  }

  #letters(letter: string): void {
    const start = this.#at;
    while (this.#pattern[this.#at] === letter) this.#at++;
    const count = this.#at - start;
    if (letter === 'p') {
      if (this.#pad > 0 || !/[A-Za-z]/.test(this.#pattern[this.#at] ?? '')) {
        throw new Error(`Pad letter 'p' must be followed by valid pad pattern: ${this.#pattern}`);
      }
      this.#pad = count;
      return;
    }
    const element = elementOf(letter, count);
    if (this.#pad === 0) {
      this.#section.add(element);
      return;
    }
    this.#section.add({ kind: 'padded', width: this.#pad, element });
    this.#pad = 0;
  }
}

/** What `count` times a letter stands for. */
function elementOf(letter: string, count: number): Element {
  switch (letter) {
    case 'G':
      return textElement(
        letter,
        count,
        'Era',
        ERAS[textWidth(count)].map((name, i) => [i, name]),
      );
    case 'u':
      return yearElement('Year', count);
    case 'y':
      return yearElement('YearOfEra', count);
    case 'Y':
      return yearElement('WeekBasedYear', count);
    case 'M':
    case 'L':
      if (count <= 2) return smallNumber('MonthOfYear', count);
      return textElement(letter, count, 'MonthOfYear', monthNames(textWidth(count)));
    case 'Q':
    case 'q':
      if (count <= 2) return smallNumber('QuarterOfYear', count);
      return textElement(letter, count, 'QuarterOfYear', numbered(QUARTERS[textWidth(count)]));
    case 'E':
      return textElement(letter, count, 'DayOfWeek', dayNames(textWidth(count)));
    case 'e':
    case 'c':
      if (letter === 'c' && count === 2) throw new Error('Invalid pattern "cc"');
      if (count <= 2) return numberElement('LocalizedDayOfWeek', count, 2, 'NOT_NEGATIVE');
      return textElement(letter, count, 'DayOfWeek', dayNames(textWidth(count)));
    case 'a':
      requireAtMost(1, letter, count);
      return { kind: 'text', field: 'AmPmOfDay', names: HALF_DAYS };
    case 'w':
      requireAtMost(2, letter, count);
      return numberElement('WeekOfWeekBasedYear', count, 2, 'NOT_NEGATIVE');
    case 'W':
      requireAtMost(1, letter, count);
      return numberElement('WeekOfMonth', 1, 2, 'NOT_NEGATIVE');
    case 'd':
      requireAtMost(2, letter, count);
      return smallNumber('DayOfMonth', count);
    case 'D':
      requireAtMost(3, letter, count);
      return count === 1 ? smallNumber('DayOfYear', 1) : numberElement('DayOfYear', count, 3, 'NOT_NEGATIVE');
    case 'F':
      requireAtMost(1, letter, count);
      return smallNumber('AlignedDayOfWeekInMonth', 1);
    case 'g':
      return numberElement('ModifiedJulianDay', count, 19, 'NORMAL');
    case 'S':
      if (count > 9) throw new Error(`Minimum width must be from 0 to 9 inclusive but was ${count}`);
      return { kind: 'fraction', field: 'NanoOfSecond', width: count, subsequent: 0 };
    case 'V':
      if (count !== 2) throw new Error(`Pattern letter count must be 2: ${letter}`);
      return { kind: 'zoneId' };
    case 'z':
      requireAtMost(4, letter, count);
      return { kind: 'zoneName', style: count === 4 ? 'long' : 'short' };
    case 'O':
      if (count !== 1 && count !== 4) throw new Error(`Pattern letter count must be 1 or 4: ${letter}`);
      return { kind: 'localizedOffset', full: count === 4 };
    case 'X':
    case 'x':
    case 'Z':
      return offsetElement(letter, count);
  }
  const clock = TIME_LETTERS[letter];
  if (clock !== undefined) {
    requireAtMost(2, letter, count);
    return smallNumber(clock, count);
  }
  const long = LONG_LETTERS[letter];
  if (long === undefined) throw new Error(`Unknown pattern letter: ${letter}`);
  return numberElement(long, count, 19, 'NOT_NEGATIVE');
}

function requireAtMost(most: number, letter: string, count: number): void {
  if (count > most) throw new Error(`Too many pattern letters: ${letter}`);
}

function textElement(letter: string, count: number, field: Field, names: Names): Element {
  requireAtMost(5, letter, count);
  return { kind: 'text', field, names };
}

/** One letter shows as many digits as there are, two exactly two. */
function smallNumber(field: Field, count: number): Element {
  return count === 1 ? numberElement(field, 1, 19, 'NORMAL') : numberElement(field, count, count, 'NOT_NEGATIVE');
}

function yearElement(field: Field, count: number): Element {
  if (count !== 2) return numberElement(field, count, 19, count < 4 ? 'NORMAL' : 'EXCEEDS_PAD');
  return { kind: 'reduced', field, minWidth: 2, maxWidth: 2, sign: 'NOT_NEGATIVE', subsequent: 0 };
}

function numberElement(field: Field, minWidth: number, maxWidth: number, sign: SignStyle): Element {
  if (minWidth > 19) throw new Error(`The minimum width must be from 1 to 19 inclusive but was ${minWidth}`);
  return { kind: 'number', field, minWidth, maxWidth, sign, subsequent: 0 };
}

function offsetElement(letter: string, count: number): Element {
  requireAtMost(5, letter, count);
  if (letter === 'Z') {
    if (count === 4) return { kind: 'localizedOffset', full: true };
    return count === 5 ? { kind: 'offset', shape: 'h:M:s', zero: 'Z' } : { kind: 'offset', shape: 'hM', zero: '+0000' };
  }
  const shape = (['hm', 'hM', 'h:M', 'hMs', 'h:M:s'] as const)[count - 1]!;
  const zero = count === 1 ? '+00' : count % 2 === 0 ? '+0000' : '+00:00';
  return { kind: 'offset', shape, zero: letter === 'X' ? 'Z' : zero };
}

function textWidth(count: number): TextWidth {
  return count === 4 ? 'full' : count === 5 ? 'narrow' : 'short';
}
