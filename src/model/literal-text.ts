import { formatDecimal, parseDecimal, rescale } from './decimal.js';
import { assert } from './errors.js';
import type { SqlType } from './sql-type.js';
import { type SqlValue, toBigintValue } from './value.js';

/**
 * The text form of a literal in a plan: digits for numbers, plain notation for DECIMAL, base64 for BYTES, the number
 * itself for DATE, TIME and TIMESTAMP, JSON lists of such texts for collections. Null stays null.
 */
export function literalText(type: SqlType, value: SqlValue): string | null {
  if (value === null) return null;
  switch (type.kind) {
    case 'DECIMAL':
      return formatDecimal(value as bigint, type.scale);
    case 'DOUBLE':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'BYTES':
      return (value as Buffer).toString('base64');
    case 'ARRAY':
      return JSON.stringify((value as SqlValue[]).map((v) => literalText(type.element, v)));
    case 'MAP':
      return JSON.stringify(
        [...(value as Map<SqlValue, SqlValue>)].map(([k, v]) => [literalText(type.key, k), literalText(type.value, v)]),
      );
    case 'STRUCT':
      return JSON.stringify(type.fields.map((field, i) => literalText(field.type, (value as SqlValue[])[i]!)));
    default:
      return String(value);
  }
}

/** The value that {@link literalText} wrote. The text is trusted: it comes from a plan. */
export function literalValue(type: SqlType, text: string | null): SqlValue {
  if (text === null) return null;
  switch (type.kind) {
    case 'BOOLEAN':
      return text === 'true';
    case 'INTEGER':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
    case 'DOUBLE':
      return Number(text);
    case 'BIGINT':
      return toBigintValue(BigInt(text));
    case 'DECIMAL': {
      const parsed = parseDecimal(text);
      const unscaled = parsed && rescale(parsed.unscaled, parsed.scale, type.scale, 'UNNECESSARY');
      assert(unscaled !== null, 'a DECIMAL literal of a plan fits its type');
      return unscaled;
    }
    case 'STRING':
      return text;
    case 'BYTES':
      return Buffer.from(text, 'base64');
    case 'ARRAY':
      return (JSON.parse(text) as (string | null)[]).map((t) => literalValue(type.element, t));
    case 'MAP':
      return new Map(
        (JSON.parse(text) as [string | null, string | null][]).map(([k, v]) => [
          literalValue(type.key, k),
          literalValue(type.value, v),
        ]),
      );
    case 'STRUCT': {
      const texts = JSON.parse(text) as (string | null)[];
      return type.fields.map((field, i) => literalValue(field.type, texts[i]!));
    }
    case 'NULL':
      return null;
  }
}
