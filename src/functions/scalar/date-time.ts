import { datePattern } from '../../model/date-pattern.js';
import { timestampOfParsed } from '../../model/date-resolve.js';
import { DAY_MS, type TimeUnit, UNIT_MS } from '../../model/time.js';
import { GMT_ZONE, parseTimeZone, systemTimeZone, type TimeZone } from '../../model/time-zone.js';
import { type SqlValue, toBigintValue } from '../../model/value.js';
import { CATEGORY, defineScalar, type FunctionExample, nullArgumentMessage, type ScalarDefinition } from '../define.js';
import { type SimpleDateParser, simpleDateParser } from './simple-date-format.js';

const category = CATEGORY.dateTime;
const PATTERN_TEXT = 'Patterns are those of java.time.format.DateTimeFormatter, with English texts.';

/** A BIGINT value as a time; beyond the range of a double's whole numbers there is no date. */
type Long = number | bigint;

function explain<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`);
  }
}

function shift(
  name: string,
  type: 'DATE' | 'TIME' | 'TIMESTAMP',
  sign: 1 | -1,
  description: string,
  example: FunctionExample,
  move: (value: number, ms: number) => number,
): ScalarDefinition {
  return defineScalar({
    name,
    displayName: name.toLowerCase(),
    category,
    description,
    examples: [example],
    variants: [
      {
        signature: `(unit UNIT, interval INT, ${type.toLowerCase()} ${type}) -> ${type}`,
        nulls: 'propagate',
        evaluate: (unit: TimeUnit, interval: number, value: number) => move(value, sign * interval * UNIT_MS[unit]),
      },
    ],
  });
}

/** Whole days, cut toward zero as ksqlDB does. */
function moveDate(days: number, ms: number): number {
  return Math.trunc((days * DAY_MS + ms) / DAY_MS) + 0;
}

function moveTime(msOfDay: number, ms: number): number {
  return (((msOfDay + ms) % DAY_MS) + DAY_MS) % DAY_MS;
}

function moveTimestamp(value: number, ms: number): number {
  return value + ms;
}

const CONVERT_TZ = defineScalar({
  name: 'CONVERT_TZ',
  displayName: 'convert_tz',
  category,
  description: 'Moves a timestamp by the difference between the offsets of two time zones.',
  examples: [
    {
      sql: "FORMAT_TIMESTAMP(CONVERT_TZ(FROM_UNIXTIME(0), 'UTC', '+02:00'), 'HH:mm')",
      result: '"02:00"',
    },
  ],
  variants: [
    {
      signature: '(timestamp TIMESTAMP, fromTimeZone STRING, toTimeZone STRING) -> TIMESTAMP',
      nulls: 'propagate',
      evaluate: (ms: number, from: string, to: string) =>
        explain(
          'Invalid time zone',
          () => ms + (parseTimeZone(to).offsetAt(ms) - parseTimeZone(from).offsetAt(ms)) * 1000,
        ),
    },
  ],
});

const FORMAT_DATE = defineScalar({
  name: 'FORMAT_DATE',
  displayName: 'format_date',
  category,
  description: `A date as text. ${PATTERN_TEXT}`,
  examples: [{ sql: "FORMAT_DATE(FROM_DAYS(18765), 'EEE, d MMM yyyy')", result: '"Tue, 18 May 2021"' }],
  variants: [
    {
      signature: '(date DATE, formatPattern STRING) -> STRING',
      nulls: 'propagate',
      evaluate: (days: number, pattern: string) =>
        explain(`Failed to format date ${days} with formatter '${pattern}'`, () =>
          datePattern(pattern).formatDate(days),
        ),
    },
  ],
});

const FORMAT_TIME = defineScalar({
  name: 'FORMAT_TIME',
  displayName: 'format_time',
  category,
  description: `A time as text. ${PATTERN_TEXT}`,
  examples: [{ sql: "FORMAT_TIME(PARSE_TIME('143055', 'HHmmss'), 'h:mm a')", result: '"2:30 PM"' }],
  variants: [
    {
      signature: '(time TIME, formatPattern STRING) -> STRING',
      nulls: 'propagate',
      evaluate: (ms: number, pattern: string) =>
        explain(`Failed to format time ${ms} with formatter '${pattern}'`, () => datePattern(pattern).formatTime(ms)),
    },
  ],
});

function formatTimestamp(ms: number, pattern: string, zone: () => TimeZone): string {
  return explain(`Failed to format timestamp ${ms} with formatter '${pattern}'`, () =>
    datePattern(pattern).formatTimestamp(ms, zone()),
  );
}

const gmt = (): TimeZone => GMT_ZONE;

const FORMAT_TIMESTAMP = defineScalar({
  name: 'FORMAT_TIMESTAMP',
  displayName: 'format_timestamp',
  category,
  description: `A timestamp as text, in GMT or another time zone. ${PATTERN_TEXT}`,
  examples: [
    { sql: "FORMAT_TIMESTAMP(FROM_UNIXTIME(0), 'yyyy-MM-dd HH:mm:ss zzz')", result: '"1970-01-01 00:00:00 GMT"' },
  ],
  variants: [
    {
      signature: '(timestamp TIMESTAMP, formatPattern STRING) -> STRING',
      nulls: 'propagate',
      evaluate: (ms: number, pattern: string) => formatTimestamp(ms, pattern, gmt),
    },
    {
      signature: '(timestamp TIMESTAMP, formatPattern STRING, timeZone STRING) -> STRING',
      nulls: 'propagate',
      evaluate: (ms: number, pattern: string, zone: string) => formatTimestamp(ms, pattern, () => parseTimeZone(zone)),
    },
  ],
});

const FROM_DAYS = defineScalar({
  name: 'FROM_DAYS',
  displayName: 'from_days',
  category,
  description: 'The date that lies a number of days after 1970-01-01.',
  examples: [{ sql: 'CAST(FROM_DAYS(18765) AS STRING)', result: '"2021-05-18"' }],
  variants: [{ signature: '(days INT) -> DATE', nulls: 'fail', evaluate: (days: number) => days }],
});

const FROM_UNIXTIME = defineScalar({
  name: 'FROM_UNIXTIME',
  displayName: 'from_unixtime',
  category,
  description: 'The timestamp that lies a number of milliseconds after 1970-01-01T00:00 UTC.',
  examples: [{ sql: 'CAST(FROM_UNIXTIME(1000) AS STRING)', result: '"1970-01-01T00:00:01.000"' }],
  variants: [{ signature: '(epochMilli BIGINT) -> TIMESTAMP', nulls: 'propagate', evaluate: (ms: Long) => Number(ms) }],
});

const PARSERS_MAX = 100;

const PARSE_DATE = defineScalar({
  name: 'PARSE_DATE',
  displayName: 'parse_date',
  category,
  description:
    'A text as a date, by a pattern of java.text.SimpleDateFormat. Days and months out of range roll over; a time other than midnight is an error.',
  examples: [{ sql: "CAST(PARSE_DATE('18/05/2021', 'dd/MM/yyyy') AS STRING)", result: '"2021-05-18"' }],
  variants: [
    {
      signature: '(formattedDate STRING, formatPattern STRING) -> DATE',
      nulls: 'propagate',
      bind: (_types, _result, context) => {
        const parsers = new Map<string, SimpleDateParser>();
        const parserOf = (pattern: string): SimpleDateParser => {
          let parser = parsers.get(pattern);
          if (parser === undefined) {
            parser = simpleDateParser(pattern, context.now());
            if (parsers.size >= PARSERS_MAX) parsers.clear();
            parsers.set(pattern, parser);
          }
          return parser;
        };
        return (text: string, pattern: string) =>
          explain(`Failed to parse date '${text}' with formatter '${pattern}'`, () => {
            const ms = parserOf(pattern).parse(text);
            if (ms % DAY_MS !== 0) throw new Error('Date format contains time field.');
            return ms / DAY_MS;
          });
      },
    },
  ],
});

const PARSE_TIME = defineScalar({
  name: 'PARSE_TIME',
  displayName: 'parse_time',
  category,
  description: `A text as a time of day. ${PATTERN_TEXT}`,
  examples: [{ sql: "CAST(PARSE_TIME('02:30:05 PM', 'hh:mm:ss a') AS STRING)", result: '"14:30:05"' }],
  variants: [
    {
      signature: '(formattedTime STRING, formatPattern STRING) -> TIME',
      nulls: 'propagate',
      evaluate: (text: string, pattern: string) =>
        explain(`Failed to parse time '${text}' with formatter '${pattern}'`, () => {
          const parsed = datePattern(pattern).parse(text);
          if (parsed.mentionsDate) throw new Error('Time format contains date field.');
          if (parsed.nanoOfDay === null) throw new Error('Unable to obtain LocalTime: the text does not give the hour');
          return Math.floor(parsed.nanoOfDay / 1_000_000);
        }),
    },
  ],
});

function parseTimestamp(text: string, pattern: string, zoneId: string): number {
  return explain(`Failed to parse timestamp '${text}' at timezone '${zoneId}' with formatter '${pattern}'`, () =>
    timestampOfParsed(datePattern(pattern).parse(text), parseTimeZone(zoneId)),
  );
}

const PARSE_TIMESTAMP = defineScalar({
  name: 'PARSE_TIMESTAMP',
  displayName: 'parse_timestamp',
  category,
  description: `A text as a timestamp, in GMT or another time zone unless the text names one. What the pattern leaves out is taken from 1970-01-01T00:00. ${PATTERN_TEXT}`,
  examples: [{ sql: "UNIX_TIMESTAMP(PARSE_TIMESTAMP('1970-01-01 00:00:01', 'yyyy-MM-dd HH:mm:ss'))", result: '1000' }],
  variants: [
    {
      signature: '(formattedTimestamp STRING, formatPattern STRING) -> TIMESTAMP',
      nulls: 'propagate',
      evaluate: (text: string, pattern: string) => parseTimestamp(text, pattern, 'GMT'),
    },
    {
      signature: '(formattedTimestamp STRING, formatPattern STRING, timeZone STRING) -> TIMESTAMP',
      nulls: 'propagate',
      evaluate: parseTimestamp,
    },
  ],
});

const UNIX_DATE = defineScalar({
  name: 'UNIX_DATE',
  displayName: 'unix_date',
  category,
  deterministic: false,
  description: 'The days from 1970-01-01 to a date, or to today in the time zone of the machine.',
  examples: [{ sql: 'UNIX_DATE(FROM_DAYS(7))', result: '7' }],
  variants: [
    {
      signature: '() -> INT',
      nulls: 'pass',
      bind: (_types, _result, context) => () => {
        const now = context.now();
        return Math.floor((now + systemTimeZone().offsetAt(now) * 1000) / DAY_MS);
      },
    },
    { signature: '(date DATE) -> INT', nulls: 'propagate', evaluate: (days: number) => days },
  ],
});

const UNIX_TIMESTAMP = defineScalar({
  name: 'UNIX_TIMESTAMP',
  displayName: 'unix_timestamp',
  category,
  deterministic: false,
  description: 'The milliseconds from 1970-01-01T00:00 UTC to a timestamp, or to now.',
  examples: [{ sql: 'UNIX_TIMESTAMP(FROM_UNIXTIME(5))', result: '5' }],
  variants: [
    { signature: '() -> BIGINT', nulls: 'pass', bind: (_types, _result, context) => () => context.now() },
    {
      signature: '(timestamp TIMESTAMP) -> BIGINT',
      nulls: 'propagate',
      evaluate: (ms: number) => (Number.isSafeInteger(ms) ? ms : toBigintValue(BigInt(Math.trunc(ms)))),
    },
  ],
});

const DATETOSTRING = defineScalar({
  name: 'DATETOSTRING',
  displayName: 'datetostring',
  category,
  description: `Days since 1970-01-01 as text. Deprecated: use FORMAT_DATE. ${PATTERN_TEXT}`,
  examples: [{ sql: "DATETOSTRING(18765, 'yyyy-MM-dd')", result: '"2021-05-18"' }],
  variants: [
    {
      signature: '(epochDays INT, formatPattern STRING) -> STRING',
      nulls: 'pass',
      evaluate: (days: number | null, pattern: string | null) => {
        if (days === null) throw new Error(nullArgumentMessage(0));
        if (pattern === null) return null;
        return explain(`Failed to format date ${days} with formatter '${pattern}'`, () =>
          datePattern(pattern).formatDate(days),
        );
      },
    },
  ],
});

function requireTexts(function_: string, ...texts: (SqlValue | undefined)[]): void {
  if (texts.includes(null)) throw new Error(`${function_} does not take null`);
}

const STRINGTODATE = defineScalar({
  name: 'STRINGTODATE',
  displayName: 'stringtodate',
  category,
  description: `A text as days since 1970-01-01. Deprecated: use PARSE_DATE. ${PATTERN_TEXT}`,
  examples: [{ sql: "STRINGTODATE('2021-05-18', 'yyyy-MM-dd')", result: '18765' }],
  variants: [
    {
      signature: '(formattedDate STRING, formatPattern STRING) -> INT',
      nulls: 'pass',
      evaluate: (text: string | null, pattern: string | null) =>
        explain(`Failed to parse date '${text}' with formatter '${pattern}'`, () => {
          requireTexts('STRINGTODATE', text, pattern);
          const { days } = datePattern(pattern!).parse(text!);
          if (days === null) throw new Error('Unable to obtain LocalDate: the text gives no whole date');
          return days;
        }),
    },
  ],
});

const STRINGTOTIMESTAMP = defineScalar({
  name: 'STRINGTOTIMESTAMP',
  displayName: 'stringtotimestamp',
  category,
  description: `A text as milliseconds since 1970-01-01T00:00 UTC, in the time zone of the machine or another one unless the text names one. Deprecated: use PARSE_TIMESTAMP. ${PATTERN_TEXT}`,
  examples: [{ sql: "STRINGTOTIMESTAMP('1970-01-01 00:00:01', 'yyyy-MM-dd HH:mm:ss', 'UTC')", result: '1000' }],
  variants: [
    {
      signature: '(formattedTimestamp STRING, formatPattern STRING) -> BIGINT',
      nulls: 'pass',
      evaluate: (text: string | null, pattern: string | null) => {
        requireTexts('STRINGTOTIMESTAMP', text, pattern);
        return parseTimestamp(text!, pattern!, systemTimeZone().id);
      },
    },
    {
      signature: '(formattedTimestamp STRING, formatPattern STRING, timeZone STRING) -> BIGINT',
      nulls: 'pass',
      evaluate: (text: string | null, pattern: string | null, zone: string | null) => {
        requireTexts('STRINGTOTIMESTAMP', text, pattern, zone);
        return parseTimestamp(text!, pattern!, zone!);
      },
    },
  ],
});

const TIMESTAMPTOSTRING = defineScalar({
  name: 'TIMESTAMPTOSTRING',
  displayName: 'timestamptostring',
  category,
  description: `Milliseconds since 1970-01-01T00:00 UTC as text, in the time zone of the machine or another one. Deprecated: use FORMAT_TIMESTAMP. ${PATTERN_TEXT}`,
  examples: [{ sql: "TIMESTAMPTOSTRING(0, 'yyyy-MM-dd HH:mm:ss', 'UTC')", result: '"1970-01-01 00:00:00"' }],
  variants: [
    {
      signature: '(epochMilli BIGINT, formatPattern STRING) -> STRING',
      nulls: 'pass',
      evaluate: (ms: Long | null, pattern: string | null) => {
        if (ms === null) throw new Error(nullArgumentMessage(0));
        return pattern === null ? null : formatTimestamp(Number(ms), pattern, systemTimeZone);
      },
    },
    {
      signature: '(epochMilli BIGINT, formatPattern STRING, timeZone STRING) -> STRING',
      nulls: 'pass',
      evaluate: (ms: Long | null, pattern: string | null, zone: string | null) => {
        if (ms === null) throw new Error(nullArgumentMessage(0));
        if (pattern === null || zone === null) return null;
        return formatTimestamp(Number(ms), pattern, () => parseTimeZone(zone));
      },
    },
  ],
});

export const dateTimeFunctions: readonly ScalarDefinition[] = [
  CONVERT_TZ,
  shift(
    'DATEADD',
    'DATE',
    1,
    'A date later by an interval; what is less than a day is cut off.',
    { sql: 'CAST(DATEADD(DAYS, 3, FROM_DAYS(18765)) AS STRING)', result: '"2021-05-21"' },
    moveDate,
  ),
  shift(
    'DATESUB',
    'DATE',
    -1,
    'A date earlier by an interval; what is less than a day is cut off.',
    { sql: 'CAST(DATESUB(DAYS, 3, FROM_DAYS(18765)) AS STRING)', result: '"2021-05-15"' },
    moveDate,
  ),
  DATETOSTRING,
  FORMAT_DATE,
  FORMAT_TIME,
  FORMAT_TIMESTAMP,
  FROM_DAYS,
  FROM_UNIXTIME,
  PARSE_DATE,
  PARSE_TIME,
  PARSE_TIMESTAMP,
  STRINGTODATE,
  STRINGTOTIMESTAMP,
  shift(
    'TIMEADD',
    'TIME',
    1,
    'A time later by an interval; midnight is passed.',
    { sql: "CAST(TIMEADD(HOURS, 2, PARSE_TIME('23:30', 'HH:mm')) AS STRING)", result: '"01:30"' },
    moveTime,
  ),
  shift(
    'TIMESTAMPADD',
    'TIMESTAMP',
    1,
    'A timestamp later by an interval; a day has 24 hours.',
    { sql: 'UNIX_TIMESTAMP(TIMESTAMPADD(SECONDS, 2, FROM_UNIXTIME(0)))', result: '2000' },
    moveTimestamp,
  ),
  shift(
    'TIMESTAMPSUB',
    'TIMESTAMP',
    -1,
    'A timestamp earlier by an interval; a day has 24 hours.',
    { sql: 'UNIX_TIMESTAMP(TIMESTAMPSUB(SECONDS, 2, FROM_UNIXTIME(0)))', result: '-2000' },
    moveTimestamp,
  ),
  TIMESTAMPTOSTRING,
  shift(
    'TIMESUB',
    'TIME',
    -1,
    'A time earlier by an interval; midnight is passed.',
    { sql: "CAST(TIMESUB(HOURS, 2, PARSE_TIME('01:30', 'HH:mm')) AS STRING)", result: '"23:30"' },
    moveTime,
  ),
  UNIX_DATE,
  UNIX_TIMESTAMP,
];
