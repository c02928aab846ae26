import { parseDecimal } from '../../model/decimal.js';
import { JsonNumber, type JsonObject, type JsonValue, writeJson } from '../../model/json-text.js';
import { type ActualNumber, type ActualObject, type ActualValue, actualText, isIntegerText } from './actual-value.js';

/** Doubles that differ by less than this are equal. */
const DOUBLE_TOLERANCE = 0.000001;

/** Where and how an actual value differs from the expected one: `A.B[2]: expected 1, got 2`; null when it matches. */
export function difference(expected: JsonValue, actual: ActualValue, path = ''): string | null {
  if (Array.isArray(expected)) return listDifference(expected, actual, path);
  if (expected instanceof Map) return objectDifference(expected, actual, path);
  return matchesScalar(expected, actual) ? null : differs(expected, actual, path);
}

function differs(expected: JsonValue, actual: ActualValue, path: string): string {
  return `${path === '' ? '' : `${path}: `}expected ${writeJson(expected)}, got ${actualText(actual)}`;
}

function listDifference(expected: readonly JsonValue[], actual: ActualValue, path: string): string | null {
  if (!Array.isArray(actual) || actual.length !== expected.length) return differs([...expected], actual, path);
  for (let i = 0; i < expected.length; i++) {
    const found = difference(expected[i]!, actual[i]!, `${path}[${i}]`);
    if (found !== null) return found;
  }
  return null;
}

/** The same number of members; each is looked up by its name and, if that gives null, by its name in capitals. */
function objectDifference(expected: JsonObject, actual: ActualValue, path: string): string | null {
  if (!(actual instanceof Map)) return differs(expected, actual, path);
  const members = actual as ActualObject;
  if (members.size !== expected.size) return differs(expected, actual, path);
  for (const [name, value] of expected) {
    const found = members.get(name) ?? members.get(name.toUpperCase()) ?? null;
    const inner = difference(value, found, path === '' ? name : `${path}.${name}`);
    if (inner !== null) return inner;
  }
  return null;
}

function matchesScalar(expected: null | boolean | string | JsonNumber, actual: ActualValue): boolean {
  if (expected === null || typeof expected === 'boolean') return actual === expected;
  if (expected instanceof JsonNumber) return isNumber(actual) && matchesNumber(expected.text, actual);
  if (Buffer.isBuffer(actual)) return actual.toString('base64') === expected;
  if (isNumber(actual)) return actual.kind === 'decimal' && isSameDecimal(expected, actual);
  return actual === expected;
}

function isNumber(actual: ActualValue): actual is ActualNumber {
  return typeof actual === 'object' && actual !== null && 'kind' in actual;
}

function matchesNumber(expected: string, actual: ActualNumber): boolean {
  switch (actual.kind) {
    case 'integer':
      return BigInt.asIntN(actual.bits, integerPart(expected)) === actual.value;
    case 'double':
      return Math.abs(actual.value - Number(expected)) < DOUBLE_TOLERANCE;
    case 'decimal':
      if (!isIntegerText(expected)) return isSameDecimal(expected, actual);
      return actual.scale <= 0 && actual.unscaled * 10n ** BigInt(-actual.scale) === BigInt(expected);
    case 'huge':
      return false;
  }
}

function isSameDecimal(text: string, actual: ActualNumber & { readonly kind: 'decimal' }): boolean {
  const decimal = parseDecimal(text);
  return decimal !== null && decimal.unscaled === actual.unscaled && decimal.scale === actual.scale;
}

/** The number without its fraction. */
function integerPart(text: string): bigint {
  if (isIntegerText(text)) return BigInt(text);
  const decimal = parseDecimal(text);
  if (decimal === null) return 0n;
  const { unscaled, scale } = decimal;
  return scale > 0 ? unscaled / 10n ** BigInt(scale) : unscaled * 10n ** BigInt(-scale);
}
