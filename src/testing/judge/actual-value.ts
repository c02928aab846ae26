import { parseDecimal } from '../../model/decimal.js';
import { JsonNumber, type JsonValue } from '../../model/json-text.js';

/** A number as a test's decoder gives it: its kind decides how an expected number is compared with it. */
export type ActualNumber =
  | { readonly kind: 'integer'; readonly bits: 32 | 64; readonly value: bigint }
  | { readonly kind: 'double'; readonly value: number }
  /** Exact: `unscaled` * 10^-`scale`; the scale counts. */
  | { readonly kind: 'decimal'; readonly unscaled: bigint; readonly scale: number }
  /** An integer beyond 64 bits: equal to nothing. */
  | { readonly kind: 'huge'; readonly text: string };

/** A decoded key or value. */
export type ActualValue = null | boolean | string | Buffer | ActualNumber | readonly ActualValue[] | ActualObject;

/** An object, map or struct, by name of the member. */
export type ActualObject = ReadonlyMap<string, ActualValue>;

/** An integer counts as 32-bit if it fits. */
export function actualInteger(value: bigint): ActualNumber {
  if (BigInt.asIntN(32, value) === value) return { kind: 'integer', bits: 32, value };
  if (BigInt.asIntN(64, value) === value) return { kind: 'integer', bits: 64, value };
  return { kind: 'huge', text: String(value) };
}

/**
 * JSON as a decoder gives it: integers, and exact decimals for numbers written with a point or an exponent.
 * @param exact false: such numbers are doubles
 */
export function actualJson(json: JsonValue, exact: boolean): ActualValue {
  if (json instanceof JsonNumber) {
    if (isIntegerText(json.text)) return actualInteger(BigInt(json.text));
    return exact ? actualDecimal(json.text) : { kind: 'double', value: Number(json.text) };
  }
  if (Array.isArray(json)) return json.map((element) => actualJson(element, exact));
  if (json instanceof Map) return new Map([...json].map(([name, member]) => [name, actualJson(member, exact)]));
  return json;
}

/** The exact decimal that a text spells. */
export function actualDecimal(text: string): ActualNumber {
  const decimal = parseDecimal(text);
  return decimal === null ? { kind: 'huge', text } : { kind: 'decimal', ...decimal };
}

export function isIntegerText(text: string): boolean {
  return !/[.eE]/.test(text);
}

/** As JSON would show it, for messages. */
export function actualText(value: ActualValue): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (Buffer.isBuffer(value)) return `bytes ${value.toString('base64')}`;
  if (Array.isArray(value)) return `[${value.map(actualText).join(', ')}]`;
  if (value instanceof Map) {
    const members = [...(value as ActualObject)].map(
      ([name, member]) => `${JSON.stringify(name)}: ${actualText(member)}`,
    );
    return `{${members.join(', ')}}`;
  }
  return numberText(value as ActualNumber);
}

function numberText(value: ActualNumber): string {
  switch (value.kind) {
    case 'integer':
    case 'double':
      return String(value.value);
    case 'huge':
      return value.text;
    case 'decimal': {
      const { unscaled, scale } = value;
      if (scale <= 0) return scale === 0 ? String(unscaled) : `${unscaled}E${-scale}`;
      const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
      return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
    }
  }
}
