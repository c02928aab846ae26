import { civilFromDays, daysFromCivil } from './temporal-text.js';

/** Java's names of the fields that a date pattern can show. */
export type DateField =
  | 'Era'
  | 'Year'
  | 'YearOfEra'
  | 'WeekBasedYear'
  | 'QuarterOfYear'
  | 'MonthOfYear'
  | 'WeekOfWeekBasedYear'
  | 'WeekOfMonth'
  | 'DayOfYear'
  | 'DayOfMonth'
  | 'AlignedDayOfWeekInMonth'
  | 'ModifiedJulianDay'
  | 'DayOfWeek'
  | 'LocalizedDayOfWeek';

export type TimeField =
  | 'AmPmOfDay'
  | 'HourOfDay'
  | 'ClockHourOfDay'
  | 'HourOfAmPm'
  | 'ClockHourOfAmPm'
  | 'MinuteOfHour'
  | 'SecondOfMinute'
  | 'NanoOfSecond'
  | 'MilliOfDay'
  | 'NanoOfDay';

export type Field = DateField | TimeField;

/** Least and greatest legal value. */
export const FIELD_RANGE: Readonly<Record<Field, readonly [number, number]>> = {
  Era: [0, 1],
  Year: [-999_999_999, 999_999_999],
  YearOfEra: [1, 1_000_000_000],
  WeekBasedYear: [-999_999_999, 999_999_999],
  QuarterOfYear: [1, 4],
  MonthOfYear: [1, 12],
  WeekOfWeekBasedYear: [1, 53],
  WeekOfMonth: [0, 6],
  DayOfYear: [1, 366],
  DayOfMonth: [1, 31],
  AlignedDayOfWeekInMonth: [1, 7],
  ModifiedJulianDay: [-365_243_219_162, 365_241_780_471],
  DayOfWeek: [1, 7],
  LocalizedDayOfWeek: [1, 7],
  AmPmOfDay: [0, 1],
  HourOfDay: [0, 23],
  ClockHourOfDay: [1, 24],
  HourOfAmPm: [0, 11],
  ClockHourOfAmPm: [1, 12],
  MinuteOfHour: [0, 59],
  SecondOfMinute: [0, 59],
  NanoOfSecond: [0, 999_999_999],
  MilliOfDay: [0, 86_399_999],
  NanoOfDay: [0, 86_399_999_999_999],
};

const DATE_FIELDS: ReadonlySet<Field> = new Set<DateField>([
  'Era',
  'Year',
  'YearOfEra',
  'WeekBasedYear',
  'QuarterOfYear',
  'MonthOfYear',
  'WeekOfWeekBasedYear',
  'WeekOfMonth',
  'DayOfYear',
  'DayOfMonth',
  'AlignedDayOfWeekInMonth',
  'ModifiedJulianDay',
  'DayOfWeek',
  'LocalizedDayOfWeek',
]);

export function isDateField(field: Field): field is DateField {
  return DATE_FIELDS.has(field);
}

const MODIFIED_JULIAN_EPOCH = 40_587;

/** A field of a date, given as days since the epoch. Weeks begin on Sunday, as in the United States. */
export function dateFieldValue(field: DateField, days: number): number {
  switch (field) {
    case 'ModifiedJulianDay':
      return days + MODIFIED_JULIAN_EPOCH;
    case 'DayOfWeek':
      return isoDayOfWeek(days);
    case 'LocalizedDayOfWeek':
      return localDayOfWeek(days);
    case 'WeekBasedYear':
      return weekBasedYear(days);
    case 'WeekOfWeekBasedYear':
      return Math.floor((days - firstDayOfWeekBasedYear(weekBasedYear(days))) / 7) + 1;
  }
  const { year, month, day } = civilFromDays(days);
  switch (field) {
    case 'Era':
      return year > 0 ? 1 : 0;
    case 'Year':
      return year;
    case 'YearOfEra':
      return year > 0 ? year : 1 - year;
    case 'MonthOfYear':
      return month;
    case 'QuarterOfYear':
      return Math.floor((month + 2) / 3);
    case 'DayOfMonth':
      return day;
    case 'DayOfYear':
      return days - daysFromCivil(year, 1, 1) + 1;
    case 'AlignedDayOfWeekInMonth':
      return ((day - 1) % 7) + 1;
    case 'WeekOfMonth':
      return weekOfMonth(days, day);
  }
}

/** A field of a time of day, given in nanoseconds. */
export function timeFieldValue(field: TimeField, nanoOfDay: number): number {
  const hour = Math.floor(nanoOfDay / 3_600_000_000_000);
  switch (field) {
    case 'NanoOfDay':
      return nanoOfDay;
    case 'MilliOfDay':
      return Math.floor(nanoOfDay / 1_000_000);
    case 'NanoOfSecond':
      return nanoOfDay % 1_000_000_000;
    case 'SecondOfMinute':
      return Math.floor(nanoOfDay / 1_000_000_000) % 60;
    case 'MinuteOfHour':
      return Math.floor(nanoOfDay / 60_000_000_000) % 60;
    case 'HourOfDay':
      return hour;
    case 'ClockHourOfDay':
      return hour === 0 ? 24 : hour;
    case 'HourOfAmPm':
      return hour % 12;
    case 'ClockHourOfAmPm':
      return hour % 12 === 0 ? 12 : hour % 12;
    case 'AmPmOfDay':
      return hour < 12 ? 0 : 1;
  }
}

/** Monday is 1. */
export function isoDayOfWeek(days: number): number {
  return ((((days + 3) % 7) + 7) % 7) + 1;
}

/** Sunday is 1. */
export function localDayOfWeek(days: number): number {
  return (isoDayOfWeek(days) % 7) + 1;
}

/** Week 1 is the one that holds the first of January. */
export function firstDayOfWeekBasedYear(year: number): number {
  const first = daysFromCivil(year, 1, 1);
  return first - localDayOfWeek(first) + 1;
}

function weekBasedYear(days: number): number {
  const { year } = civilFromDays(days);
  return days >= firstDayOfWeekBasedYear(year + 1) ? year + 1 : year;
}

function weekOfMonth(days: number, dayOfMonth: number): number {
  const first = days - dayOfMonth + 1;
  return Math.floor((dayOfMonth + localDayOfWeek(first) - 2) / 7) + 1;
}

export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

export function lengthOfMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
