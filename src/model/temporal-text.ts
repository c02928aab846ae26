import { DAY_MS } from './time.js';

/*
 * Text forms of DATE (days since 1970-01-01), TIME (ms of the day) and TIMESTAMP (ms since the epoch, UTC), and reading
 * them. The calendar is the proleptic Gregorian one without limits of its own, so no `Date` is involved.
 */

/** Days since 1970-01-01 of a civil date; month and day count from 1. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** The civil date of a day number; the inverse of {@link daysFromCivil}. */
export function civilFromDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
  };
}

/** `yyyy-MM-dd`; a year outside 0000 to 9999 carries a sign, as in Java. */
export function formatDate(days: number): string {
  const { year, month, day } = civilFromDays(days);
  return `${formatYear(year)}-${pad(month, 2)}-${pad(day, 2)}`;
}

/** `HH:mm`, or `HH:mm:ss` when the seconds are not zero; milliseconds are dropped, as ksqlDB's CAST does. */
export function formatTime(msOfDay: number): string {
  const seconds = Math.floor(msOfDay / 1000);
  const minutes = Math.floor(seconds / 60);
  const text = `${pad(Math.floor(minutes / 60), 2)}:${pad(minutes % 60, 2)}`;
  return seconds % 60 === 0 ? text : `${text}:${pad(seconds % 60, 2)}`;
}

/** `yyyy-MM-ddTHH:mm:ss.SSS`, UTC. */
export function formatTimestamp(ms: number): string {
  const days = Math.floor(ms / DAY_MS);
  const rest = ms - days * DAY_MS;
  const seconds = Math.floor(rest / 1000);
  const minutes = Math.floor(seconds / 60);
  const time = `${pad(Math.floor(minutes / 60), 2)}:${pad(minutes % 60, 2)}:${pad(seconds % 60, 2)}`;
  return `${formatDate(days)}T${time}.${pad(rest % 1000, 3)}`;
}

/** UTC day of a timestamp. */
export function dateOfTimestamp(ms: number): number {
  return Math.floor(ms / DAY_MS);
}

/** UTC time of day of a timestamp, in ms. */
export function timeOfTimestamp(ms: number): number {
  return ms - Math.floor(ms / DAY_MS) * DAY_MS;
}

/** Midnight UTC of a day. */
export function timestampOfDate(days: number): number {
  return days * DAY_MS;
}

const DATE_FORM = /^([+-]?\d{4,9})(?:-(\d{2}))?(?:-(\d{2}))?$/;
const TIME_FORM = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?$/;
const DATE_TIME_FORM = /^([^T]+)T(?:(\d{2})(?::(\d{2})(?::(\d{2})(?:\.(\d{3}))?)?)?)?(Z|[+-].+)?$/;
const OFFSET_FORM = /^([+-])(\d{1,2})(?::?(\d{2})(?::?(\d{2}))?)?$/;

/**
 * Reads `yyyy`, `yyyy-MM` or `yyyy-MM-dd`; what is missing is 1.
 * @throws Error `Failed to parse date 'x'`
 */
export function parseDate(text: string): number {
  const days = readDate(text);
  if (days === null) throw new Error(`Failed to parse date '${text}'`);
  return days;
}

/**
 * Reads `HH:mm[:ss[.fraction]]`; digits past the millisecond are dropped.
 * @throws Error `Failed to parse time 'x'`
 */
export function parseTime(text: string): number {
  const match = TIME_FORM.exec(text);
  const ms = match && readTime(match[1], match[2], match[3], match[4]);
  if (ms === null) throw new Error(`Failed to parse time '${text}'`);
  return ms;
}

/**
 * Reads ISO 8601 from a year down to milliseconds, with an optional offset (`Z`, `+hhmm`); UTC without one.
 * A blank instead of the `T` is refused, as in ksqlDB.
 * @throws Error `Failed to parse timestamp 'x'`
 */
export function parseTimestamp(text: string): number {
  const ms = readTimestamp(text);
  if (ms === null) throw new Error(`Failed to parse timestamp '${text}'`);
  return ms;
}

function readTimestamp(text: string): number | null {
  if (!text.includes('T')) {
    const days = readDate(text);
    return days === null ? null : days * DAY_MS;
  }
  const match = DATE_TIME_FORM.exec(text);
  if (match === null) return null;
  const days = readDate(match[1]!);
  const time = isEndOfDay(match) ? DAY_MS : readTime(match[2] ?? '00', match[3] ?? '00', match[4], match[5]);
  const offset = readOffset(match[6]);
  return days === null || time === null || offset === null ? null : days * DAY_MS + time - offset;
}

/** Hour 24 is the end of the day, when nothing but zeros follows it. */
function isEndOfDay([, , hour, ...smaller]: RegExpExecArray): boolean {
  return hour === '24' && smaller.slice(0, 3).every((part) => part === undefined || /^0+$/.test(part));
}

function readDate(text: string): number | null {
  const match = DATE_FORM.exec(text);
  if (match === null) return null;
  const signed = match[1]!.charCodeAt(0) < 48;
  if (!signed && match[1]!.length > 4) return null;
  const year = Number(match[1]);
  const month = Number(match[2] ?? 1);
  const day = Number(match[3] ?? 1);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null;
  return daysFromCivil(year, month, day);
}

function readTime(
  hours: string | undefined,
  minutes: string | undefined,
  seconds: string | undefined,
  fraction: string | undefined,
): number | null {
  const h = Number(hours);
  const m = Number(minutes);
  const s = Number(seconds ?? 0);
  if (h > 23 || m > 59 || s > 59) return null;
  const ms = fraction === undefined ? 0 : Number(fraction.padEnd(3, '0').slice(0, 3));
  return ((h * 60 + m) * 60 + s) * 1000 + ms;
}

function readOffset(text: string | undefined): number | null {
  if (text === undefined || text === 'Z') return 0;
  const match = OFFSET_FORM.exec(text);
  if (match === null) return null;
  const minutes = Number(match[3] ?? 0);
  const seconds = Number(match[4] ?? 0);
  const size = ((Number(match[2]) * 60 + minutes) * 60 + seconds) * 1000;
  if (minutes > 59 || seconds > 59 || size > 18 * 3_600_000) return null;
  return match[1] === '-' ? -size : size;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function formatYear(year: number): string {
  if (year >= 0 && year <= 9999) return pad(year, 4);
  return `${year < 0 ? '-' : '+'}${pad(Math.abs(year), 4)}`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
