import { describe, expect, test } from 'vitest';
import {
  civilFromDays,
  dateOfTimestamp,
  daysFromCivil,
  formatDate,
  formatTime,
  formatTimestamp,
  parseDate,
  parseTime,
  parseTimestamp,
  timeOfTimestamp,
} from '../../../src/model/temporal-text.js';

const at = (text: string): number => Date.parse(text);

describe('dates', () => {
  test.each([
    ['1970-01-01', 0],
    ['1969-12-31', -1],
    ['2020', 18262],
    ['2020-05', 18383],
    ['2020-02-29', 18321],
    ['0001-01-01', -719162],
    ['+10000-01-01', 2932897],
  ])('reads %s', (text, days) => {
    expect(parseDate(text)).toBe(days);
  });

  test.each([
    '',
    '20',
    '2020-13',
    '2021-02-29',
    '2020-1-1',
    '20200101',
    '2020-05-26T10:00',
    'abc',
    '12345-01-01',
  ])('refuses %j', (text) => {
    expect(() => parseDate(text)).toThrow(`Failed to parse date '${text}'`);
  });

  test('prints what it reads, also outside four-digit years', () => {
    for (const text of ['1970-01-01', '2024-02-29', '0000-03-01', '9999-12-31', '+12345-06-07', '-0044-03-15']) {
      expect(formatDate(parseDate(text))).toBe(text);
    }
  });

  test('the calendar agrees with Date over 400 years', () => {
    for (let day = -80_000; day < 80_000; day += 37) {
      const date = new Date(day * 86_400_000);
      const civil = { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
      expect(civilFromDays(day)).toEqual(civil);
      expect(daysFromCivil(civil.year, civil.month, civil.day)).toBe(day);
    }
  });
});

describe('times', () => {
  test.each([
    ['00:00', 0],
    ['10:15', 36_900_000],
    ['10:15:30', 36_930_000],
    ['23:59:59.999', 86_399_999],
    ['00:00:00.1', 100],
    ['00:00:00.123456789', 123],
  ])('reads %s', (text, ms) => {
    expect(parseTime(text)).toBe(ms);
  });

  test.each(['24:00', '10', '10:60', '1:00', '10:15:61', 'x'])('refuses %j', (text) => {
    expect(() => parseTime(text)).toThrow(`Failed to parse time '${text}'`);
  });

  test.each([
    [0, '00:00'],
    [36_900_000, '10:15'],
    [36_900_001, '10:15'],
    [36_930_500, '10:15:30'],
  ])('prints %d as %s', (ms, text) => {
    expect(formatTime(ms)).toBe(text);
  });
});

describe('timestamps', () => {
  test.each([
    ['2020', '2020-01-01T00:00:00Z'],
    ['2020-05', '2020-05-01T00:00:00Z'],
    ['2020-05-26', '2020-05-26T00:00:00Z'],
    ['2020-05-26T23', '2020-05-26T23:00:00Z'],
    ['2020-05-26T23:59', '2020-05-26T23:59:00Z'],
    ['2020-05-26T23:59:58', '2020-05-26T23:59:58Z'],
    ['2020-05-26T23:59:58.123', '2020-05-26T23:59:58.123Z'],
    ['2020-05-26T23:59:58.123Z', '2020-05-26T23:59:58.123Z'],
    ['2020-05-26T23:59:58.123+0100', '2020-05-26T22:59:58.123Z'],
    ['2020-05-26T23:59:58-0530', '2020-05-27T05:29:58Z'],
    ['2020-05-26T23+01:00', '2020-05-26T22:00:00Z'],
  ])('reads %s', (text, iso) => {
    expect(parseTimestamp(text)).toBe(at(iso));
  });

  test.each([
    '',
    '2020-05-26 23:59',
    '2020-05-26T25:00',
    '2020-05-26T23:59:58.1',
    '2020-05-26T10:00+9900',
    'now',
  ])('refuses %j', (text) => {
    expect(() => parseTimestamp(text)).toThrow(`Failed to parse timestamp '${text}'`);
  });

  test('prints three fraction digits, before the epoch too', () => {
    expect(formatTimestamp(0)).toBe('1970-01-01T00:00:00.000');
    expect(formatTimestamp(-1)).toBe('1969-12-31T23:59:59.999');
    expect(formatTimestamp(at('2020-05-26T23:59:58.12Z'))).toBe('2020-05-26T23:59:58.120');
  });

  test('splits into day and time, before the epoch too', () => {
    expect([dateOfTimestamp(-1), timeOfTimestamp(-1)]).toEqual([-1, 86_399_999]);
    expect([dateOfTimestamp(86_400_000), timeOfTimestamp(86_400_000)]).toEqual([1, 0]);
  });
});
