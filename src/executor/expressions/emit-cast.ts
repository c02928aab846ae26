import { bigintToInteger, castFunction, isIdentityCast } from '../../model/cast.js';
import { assert } from '../../model/errors.js';
import type { SqlType } from '../../model/sql-type.js';
import type { CodeWriter } from './code-writer.js';
import { asDecimalDigits } from './decimal-digits.js';
import { scaled } from './emit-arithmetic.js';
import type { Piece } from './piece.js';

/** The operand converted from one type to another; null stays null. */
export function emitCast(writer: CodeWriter, from: SqlType, to: SqlType, operand: Piece): Piece {
  if (isIdentityCast(from, to)) return { ...operand, plain: operand.plain === true || from.kind === 'INTEGER' };
  return writer.strict([operand], 'value', (a) => convert(writer, from, to, a!));
}

function convert(
  writer: CodeWriter,
  from: SqlType,
  to: SqlType,
  a: string,
): { code: string; throws?: boolean; plain?: boolean } {
  if (to.kind === 'STRING' && (from.kind === 'INTEGER' || from.kind === 'BIGINT' || from.kind === 'BOOLEAN')) {
    return { code: `'' + ${a}` };
  }
  if (to.kind === 'INTEGER' && from.kind === 'BIGINT') {
    return { code: `typeof ${a} === 'number' ? ${a} | 0 : ${writer.constant(bigintToInteger)}(${a})`, plain: true };
  }
  if (to.kind === 'DOUBLE' && from.kind === 'BIGINT') return { code: `Number(${a})`, plain: true };
  if (to.kind === 'DECIMAL') {
    const digits = asDecimalDigits(from);
    if (digits !== null && to.precision - to.scale >= digits.whole && to.scale >= digits.fraction) {
      return { code: scaled(from.kind === 'DECIMAL' ? a : `BigInt(${a})`, to.scale - digits.fraction) };
    }
  }
  const cast = castFunction(from, to);
  assert(cast !== null, 'the planner lets only casts through that exist');
  return { code: `${writer.constant(cast)}(${a})`, throws: mayFail(from, to), plain: to.kind === 'INTEGER' };
}

function mayFail(from: SqlType, to: SqlType): boolean {
  if (to.kind === 'DECIMAL') return true;
  if (from.kind === 'STRING') return to.kind !== 'BOOLEAN';
  return to.kind === 'ARRAY' || to.kind === 'MAP' || to.kind === 'STRUCT';
}
