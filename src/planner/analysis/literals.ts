import { parseDecimal, powerOfTen } from '../../model/decimal.js';
import { assert } from '../../model/errors.js';
import { literalText } from '../../model/literal-text.js';
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  decimalType,
  INTEGER,
  NULL_TYPE,
  type SqlType,
  STRING,
} from '../../model/sql-type.js';
import { type SqlValue, toBigintValue } from '../../model/value.js';
import type { Literal } from '../../parser/ast.js';
import type { BoundExpression } from '../expression.js';

export interface TypedValue {
  readonly type: SqlType;
  readonly value: SqlValue;
}

/** The type and value of a literal: digits decide between INTEGER and BIGINT and give a DECIMAL its precision and scale. */
export function literalToValue(literal: Literal): TypedValue {
  switch (literal.kind) {
    case 'null':
      return { type: NULL_TYPE, value: null };
    case 'boolean':
      return { type: BOOLEAN, value: literal.value };
    case 'integer':
      return {
        type: BigInt.asIntN(32, literal.value) === literal.value ? INTEGER : BIGINT,
        value: toBigintValue(literal.value),
      };
    case 'decimal':
      return decimalLiteral(literal.text);
    case 'double':
      return { type: DOUBLE, value: literal.value };
    case 'string':
      return { type: STRING, value: literal.value };
  }
}

/** A number with a point, as a DECIMAL of just its digits: `5.0` is DECIMAL(2,1), `.05` DECIMAL(3,2), `1e1` DECIMAL(2,0). */
export function decimalLiteral(text: string): TypedValue {
  const typed = parseDecimalText(text);
  assert(typed !== null, 'the parser lets only numbers through');
  return typed;
}

/** As {@link decimalLiteral} for text that may be no number: then null. */
export function parseDecimalText(text: string): TypedValue | null {
  const parsed = parseDecimal(text);
  if (parsed === null) return null;
  const scale = Math.max(parsed.scale, 0);
  const unscaled = parsed.scale < 0 ? parsed.unscaled * powerOfTen(-parsed.scale) : parsed.unscaled;
  const size = unscaled < 0n ? -unscaled : unscaled;
  const precision = size < powerOfTen(scale) ? scale + 1 : size.toString().length;
  return { type: decimalType(precision, scale), value: unscaled };
}

export function boundLiteral(type: SqlType, value: SqlValue): BoundExpression & { kind: 'literal' } {
  return { kind: 'literal', type, value: literalText(type, value) };
}
