import { describe, expect, it } from 'vitest';
import { call } from '../call.js';
import { failure, json } from '../sql.js';

const hex = (text: string) => `TO_BYTES('${text}', 'hex')`;

describe('text functions', () => {
  it.each([
    ["CONCAT('a', NULL, 'b')", '"ab"'],
    ['CONCAT(CAST(NULL AS STRING), NULL)', '""'],
    [`FROM_BYTES(CONCAT(${hex('01')}, ${hex('02')}), 'hex')`, '"0102"'],
    ["CONCAT_WS(CAST(NULL AS STRING), 'a')", 'null'],
    ["CONCAT_WS('-', 'a', '', NULL, 'b')", '"a--b"'],
    ["SUBSTRING('stream', 0)", '"stream"'],
    ["SUBSTRING('stream', -3, 2)", '"ea"'],
    ["SUBSTRING('stream', -30, 2)", '"st"'],
    ["SUBSTRING('stream', 9)", '""'],
    ["SUBSTRING('stream', 2, -1)", '""'],
    ["SUBSTRING('stream', 2, 2147483647)", '"tream"'],
    [`FROM_BYTES(SUBSTRING(${hex('010203')}, 2, 1), 'hex')`, '"02"'],
    ["LPAD('foo', 7, 'Bar')", '"BarBfoo"'],
    ["RPAD('foo', 7, 'Bar')", '"fooBarB"'],
    ["LPAD('foo', 2, 'Bar')", '"fo"'],
    ["RPAD('foo', 0, 'Bar')", '""'],
    ["LPAD('foo', -1, 'Bar')", 'null'],
    ["LPAD('foo', 4, '')", 'null'],
    [`FROM_BYTES(LPAD(${hex('aa')}, 4, ${hex('0102')}), 'hex')`, '"010201AA"'],
    ["INITCAP('  the qUICK  fox')", '"The Quick  Fox"'],
    ["INSTR('corporate floor', 'or', 4)", '5'],
    ["INSTR('corporate floor', 'or', 3, 2)", '14'],
    ["INSTR('corporate floor', 'or', -4, 2)", '2'],
    ["INSTR('corporate floor', 'or', 1, 9)", '0'],
    ["INSTR('abc', 'z')", '0'],
    ["INSTR('abc', CAST(NULL AS STRING))", '0'],
    ["INSTR('abc', 'c', 99)", '0'],
    ['CHR(128512)', '"😀"'],
    ['CHR(-1)', 'null'],
    ['CHR(1114112)', 'null'],
    ["CHR('\\u004b\\u0061')", '"Ka"'],
    ["CHR('x')", 'null'],
    ["ELT(0, 'a')", 'null'],
    ["ELT(3, 'a')", 'null'],
    ["FIELD('c', 'a', 'b')", '0'],
    ["FIELD(CAST(NULL AS STRING), 'a', NULL)", '0'],
    ["REPLACE('aaa', 'aa', 'b')", '"ba"'],
    ["REPLACE('ab', '', '-')", '"-a-b-"'],
    ["REPLACE('a.b', '.', '$&')", '"a$&b"'],
    ["SPLIT('', ',')", '[""]'],
    ["SPLIT('abc', '')", '["a","b","c"]'],
    ["SPLIT('a.b.', '.')", '["a","b",""]'],
    ["SPLIT_TO_MAP('a=b=c;;x;a=d', ';', '=')", '{"a":"d"}'],
    ["SPLIT_TO_MAP('a=b=c', ';', '=')", '{"a":"b"}'],
    ["SPLIT_TO_MAP('a=b', '=', '=')", 'null'],
    ["TRIM('\t a\n')", '"a"'],
    ["MASK('Ab1-é')", '"Xxn-x"'],
    ["MASK('Ab1-', 'U', NULL, 'd', NULL)", '"Ubd-"'],
    ["MASK_KEEP_LEFT('Ab1-', 99)", '"Ab1-"'],
    ["MASK_RIGHT('Ab1-', 2)", '"Abn-"'],
    ["MD5('zero')", '"d02c4c4cde7ae76252540d116a40f23a"'],
    [`UUID(${hex('00112233445566778899AABBCCDDEEFF')})`, '"00112233-4455-6677-8899-aabbccddeeff"'],
    [`UUID(${hex('00')})`, 'null'],
  ])('%s is %s', (sql, expected) => {
    expect(json(sql)).toBe(expected);
  });

  it.each([
    ["CONCAT_WS('-')", 'Function Concat_WS expects at least two input arguments.'],
    ["MASK('a', 'xy', 'x', 'n', '-')", "Invalid mask character. Must be only single character, but was 'xy'"],
    ["MASK_LEFT('a', -1)", 'function mask_left requires a non-negative number of characters to mask or skip'],
    ["LPAD('a', 2147483647, 'b')", 'LPAD would make a value of length 2147483647; the limit is 16777216'],
    ["RPAD('a', 100000000, 'b')", 'RPAD would make a value of length 100000000; the limit is 16777216'],
    ["ELT(CAST(NULL AS INT), 'a')", "Can't coerce argument at index 0 from null to a primitive type"],
  ])('%s fails: %s', (sql, message) => {
    expect(failure(sql)).toBe(message);
  });

  it('refuses to make a text that grows past the limit', () => {
    const long = 'x'.repeat(1_000_000);
    expect(() => call('REPLACE', 'STRING, STRING, STRING', long, 'x', long)).toThrow('the limit is');
    expect(() => call('CONCAT_WS', 'STRING, STRING, STRING', long, ...new Array(20).fill(long))).toThrow(
      'the limit is',
    );
    expect(() => call('REGEXP_REPLACE', 'STRING, STRING, STRING', long, 'x', long)).toThrow('the limit is');
  });

  it('gives random UUIDs of version 4', () => {
    const one = call('UUID', '') as string;
    expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(call('UUID', '')).not.toBe(one);
  });
});

describe('encodings', () => {
  it.each([
    ["ENCODE('1a2B', 'hex', 'base64')", '"Gis="'],
    ["ENCODE('0x1', 'hex', 'base64')", '"AQ=="'],
    [`ENCODE('X''1a''', 'hex', 'utf8')`, '"\\u001A"'],
    ["ENCODE('zürich', 'utf8', 'ascii')", '"z��rich"'],
    ["ENCODE('zürich', 'ascii', 'hex')", '"7a3f72696368"'],
    ["ENCODE('_-8', 'base64', 'hex')", '"ffef"'],
    ["FROM_BYTES(TO_BYTES('aGk=', 'base64'), 'UTF8')", '"hi"'],
    ["BIGINT_FROM_BYTES(TO_BYTES('7FFFFFFFFFFFFFFF', 'hex'))", '9223372036854775807'],
    ["INT_FROM_BYTES(TO_BYTES('FFFFFFFE', 'hex'))", '-2'],
    ["INT_FROM_BYTES(TO_BYTES('01000000', 'hex'), 'little_endian')", '1'],
  ])('%s is %s', (sql, expected) => {
    expect(json(sql)).toBe(expected);
  });

  it.each([
    ["ENCODE('a', 'hex', 'hex')", 'Supported input and output encodings are: hex, utf8, ascii and base64'],
    [
      "FROM_BYTES(TO_BYTES('a', 'ascii'), 'Latin')",
      "Unknown encoding type 'latin'. Supported formats are 'hex', 'utf8', 'ascii', and 'base64'.",
    ],
    ["INT_FROM_BYTES(TO_BYTES('01', 'hex'))", 'Number of bytes must be equal to 4, but found 1'],
    [
      "INT_FROM_BYTES(TO_BYTES('01000000', 'hex'), 'x')",
      "Byte order must be BIG_ENDIAN or LITTLE_ENDIAN. Unknown byte order 'x'.",
    ],
    ["TO_BYTES('abc', 'hex')", 'invalid hexadecimal text of length 3'],
    ["TO_BYTES('a===', 'base64')", 'invalid base64 text of length 4'],
  ])('%s fails: %s', (sql, message) => {
    expect(failure(sql)).toBe(message);
  });
});

describe('regular expressions', () => {
  it.each([
    ["REGEXP_EXTRACT('(\\w+)@(\\w+)', 'me@home', 2)", '"home"'],
    ["REGEXP_EXTRACT('(a)(b)?', 'a', 2)", 'null'],
    ["REGEXP_EXTRACT('a', 'b')", 'null'],
    ["REGEXP_EXTRACT('a', 'a', 1)", 'null'],
    ["REGEXP_EXTRACT_ALL('x', 'abc')", '[]'],
    ["REGEXP_EXTRACT_ALL('(?i)[a-c]', 'aBx')", '["a","B"]'],
    ["REGEXP_EXTRACT_ALL('(?<d>[0-9])', '12', 1)", '["1","2"]'],
    ["REGEXP_EXTRACT_ALL('\\p{Alpha}+', 'ab1cd')", '["ab","cd"]'],
    ["REGEXP_REPLACE('banana', 'a', '<$0>')", '"b<a>n<a>n<a>"'],
    ["REGEXP_REPLACE('banana', '(?<x>n)', '${x}\\$1')", '"ban$1an$1a"'],
    ["REGEXP_REPLACE('abc', 'x*', '-')", '"-a-b-c-"'],
    ["REGEXP_SPLIT_TO_ARRAY('xabxx', 'x')", '["","ab","",""]'],
    ["REGEXP_SPLIT_TO_ARRAY('abc', '')", '["a","b","c"]'],
    ["REGEXP_SPLIT_TO_ARRAY('a1b2', '[0-9]*')", '["a","","b"]'],
  ])('%s is %s', (sql, expected) => {
    expect(json(sql)).toBe(expected);
  });

  it.each([
    ["REGEXP_EXTRACT('(', 'a')", 'Invalid regular expression pattern: ('],
    ["REGEXP_EXTRACT('(?=a)', 'a')", 'look-around and atomic groups are not supported'],
    ["REGEXP_EXTRACT('(a)\\1', 'aa')", '\\1 is not supported'],
    ["REGEXP_EXTRACT('a*+', 'a')", 'possessive quantifiers are not supported'],
    ["REGEXP_EXTRACT('[a&&b]', 'a')", 'class intersections are not supported'],
    ["REGEXP_REPLACE('a', 'a', '$1')", 'No group 1'],
    ["REGEXP_EXTRACT('\\p{constructor}', 'a')", 'Invalid regular expression pattern'],
  ])('%s fails: %s', (sql, message) => {
    expect(failure(sql)).toContain(message);
  });

  it('answers hostile patterns in linear time', () => {
    const start = performance.now();
    expect(call('REGEXP_EXTRACT', 'STRING, STRING', '^(a+)+$', `${'a'.repeat(50_000)}!`)).toBeNull();
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe('URLs', () => {
  const url = 'https://user@docs.example.com:8443/a%20b/c?x=1&y&z=%26=#f%2f';
  it.each([
    [`URL_EXTRACT_HOST('${url}')`, '"docs.example.com"'],
    [`URL_EXTRACT_PORT('${url}')`, '8443'],
    [`URL_EXTRACT_PATH('${url}')`, '"/a b/c"'],
    [`URL_EXTRACT_FRAGMENT('${url}')`, '"f/"'],
    [`URL_EXTRACT_PROTOCOL('${url}')`, '"https"'],
    [`URL_EXTRACT_PARAMETER('${url}', 'y')`, '""'],
    [`URL_EXTRACT_PARAMETER('${url}', 'z')`, '""'],
    [`URL_EXTRACT_PARAMETER('${url}', 'q')`, 'null'],
    ["URL_EXTRACT_PATH('http://h')", '""'],
    ["URL_EXTRACT_QUERY('http://h')", 'null'],
    ["URL_EXTRACT_HOST('http://under_score/')", 'null'],
    ["URL_EXTRACT_PORT('http://h/')", 'null'],
    ["URL_EXTRACT_PATH('mailto:a@b')", 'null'],
    ["URL_ENCODE_PARAM('a b!~*é')", '"a+b%21%7E*%C3%A9"'],
    ["URL_DECODE_PARAM('a+b%21%C3%A9')", '"a b!é"'],
  ])('%s is %s', (sql, expected) => {
    expect(json(sql)).toBe(expected);
  });

  it('refuses what is no URL', () => {
    expect(failure("URL_EXTRACT_HOST('http://257.1/bogus/[url')")).toBe(
      'URL input has invalid syntax: http://257.1/bogus/[url',
    );
    expect(failure("URL_DECODE_PARAM('%zz')")).toContain('Illegal hex characters');
  });
});
