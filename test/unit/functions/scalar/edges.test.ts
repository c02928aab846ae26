import { describe, expect, it } from 'vitest';
import { failure, json } from '../sql.js';

const D = (text: string) => `CAST(${text} AS DOUBLE)`;

/* Nulls, bounds and spellings that the tests of the families leave out; what real Java says where ksqlDB hands over to it. */

describe('numbers', () => {
  it.each([
    ['LOG(100)', '4.605170185988092'],
    ['LOG(0, 8)', '"NaN"'],
    ['LOG(2, 0)', '"-Infinity"'],
    ['CEIL(5)', '5'],
    ['ROUND(99.5)', '100'],
    ['ROUND(12.345, -1)', '10.000'],
    ['ROUND(5)', '5'],
    [`ROUND(${D('2.5')}, CAST(NULL AS INT))`, 'null'],
    ['TRUNC(CAST(NULL AS INT))', 'null'],
    ['TRUNC(-1.99)', '-1'],
    ['TRUNC(-199.99, -2)', '-100.00'],
    ['TRUNC(1e300)', '9223372036854775807'],
    ['SIGN(-1.5)', '-1'],
    ['SQRT(2.25)', '1.5'],
    ["GREATEST('2020-01-01', CAST('2021-01-01' AS DATE))", '"2021-01-01"'],
    ["LEAST(TO_BYTES('ff', 'hex'), TO_BYTES('01', 'hex'))", '"/w=="'],
    [`LEAST(${D('1')}, SQRT(-1))`, '1.0'],
    ['GREATEST(1, 2e0)', '2.0'],
    ["GEO_DISTANCE(0, 0, 0, 90, ' ') = GEO_DISTANCE(0, 0, 0, 90, 'Kilometres')", 'true'],
    ['GEO_DISTANCE(0, 0, 0, 90, CAST(NULL AS STRING)) = GEO_DISTANCE(0, 0, 0, 90)', 'true'],
    ['`ABS`(-1)', '1'],
  ])('%s is %s', (sql, expected) => {
    expect(json(sql)).toBe(expected);
  });

  it.each([
    'ABS(NULL)',
    'GREATEST(NULL, NULL)',
    'GREATEST(1, 2.5)',
    'GREATEST(1.5, 3)',
    'ROUND(NULL)',
    'ROUND(5, 1)',
    'TRUNC(5, 1)',
  ])('%s is ambiguous', (sql) => {
    expect(() => json(sql)).toThrow('cannot be resolved due to ambiguous method parameters');
  });

  it('takes no null where ksqlDB has a primitive, and no text for a number', () => {
    for (const sql of ['ROUND(CAST(NULL AS INT))', 'FROM_DAYS(CAST(NULL AS INT))', 'GEO_DISTANCE(NULL, 1, 1, 1)']) {
      expect(failure(sql)).toContain('null');
    }
    expect(failure('GEO_DISTANCE(1, 181, 3, 4)')).toContain('valid longitude values');
    expect(() => json("SQRT('4')")).toThrow("Function 'sqrt' does not accept parameters (STRING).");
  });
});

describe('collections', () => {
  it.each([
    ['ARRAY_CONCAT(NULL, ARRAY[1])', '[1]'],
    ['ARRAY_CONTAINS(CAST(NULL AS ARRAY<INT>), 1)', 'false'],
    ['ARRAY_CONTAINS(ARRAY[1, NULL], NULL)', 'true'],
    ['ARRAY_EXCEPT(ARRAY[1, NULL, 2, 2], ARRAY[NULL, 1])', '[2]'],
    ['ARRAY_INTERSECT(ARRAY[3, 1, NULL, 3], ARRAY[NULL, 3])', '[3,null]'],
    ['ARRAY_UNION(ARRAY[1, 2, 1], ARRAY[3, 2])', '[1,2,3]'],
    ['ARRAY_JOIN(ARRAY[1e0, NULL, 1e10], CAST(NULL AS STRING))', '"1.0null1.0E10"'],
    ['ARRAY_MAX(ARRAY[TRUE, FALSE])', 'true'],
    ['ARRAY_MAX(ARRAY[1, 2.5])', '2.5'],
    ['ARRAY_MIN(ARRAY[CAST(NULL AS INT)])', 'null'],
    ["ARRAY_SORT(ARRAY[3, NULL, 1], 'descending')", '[3,1,null]'],
    ["ARRAY_SORT(ARRAY[3], 'x')", 'null'],
    ["AS_MAP(ARRAY['a', 'b', 'a'], ARRAY[1])", '{"a":null,"b":null}'],
    ["ENTRIES(MAP('b' := 1.5, 'a' := 2), TRUE)", '[{"K":"a","V":2.0},{"K":"b","V":1.5}]'],
    ['ENTRIES(CAST(NULL AS MAP<STRING, INT>), TRUE)', 'null'],
    ["FIELD('b', 'a', NULL, 'b')", '3'],
    ['ELT(1)', 'null'],
    ['GENERATE_SERIES(5, 1)', '[5,4,3,2,1]'],
    ['GENERATE_SERIES(1, 1, -3)', '[1]'],
    ['GENERATE_SERIES(1, 3000000000, 1000000000)', '[1,1000000001,2000000001]'],
    ['SLICE(ARRAY[1, 2, 3], 0, 2)', 'null'],
    ['SLICE(ARRAY[1, 2, 3], 2, 4)', 'null'],
    ['SLICE(ARRAY[1, 2, 3], 3, 2)', '[]'],
    ['SLICE(ARRAY[1, 2, 3], NULL, NULL)', '[1,2,3]'],
    ['FILTER(ARRAY[1, NULL, 3], x => x > 1)', '[3]'],
    ['FILTER(CAST(NULL AS ARRAY<INT>), x => TRUE)', 'null'],
    ['REDUCE(ARRAY[1, 2], CAST(NULL AS INT), (s, x) => s + x)', 'null'],
    ['REDUCE(CAST(NULL AS ARRAY<INT>), 5, (s, x) => s + x)', '5'],
    ['REDUCE(ARRAY[1, 2], CAST(5 AS BIGINT), (s, x) => s + x)', '8'],
    ['TRANSFORM(ARRAY[ARRAY[1, 2], ARRAY[3]], x => REDUCE(x, 0, (s, y) => s + y))', '[3,3]'],
  ])('%s is %s', (sql, expected) => {
    expect(json(sql)).toBe(expected);
  });

  it.each([
    ['GENERATE_SERIES(1, 5, 0)', 'GENERATE_SERIES step cannot be zero'],
    ['GENERATE_SERIES(1, 5, -1)', 'GENERATE_SERIES step has wrong sign'],
    ['ARRAY_JOIN(ARRAY[ARRAY[1]])', 'error: hit element of type ARRAY<INTEGER> which is currently not supported'],
    ['SLICE(ARRAY[1, 2, 3], 3, 1)', 'fromIndex(2) > toIndex(1)'],
    ["ENTRIES(MAP('a' := 1), CAST(NULL AS BOOLEAN))", "Can't coerce argument at index 1 from null"],
    ['FILTER(ARRAY[TRUE, NULL], x => x)', 'the predicate of FILTER is null'],
    ["FILTER(MAP('a' := 1, 'b' := NULL), (k, v) => TRUE)", 'cannot keep a map entry whose value is null'],
    ["TRANSFORM(MAP('a' := 1, 'b' := 2), (k, v) => 'z', (k, v) => v)", 'two map entries with the same key'],
    ["TRANSFORM(MAP('a' := 1), (k, v) => k, (k, v) => CAST(NULL AS INT))", 'a map entry whose value is null'],
  ])('%s fails: %s', (sql, message) => {
    expect(failure(sql)).toContain(message);
  });

  it.each([
    ['ARRAY_CONTAINS(ARRAY[1.0], 1.00)', '(ARRAY<DECIMAL(2, 1)>, DECIMAL(3, 2)).'],
    ['REDUCE(ARRAY[CAST(1 AS BIGINT)], 5, (s, x) => s + x)', 'LAMBDA (INTEGER, BIGINT) => BIGINT).'],
    ['TRANSFORM(ARRAY[1], (x, y) => x)', '(ARRAY<INTEGER>, LAMBDA).'],
    ['TRANSFORM(ARRAY[1])', '(ARRAY<INTEGER>).'],
    ['FILTER(ARRAY[1], x => x + 1)', 'LAMBDA (INTEGER) => INTEGER).'],
  ])('%s is refused: ...%s', (sql, message) => {
    expect(() => json(sql)).toThrow(message);
  });
});

describe('texts, JSON and bytes', () => {
  it.each([
    ["INSTR('', '')", '0'],
    ["INSTR('abcabc', 'b', -1, 2)", '2'],
    ["MASK('Aé1 😀')", '"Xxn---"'],
    ["SPLIT('a', CAST(NULL AS STRING))", 'null'],
    ["CONCAT_WS('-', CAST(NULL AS STRING))", '""'],
    ["TRIM(CHR(160) || 'a') = 'a'", 'false'],
    ["LEN('😀')", '2'],
    ["LEN(TO_BYTES('é', 'utf8'))", '2'],
    ["UCASE('ß') || LCASE('İ') || LCASE('ΑΣ')", '"SSi̇ας"'],
    ["TO_BYTES('YQ', 'base64')", '"YQ=="'],
    ["BIGINT_FROM_BYTES('AAAAAAAAACo=')", '42'],
    ["REGEXP_REPLACE('a', CAST(NULL AS STRING), 'b')", 'null'],
    [`EXTRACTJSONFIELD('{"a":1e3}', '$.a')`, '"1000"'],
    [`EXTRACTJSONFIELD('{"a":null}', '$.a')`, '"null"'],
    [`EXTRACTJSONFIELD('{"a b":[1,{"c":2}]}', '$["a b"][1].c')`, '"2"'],
    ["EXTRACTJSONFIELD('[1,2]', '$.1')", '"2"'],
    ["EXTRACTJSONFIELD('[1,2]', '$.x')", 'null'],
    ["EXTRACTJSONFIELD('', '$.a')", 'null'],
    ["IS_JSON_STRING('1 x')", 'true'],
    ["JSON_ARRAY_CONTAINS('[1.0]', 1)", 'false'],
    ["JSON_ARRAY_CONTAINS('[1]', 1e0)", 'false'],
    ["JSON_ARRAY_CONTAINS('[null]', NULL)", 'true'],
    ["JSON_ARRAY_CONTAINS('[[1]]', 1)", 'false'],
    ["JSON_ARRAY_LENGTH('')", 'null'],
    [`JSON_CONCAT('{"a":1}', '[2]')`, '"[{\\"a\\":1},2]"'],
    ["TO_JSON_STRING(CAST('2020-01-02T03:04:05.006' AS TIMESTAMP))", '"\\"2020-01-02T03:04:05.006\\""'],
    ['TO_JSON_STRING(NULL)', '"null"'],
    ["NULLIF('a', CAST(NULL AS STRING))", '"a"'],
  ])('%s is %s', (sql, expected) => {
    expect(json(sql)).toBe(expected);
  });

  it.each([
    ["JSON_ITEMS('{}')", 'JSON_ITEMS needs a JSON array'],
    ["JSON_ARRAY_LENGTH('[')", 'Invalid JSON format:['],
    ["EXTRACTJSONFIELD('[1]', '$[-1]')", "Invalid JSON path: '$[-1]'"],
    ['JSON_ARRAY_CONTAINS(CAST(NULL AS STRING), 1)', 'it is null'],
    ["ENCODE('abc', 'hex', 'utf8')", 'invalid hexadecimal text of length 3'],
    ["BIGINT_FROM_BYTES(TO_BYTES('00', 'hex'))", 'Number of bytes must be equal to 8, but found 1'],
    ["INSTR('abc', 'b', CAST(NULL AS INT))", "Can't coerce argument at index 2 from null to a primitive type"],
    ["MASK_KEEP_RIGHT('abc', CAST(NULL AS INT))", "Can't coerce argument at index 1 from null to a primitive type"],
  ])('%s fails: %s', (sql, message) => {
    expect(failure(sql)).toContain(message);
  });

  it('has no text of nothing', () => {
    expect(() => json('CONCAT()')).toThrow('ambiguous method parameters ().');
    expect(() => json('CONCAT(NULL, NULL)')).toThrow('ambiguous method parameters (null, null).');
    expect(() => json('COALESCE()')).toThrow("Function 'COALESCE' does not accept parameters ().");
    expect(() => json("'a' || 1")).toThrow("Function 'concat' does not accept parameters (STRING, INTEGER).");
  });
});

describe('dates and times', () => {
  const at = (pattern: string, zone: string) =>
    `FORMAT_TIMESTAMP(CAST('2021-07-03T00:05:06.789' AS TIMESTAMP), '${pattern}', '${zone}')`;
  it.each([
    [
      at('y u yy yyyy yyyyy M MM MMM MMMM MMMMM L LLL d dd D', 'GMT'),
      '"2021 2021 21 2021 02021 7 07 Jul July J 7 Jul 3 03 184"',
    ],
    [
      at('E EEEE EEEEE e a H h K k m s S SSS SSSSSS A n N', 'GMT'),
      '"Sat Saturday S 7 AM 0 12 0 24 5 6 7 789 789000 306789 789000000 306789000000"',
    ],
    [at('w W Y q Q QQQ QQQQ G GGGG c F g ppH', 'GMT'), '"27 1 2021 3 3 Q3 3rd quarter AD Anno Domini 7 3 59398  0"'],
    [
      at('VV z zzzz O OOOO X XX XXX x Z ZZZZ ZZZZZ', 'America/New_York'),
      '"America/New_York EDT Eastern Daylight Time GMT-4 GMT-04:00 -04 -0400 -04:00 -04 -0400 GMT-04:00 -04:00"',
    ],
    [at('VV z zzzz O X x Z', 'GMT+2'), '"GMT+02:00 GMT+02:00 GMT+02:00 GMT+2 +02 +02 +0200"'],
    [at("[yyyy][''x''] ''o''''clock''", 'GMT'), `"2021x o'clock"`],
    ["PARSE_TIMESTAMP('2021-W05-2', 'YYYY-''W''ww-e')", '"2021-01-25T00:00:00.000"'],
    ["PARSE_TIMESTAMP('1618', 'A')", '"1970-01-01T00:00:01.618"'],
    ["PARSE_TIMESTAMP('10 1', 'D H')", '"1970-01-10T01:00:00.000"'],
    ["PARSE_TIME('24:00', 'HH:mm')", '"00:00"'],
    ["PARSE_TIME('2 pm', 'h a')", '"14:00"'],
    ["PARSE_DATE('2021-05-18 GMT', 'yyyy-MM-dd z')", '"2021-05-18"'],
    ["PARSE_DATE('2021 20 2', 'YYYY w u')", '"2021-05-11"'],
    ["PARSE_DATE('-2021-05-18', 'yyyy-MM-dd')", '"-2021-05-01"'],
    ["PARSE_DATE('1 BC', 'y G')", '"-0001-12-30"'],
    ["PARSE_DATE('2021518', 'yyyyMd')", '"2021-05-18"'],
    ["DATEADD(HOURS, 23, CAST('2020-01-01' AS DATE))", '"2020-01-01"'],
    ["DATEADD(HOURS, -1, CAST('1969-12-31' AS DATE))", '"1969-12-31"'],
    ["DATEADD(DAY, 1, '2020-01-01')", '"2020-01-02"'],
    ["TIMESUB(HOUR, 11, CAST('10:00' AS TIME))", '"23:00"'],
    ["TIMESTAMPADD(DAYS, NULL, CAST('2020-01-01' AS TIMESTAMP))", 'null'],
    ["UNIX_TIMESTAMP('1970-01-01T00:00:01')", '1000'],
    ["TIMESTAMPTOSTRING(0, 'yyyy', CAST(NULL AS STRING))", 'null'],
  ])('%s is %s', (sql, expected) => {
    expect(json(sql)).toBe(expected);
  });

  it.each([
    [at('ddd', 'GMT'), 'Too many pattern letters: d'],
    [at('p y', 'GMT'), "Pad letter 'p' must be followed by valid pad pattern: p y"],
    [at('SSSSSSSSSS', 'GMT'), 'Minimum width must be from 0 to 9 inclusive but was 10'],
    [at("''x", 'GMT'), "Pattern ends with an incomplete string literal: 'x"],
    [at('{', 'GMT'), "Pattern includes reserved character: '{'"],
    [at('yyyy', 'PST'), 'Unknown time-zone ID: PST'],
    ["PARSE_DATE('2021-05-18', 'yyyy-bb-dd')", "Illegal pattern character 'b'"],
    ["PARSE_DATE('2021-05-18+0200', 'yyyy-MM-ddZ')", 'Date format contains time field.'],
    ["PARSE_DATE('Tues 18 May 2021', 'E d MMM yyyy')", 'Unparseable date: "Tues 18 May 2021"'],
    ["CONVERT_TZ(CAST('2020-01-01' AS TIMESTAMP), 'UTC', 'Nowhere')", 'Invalid time zone: '],
  ])('%s fails: %s', (sql, message) => {
    expect(failure(sql)).toContain(message);
  });

  it('counts in INT', () => {
    const call = "TIMESTAMPADD(DAYS, CAST(1 AS BIGINT), CAST('2020-01-01' AS TIMESTAMP))";
    expect(() => json(call)).toThrow("'timestampadd' does not accept parameters (INTERVALUNIT, BIGINT, TIMESTAMP).");
  });
});

describe('URLs', () => {
  it.each([
    ["URL_ENCODE_PARAM('a b~*-._é')", '"a+b%7E*-._%C3%A9"'],
    ["URL_EXTRACT_QUERY('http://a.com/?a=%20b')", '"a= b"'],
    ["URL_EXTRACT_PARAMETER('http://a.com/?a&b=c=d', 'b')", '"c=d"'],
  ])('%s is %s', (sql, expected) => {
    expect(json(sql)).toBe(expected);
  });
});
