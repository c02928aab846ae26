import { castFunction } from '../../model/cast.js';
import { literalValue } from '../../model/literal-text.js';
import { type SqlType, sameType } from '../../model/sql-type.js';
import type { BoundExpression } from '../expression.js';
import { boundLiteral } from './literals.js';

/**
 * The expression converted to `type`, for which a conversion exists; unchanged when it has that type. A literal is
 * converted at once unless that fails. An `explicit` conversion that fails on a row gives null by itself, an `implicit`
 * one fails the expression around it.
 */
export function castTo(e: BoundExpression, type: SqlType, origin: 'explicit' | 'implicit'): BoundExpression {
  if (sameType(e.type, type)) return e;
  if (e.kind === 'literal') {
    const converted = convertLiteral(e, type);
    if (converted !== null) return converted;
  }
  return origin === 'implicit'
    ? { kind: 'cast', type, operand: e, implicit: true }
    : { kind: 'cast', type, operand: e };
}

function convertLiteral(literal: BoundExpression & { kind: 'literal' }, type: SqlType): BoundExpression | null {
  if (literal.value === null) return boundLiteral(type, null);
  const cast = castFunction(literal.type, type);
  if (cast === null) return null;
  try {
    return boundLiteral(type, cast(literalValue(literal.type, literal.value) as never));
  } catch {
    return null;
  }
}
