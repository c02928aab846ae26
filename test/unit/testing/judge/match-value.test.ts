import { describe, expect, test } from 'vitest';
import { parseJsonLossless } from '../../../../src/model/json-text.js';
import { type ActualValue, actualInteger, actualJson } from '../../../../src/testing/judge/actual-value.js';
import { difference } from '../../../../src/testing/judge/match-value.js';

const json = (text: string): ActualValue => actualJson(parseJsonLossless(text), true);
const differs = (expected: string, actual: ActualValue): boolean =>
  difference(parseJsonLossless(expected), actual) !== null;

describe('expected numbers', () => {
  test.each([
    ['7', '7'],
    ['7.9', '7'],
    ['-7.9', '-7'],
    ['4294967303', '7'],
    ['9223372036854775807', '9223372036854775807'],
    ['1.50', '1.50'],
    ['150e-2', '1.50'],
    ['2.5E7', '2.5E7'],
    ['1000', '1E3'],
  ])('%s is met by the JSON %s', (expected, actual) => expect(differs(expected, json(actual))).toBe(false));

  test.each([
    ['7', '8'],
    ['1.50', '1.5'],
    ['1.5', '1.50'],
    ['1', '1.0'],
    ['2.5E7', '25000000.0'],
    ['1', '"1"'],
    ['1', 'true'],
    ['9223372036854775808', '9223372036854775808'],
  ])('%s is not met by the JSON %s', (expected, actual) => expect(differs(expected, json(actual))).toBe(true));

  test('are cut to the bits of the actual integer', () => {
    expect(differs('18446744073709551617', actualInteger(2n ** 40n))).toBe(true);
    expect(differs(String(2n ** 64n + 2n ** 40n), actualInteger(2n ** 40n))).toBe(false);
  });

  test('meet doubles within a millionth', () => {
    expect(differs('0.1000009', { kind: 'double', value: 0.1 })).toBe(false);
    expect(differs('0.100002', { kind: 'double', value: 0.1 })).toBe(true);
  });

  test('with a point are doubles where exact comparison is off', () => {
    const actual = actualJson(parseJsonLossless('1.5000000001'), false);
    expect(differs('1.5', actual)).toBe(false);
  });
});

describe('expected texts', () => {
  test('meet equal texts, decimals by digits and scale, bytes by base64', () => {
    expect(differs('"a"', 'a')).toBe(false);
    expect(differs('"1.50"', json('1.50'))).toBe(false);
    expect(differs('"1.5"', json('1.50'))).toBe(true);
    expect(differs('"AQI="', Buffer.from([1, 2]))).toBe(false);
    expect(differs('"1"', json('1'))).toBe(true);
  });
});

describe('expected objects', () => {
  test('look a member up by its name, then by its name in capitals', () => {
    expect(differs('{"a": 1}', json('{"A": 1}'))).toBe(false);
    expect(differs('{"A": 1}', json('{"a": 1}'))).toBe(true);
    expect(differs('{"a": 2}', json('{"a": null}'))).toBe(true);
  });

  test('have as many members as the actual one, null members included', () => {
    expect(differs('{"A": 1}', json('{"A": 1, "B": null}'))).toBe(true);
    expect(differs('{"A": 1, "C": null}', json('{"A": 1, "B": 2}'))).toBe(false);
  });

  test('say where they differ', () => {
    expect(difference(parseJsonLossless('{"A": [{"B": 1}]}'), json('{"A": [{"B": 2}]}'))).toBe(
      'A[0].B: expected 1, got 2',
    );
  });
});

test('lists have the same length and order', () => {
  expect(differs('[1, 2]', json('[1, 2]'))).toBe(false);
  expect(differs('[1, 2]', json('[2, 1]'))).toBe(true);
  expect(differs('[1]', json('[1, 1]'))).toBe(true);
});

test('null and booleans are only themselves', () => {
  expect(differs('null', null)).toBe(false);
  expect(differs('null', '')).toBe(true);
  expect(differs('false', false)).toBe(false);
  expect(differs('false', null)).toBe(true);
});
