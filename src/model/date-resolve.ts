import {
  type DateField,
  dateFieldValue,
  FIELD_RANGE,
  type Field,
  firstDayOfWeekBasedYear,
  isDateField,
  isLeapYear,
  isoDayOfWeek,
  lengthOfMonth,
  localDayOfWeek,
  type TimeField,
  timeFieldValue,
} from './date-fields.js';
import { civilFromDays, daysFromCivil, formatDate, formatTime } from './temporal-text.js';
import { DAY_MS } from './time.js';
import { instantOfLocal, type TimeZone } from './time-zone.js';

/** What a text said. Fields that make up no whole date or time are left in `fields`. */
export interface ParsedMoment {
  /** Days since the epoch, when the text gave a whole date. */
  readonly days: number | null;
  /** When the text gave at least the hour. */
  readonly nanoOfDay: number | null;
  readonly fields: ReadonlyMap<Field, number>;
  /** Whether the text said anything of a date. */
  readonly mentionsDate: boolean;
  readonly zone: TimeZone | null;
}

/**
 * Puts parsed fields together by the SMART rules of `java.time`: a day past the end of its month becomes the last day,
 * 24:00 the next day's start, and fields that contradict one another are an error.
 */
export function resolveFields(parsed: ReadonlyMap<Field, number>, zone: TimeZone | null): ParsedMoment {
  const fields = new Map(parsed);
  const mentionsDate = [...parsed.keys()].some(isDateField);
  resolveEra(fields);
  const local = take(fields, 'LocalizedDayOfWeek');
  if (local !== undefined) derive(fields, 'LocalizedDayOfWeek', 'DayOfWeek', ((local + 5) % 7) + 1);
  let days = resolveDate(fields);
  const time = resolveTime(fields);
  for (const [field, value] of fields) if (!UNCHECKED.has(field)) checkRange(field, value);
  if (days !== null) crossCheckDate(fields, days);
  if (time !== null) crossCheckTime(fields, time.nanoOfDay);
  if (days !== null && time !== null) days += time.extraDays;
  return { days, nanoOfDay: time?.nanoOfDay ?? null, fields, mentionsDate, zone };
}

/** How Java writes ranges whose end depends on the date. */
const VARIABLE_RANGES: Readonly<Partial<Record<Field, string>>> = {
  DayOfMonth: '1 - 28/31',
  DayOfYear: '1 - 365/366',
  YearOfEra: '1 - 999999999/1000000000',
};

/** Java leaves these alone when they make up no date. */
const UNCHECKED: ReadonlySet<Field> = new Set<Field>([
  'QuarterOfYear',
  'WeekBasedYear',
  'WeekOfWeekBasedYear',
  'WeekOfMonth',
]);

function checkRange(field: Field, value: number): void {
  const [least, greatest] = FIELD_RANGE[field];
  if (value >= least && value <= greatest) return;
  const range = VARIABLE_RANGES[field] ?? `${least} - ${greatest}`;
  throw new Error(`Invalid value for ${field} (valid values ${range}): ${value}`);
}

/** The value of a field, taken out; undefined when the text did not give it. */
function take(fields: Map<Field, number>, field: Field): number | undefined {
  const value = fields.get(field);
  if (value === undefined) return undefined;
  checkRange(field, value);
  fields.delete(field);
  return value;
}

function derive(fields: Map<Field, number>, from: Field, field: Field, value: number): void {
  const held = fields.get(field);
  if (held !== undefined && held !== value) {
    const what = field === 'Year' ? '' : ` while resolving  ${from}`;
    throw new Error(`Conflict found: ${field} ${held} differs from ${field} ${value}${what}`);
  }
  fields.set(field, value);
}

function resolveEra(fields: Map<Field, number>): void {
  const yearOfEra = take(fields, 'YearOfEra');
  if (yearOfEra === undefined) return;
  const era = take(fields, 'Era');
  const year = fields.get('Year');
  const after = era === undefined ? year === undefined || year > 0 : era === 1;
  derive(fields, 'YearOfEra', 'Year', after ? yearOfEra : 1 - yearOfEra);
}

function resolveDate(fields: Map<Field, number>): number | null {
  const julian = take(fields, 'ModifiedJulianDay');
  if (julian !== undefined) return julian - 40_587;
  if (fields.has('Year')) {
    if (fields.has('MonthOfYear') && fields.has('DayOfMonth')) {
      const year = take(fields, 'Year')!;
      const month = take(fields, 'MonthOfYear')!;
      const day = take(fields, 'DayOfMonth')!;
      return daysFromCivil(year, month, Math.min(day, lengthOfMonth(year, month)));
    }
    if (fields.has('DayOfYear')) {
      const year = take(fields, 'Year')!;
      const day = take(fields, 'DayOfYear')!;
      if (day === 366 && !isLeapYear(year)) {
        throw new Error(`Invalid date 'DayOfYear 366' as '${year}' is not a leap year`);
      }
      return daysFromCivil(year, 1, 1) + day - 1;
    }
    if (fields.has('MonthOfYear') && fields.has('WeekOfMonth') && fields.has('DayOfWeek')) {
      const year = take(fields, 'Year')!;
      const first = daysFromCivil(year, take(fields, 'MonthOfYear')!, 1);
      return first - localDayOfWeek(first) + (take(fields, 'WeekOfMonth')! - 1) * 7 + takeDayOfWeek(fields);
    }
  }
  if (fields.has('WeekBasedYear') && fields.has('WeekOfWeekBasedYear') && fields.has('DayOfWeek')) {
    const first = firstDayOfWeekBasedYear(take(fields, 'WeekBasedYear')!);
    return first + (take(fields, 'WeekOfWeekBasedYear')! - 1) * 7 + takeDayOfWeek(fields) - 1;
  }
  return null;
}

/** Sunday is 1. */
function takeDayOfWeek(fields: Map<Field, number>): number {
  return (take(fields, 'DayOfWeek')! % 7) + 1;
}

function resolveTime(fields: Map<Field, number>): { nanoOfDay: number; extraDays: number } | null {
  const clock = takeClock(fields, 'ClockHourOfDay');
  if (clock !== undefined) derive(fields, 'ClockHourOfDay', 'HourOfDay', clock === 24 ? 0 : clock);
  const halfClock = takeClock(fields, 'ClockHourOfAmPm');
  if (halfClock !== undefined) derive(fields, 'ClockHourOfAmPm', 'HourOfAmPm', halfClock === 12 ? 0 : halfClock);
  if (fields.has('AmPmOfDay') && fields.has('HourOfAmPm')) {
    const half = take(fields, 'AmPmOfDay')!;
    derive(fields, 'AmPmOfDay', 'HourOfDay', half * 12 + take(fields, 'HourOfAmPm')!);
  }
  const nanos = take(fields, 'NanoOfDay');
  if (nanos !== undefined) deriveTime(fields, 'NanoOfDay', nanos);
  const millis = take(fields, 'MilliOfDay');
  if (millis !== undefined) {
    const nano = fields.get('NanoOfSecond');
    deriveTime(fields, 'MilliOfDay', millis * 1_000_000 + (nano === undefined ? 0 : nano % 1_000_000));
  }
  return combineTime(fields);
}

/** Java lets 0 pass for 24 and 12. */
function takeClock(fields: Map<Field, number>, field: TimeField): number | undefined {
  if (fields.get(field) !== 0) return take(fields, field);
  fields.delete(field);
  return 0;
}

function deriveTime(fields: Map<Field, number>, from: Field, nanoOfDay: number): void {
  for (const field of ['HourOfDay', 'MinuteOfHour', 'SecondOfMinute', 'NanoOfSecond'] as const) {
    derive(fields, from, field, timeFieldValue(field, nanoOfDay));
  }
}

/** A time needs the hour, and no gap between the hour and its finest field. */
function combineTime(fields: Map<Field, number>): { nanoOfDay: number; extraDays: number } | null {
  const hour = fields.get('HourOfDay');
  const minute = fields.get('MinuteOfHour');
  const second = fields.get('SecondOfMinute');
  const nano = fields.get('NanoOfSecond');
  if (hour === undefined) return null;
  if (minute === undefined ? second !== undefined || nano !== undefined : second === undefined && nano !== undefined) {
    return null;
  }
  const midnight = hour === 24 && (minute ?? 0) === 0 && (second ?? 0) === 0 && (nano ?? 0) === 0;
  if (midnight) fields.delete('HourOfDay');
  else take(fields, 'HourOfDay');
  take(fields, 'MinuteOfHour');
  take(fields, 'SecondOfMinute');
  take(fields, 'NanoOfSecond');
  const seconds = (midnight ? 0 : hour) * 3600 + (minute ?? 0) * 60 + (second ?? 0);
  return { nanoOfDay: seconds * 1_000_000_000 + (nano ?? 0), extraDays: midnight ? 1 : 0 };
}

function crossCheckDate(fields: ReadonlyMap<Field, number>, days: number): void {
  for (const [field, value] of fields) {
    if (!isDateField(field)) continue;
    const actual = dateFieldValue(field, days);
    if (actual !== value) throw conflict(field, actual, value, formatDate(days));
  }
}

function crossCheckTime(fields: ReadonlyMap<Field, number>, nanoOfDay: number): void {
  for (const [field, value] of fields) {
    if (isDateField(field)) continue;
    const actual = timeFieldValue(field as TimeField, nanoOfDay);
    if (actual !== value) throw conflict(field, actual, value, formatTime(Math.floor(nanoOfDay / 1_000_000)));
  }
}

function conflict(field: Field, actual: number, value: number, source: string): Error {
  return new Error(`Conflict found: Field ${field} ${actual} differs from ${field} ${value} derived from ${source}`);
}

/** The order in which ksqlDB lays loose fields over 1970-01-01T00:00. */
const DATE_ORDER: readonly DateField[] = [
  'DayOfWeek',
  'AlignedDayOfWeekInMonth',
  'DayOfMonth',
  'DayOfYear',
  'MonthOfYear',
  'Year',
  'Era',
];
const DAY_NANOS = 86_400_000_000_000;

/**
 * The instant that a text means, in ms since the epoch: what it left out is taken from 1970-01-01T00:00, and a zone in the text
 * wins over the given one.
 * @throws Error for day 366 of no year
 */
export function timestampOfParsed(parsed: ParsedMoment, zone: TimeZone): number {
  const days = parsed.days ?? looseDate(parsed.fields);
  const nanos = parsed.nanoOfDay ?? looseTime(parsed.fields);
  return instantOfLocal(parsed.zone ?? zone, days * DAY_MS + Math.floor(nanos / 1_000_000));
}

function looseDate(fields: ReadonlyMap<Field, number>): number {
  if (fields.get('DayOfYear') === 366 && !fields.has('Year')) {
    throw new Error('Leap day cannot be parsed without supplying the year field');
  }
  let days = 0;
  for (const field of DATE_ORDER) {
    const value = fields.get(field);
    if (value !== undefined) days = withDateField(days, field, value);
  }
  return days;
}

function withDateField(days: number, field: DateField, value: number): number {
  const { year, month, day } = civilFromDays(days);
  switch (field) {
    case 'DayOfWeek':
      return days + value - isoDayOfWeek(days);
    case 'AlignedDayOfWeekInMonth':
      return days + value - dateFieldValue(field, days);
    case 'DayOfMonth':
      return daysFromCivil(year, month, value);
    case 'DayOfYear':
      return daysFromCivil(year, 1, 1) + value - 1;
    case 'MonthOfYear':
      return daysFromCivil(year, value, Math.min(day, lengthOfMonth(year, value)));
    case 'Year':
      return daysFromCivil(value, month, Math.min(day, lengthOfMonth(value, month)));
    case 'Era':
      return (value === 1) === year > 0 ? days : withDateField(days, 'Year', 1 - year);
    default:
      return days;
  }
}

function looseTime(fields: ReadonlyMap<Field, number>): number {
  const of = (field: TimeField): number => fields.get(field) ?? 0;
  const hour = fields.get('HourOfDay') ?? of('HourOfAmPm') + 12 * of('AmPmOfDay');
  const seconds = hour * 3600 + of('MinuteOfHour') * 60 + of('SecondOfMinute');
  return (seconds * 1_000_000_000 + of('NanoOfSecond')) % DAY_NANOS;
}
