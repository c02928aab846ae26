import { describe, expect, it } from 'vitest';
import type { ArgumentShape } from '../../../../src/functions/registry.js';
import type { TimeUnit } from '../../../../src/model/time.js';
import { call, callShapes, type } from '../call.js';

const DAY = 86_400_000;

function shift(name: string, of: string, unit: TimeUnit, interval: number, value: number) {
  const shapes: ArgumentShape[] = [
    { kind: 'unit' },
    { kind: 'value', type: type('INT') },
    { kind: 'value', type: type(of) },
  ];
  return callShapes(name, shapes, unit, interval, value);
}

describe('moving in time', () => {
  it.each([
    ['DATEADD', 'DATE', 'DAYS', 3, 10, 13],
    ['DATEADD', 'DATE', 'HOURS', 23, 10, 10],
    ['DATEADD', 'DATE', 'HOURS', 23, -10, -9],
    ['DATESUB', 'DATE', 'HOURS', 1, -10, -10],
    ['TIMEADD', 'TIME', 'HOURS', 25, 0, 3_600_000],
    ['TIMESUB', 'TIME', 'MILLISECONDS', 1, 0, DAY - 1],
    ['TIMESTAMPADD', 'TIMESTAMP', 'DAYS', 1, 5, DAY + 5],
    ['TIMESTAMPSUB', 'TIMESTAMP', 'SECONDS', -2, 0, 2000],
  ] as const)('%s on %s: %s %i after %i is %i', (name, of, unit, interval, value, expected) => {
    expect(shift(name, of, unit, interval, value)).toBe(expected);
  });

  it('takes no unit where a value is needed', () => {
    expect(() => call('DATEADD', 'DATE, INT, DATE', 0, 1, 0)).toThrow(
      "Function 'dateadd' does not accept parameters (DATE, INTEGER, DATE).",
    );
  });

  it('converts between zones at the input taken as UTC', () => {
    const types = 'TIMESTAMP, STRING, STRING';
    expect(call('CONVERT_TZ', types, 0, 'UTC', 'America/Los_Angeles')).toBe(-8 * 3_600_000);
    expect(call('CONVERT_TZ', types, 0, '+02:00', '+0530')).toBe(3.5 * 3_600_000);
    expect(() => call('CONVERT_TZ', types, 0, 'UTC', 'PST')).toThrow('Invalid time zone: Unknown time-zone ID: PST');
  });
});

describe('formatting', () => {
  it('formats with java.time patterns', () => {
    expect(call('FORMAT_DATE', 'DATE, STRING', 18_765, "EEEE d MMMM yyyy 'Q'Q")).toBe('Tuesday 18 May 2021 Q2');
    expect(call('FORMAT_TIME', 'TIME, STRING', 52_255_007, 'hh:mm:ss.SSS a')).toBe('02:30:55.007 PM');
    const pattern = 'yyyy-MM-dd HH:mm:ss zzz XXX';
    expect(call('FORMAT_TIMESTAMP', 'TIMESTAMP, STRING', 0, pattern)).toBe('1970-01-01 00:00:00 GMT Z');
    expect(call('FORMAT_TIMESTAMP', 'TIMESTAMP, STRING, STRING', 1.6e12, pattern, 'America/Los_Angeles')).toBe(
      '2020-09-13 05:26:40 PDT -07:00',
    );
    expect(call('TIMESTAMPTOSTRING', 'BIGINT, STRING, STRING', 1.6e12, 'VV z O', 'Europe/London')).toBe(
      'Europe/London BST GMT+1',
    );
    expect(call('DATETOSTRING', 'INT, STRING', -1, 'dd/MM/yy')).toBe('31/12/69');
    expect(call('DATETOSTRING', 'INT, STRING', 1, null)).toBeNull();
  });

  it('says what fails', () => {
    expect(() => call('FORMAT_DATE', 'DATE, STRING', 0, 'HH')).toThrow(
      "Failed to format date 0 with formatter 'HH': Unsupported field: HourOfDay",
    );
    expect(() => call('FORMAT_TIME', 'TIME, STRING', 0, 'yyyy')).toThrow('Unsupported field: YearOfEra');
    expect(() => call('FORMAT_TIMESTAMP', 'TIMESTAMP, STRING', 0, 'bad')).toThrow('Unknown pattern letter: b');
  });
});

describe('parsing', () => {
  const timestamp = (text: string, pattern: string, zone = 'GMT') =>
    call('PARSE_TIMESTAMP', 'STRING, STRING, STRING', text, pattern, zone);

  it.each([
    ['2021-05-18 10:11:12', 'yyyy-MM-dd HH:mm:ss', 'GMT', Date.UTC(2021, 4, 18, 10, 11, 12)],
    ['2021-05-18 10:11:12', 'yyyy-MM-dd HH:mm:ss', 'Europe/Paris', Date.UTC(2021, 4, 18, 8, 11, 12)],
    ['2021-05-18T10:11:12+0130', "yyyy-MM-dd'T'HH:mm:ssX", 'Europe/Paris', Date.UTC(2021, 4, 18, 8, 41, 12)],
    ['20210518101112345', 'yyyyMMddHHmmssSSS', 'GMT', Date.UTC(2021, 4, 18, 10, 11, 12, 345)],
    ['18 mAY 21 2:05 pm', 'd MMM yy h:mm a', 'GMT', Date.UTC(2021, 4, 18, 14, 5)],
    ['2021', 'yyyy', 'GMT', Date.UTC(2021, 0, 1)],
    ['10:30', 'HH:mm', 'GMT', 37_800_000],
    ['2021-02-31', 'yyyy-MM-dd', 'GMT', Date.UTC(2021, 1, 28)],
    ['2021-01-01 24:00', 'yyyy-MM-dd HH:mm', 'GMT', Date.UTC(2021, 0, 2)],
    ['2021-060', 'yyyy-DDD', 'GMT', Date.UTC(2021, 2, 1)],
    ['2021-05-18', 'yyyy-MM-dd[ HH:mm]', 'GMT', Date.UTC(2021, 4, 18)],
    ['2021-03-14 02:30', 'yyyy-MM-dd HH:mm', 'America/New_York', Date.UTC(2021, 2, 14, 7, 30)],
    ['2021-11-07 01:30', 'yyyy-MM-dd HH:mm', 'America/New_York', Date.UTC(2021, 10, 7, 5, 30)],
    ['2021-05-18 10:00 PDT', 'yyyy-MM-dd HH:mm z', 'GMT', Date.UTC(2021, 4, 18, 17)],
  ])('%s by %s in %s', (text, pattern, zone, expected) => {
    expect(timestamp(text, pattern, zone)).toBe(expected);
  });

  it.each([
    ['366', 'DDD', 'Leap day cannot be parsed without supplying the year field'],
    ['2021-13-01', 'yyyy-MM-dd', 'Invalid value for MonthOfYear (valid values 1 - 12): 13'],
    ['2021-05-18x', 'yyyy-MM-dd', "Text '2021-05-18x' could not be parsed, unparsed text found at index 10"],
    ['21-05-18', 'yyyy-MM-dd', "Text '21-05-18' could not be parsed at index 0"],
    ['2021-05-18 Mon', 'yyyy-MM-dd E', 'Conflict found: Field DayOfWeek 2 differs from DayOfWeek 1'],
  ])('%s by %s fails', (text, pattern, message) => {
    expect(() => timestamp(text, pattern)).toThrow(message);
    expect(() => timestamp(text, pattern)).toThrow(
      `Failed to parse timestamp '${text}' at timezone 'GMT' with formatter '${pattern}': `,
    );
  });

  it('parses times', () => {
    expect(call('PARSE_TIME', 'STRING, STRING', '1:02:03.004 pm', 'h:mm:ss.SSS a')).toBe(46_923_004);
    expect(() => call('PARSE_TIME', 'STRING, STRING', '2021 10', 'yyyy HH')).toThrow(
      'Time format contains date field.',
    );
  });

  it.each([
    ['2021-02-30', 'yyyy-MM-dd', Date.UTC(2021, 2, 2)],
    ['18/5/21 and more', 'dd/MM/yy', Date.UTC(2021, 4, 18)],
    ['May 18, 2021', 'MMMM d, yyyy', Date.UTC(2021, 4, 18)],
    ['20210518', 'yyyyMMdd', Date.UTC(2021, 4, 18)],
    ['1500-01-01', 'yyyy-MM-dd', Date.UTC(1500, 0, 10)],
    ['2021-138', 'yyyy-D', Date.UTC(2021, 4, 18)],
  ])('PARSE_DATE reads %s by %s', (text, pattern, expected) => {
    expect(call('PARSE_DATE', 'STRING, STRING', text, pattern)).toBe(expected / DAY);
  });

  it('PARSE_DATE refuses times and other texts', () => {
    expect(() => call('PARSE_DATE', 'STRING, STRING', '2021-05-18 10', 'yyyy-MM-dd HH')).toThrow(
      'Date format contains time field.',
    );
    expect(() => call('PARSE_DATE', 'STRING, STRING', 'soon', 'yyyy')).toThrow(
      `Failed to parse date 'soon' with formatter 'yyyy': Unparseable date: "soon"`,
    );
  });

  it('the deprecated ones take no null', () => {
    expect(call('STRINGTODATE', 'STRING, STRING', '20210518', 'yyyyMMdd')).toBe(18_765);
    expect(() => call('STRINGTODATE', 'STRING, STRING', null, 'yyyyMMdd')).toThrow('does not take null');
    expect(() => call('STRINGTODATE', 'STRING, STRING', '2021', 'yyyy')).toThrow('Unable to obtain LocalDate');
    expect(() => call('STRINGTOTIMESTAMP', 'STRING, STRING', null, 'yyyy')).toThrow('does not take null');
  });

  it('asks the clock of its context', () => {
    expect(call('UNIX_TIMESTAMP', '')).toBe(1_600_000_000_000);
    expect(call('UNIX_DATE', 'DATE', null)).toBeNull();
  });
});
