import { powerOfTen } from '../../model/decimal.js';
import { assert } from '../../model/errors.js';
import type { SqlType } from '../../model/sql-type.js';
import type { ArithmeticOperator } from '../../parser/ast.js';
import type { CodeWriter } from './code-writer.js';
import type { Mode, Piece } from './piece.js';

interface Operation {
  readonly code: string;
  readonly throws?: boolean;
  readonly plain?: boolean;
}

/** What a plan may name; nothing else of a plan becomes text. */
const OPERATORS: ReadonlySet<string> = new Set(['+', '-', '*', '/', '%'] satisfies ArithmeticOperator[]);

const NON_ZERO_NUMBER = /^(?:[1-9]\d*|\(-[1-9]\d*\))$/;

/**
 * `a op b` in the type `type`; both operands are of `type`, or DECIMAL of any scale when it is a DECIMAL.
 * INTEGER and BIGINT wrap, integer and DECIMAL division by zero fails, DOUBLE follows IEEE 754.
 */
export function emitArithmetic(
  writer: CodeWriter,
  operator: ArithmeticOperator,
  type: SqlType,
  left: { piece: Piece; type: SqlType },
  right: { piece: Piece; type: SqlType },
  mode: Mode,
): Piece {
  assert(OPERATORS.has(operator), 'an operator of a plan is one of arithmetic');
  return writer.strict([left.piece, right.piece], mode, (a, b): Operation => {
    switch (type.kind) {
      case 'INTEGER':
        return integerOperation(writer, operator, a!, b!);
      case 'BIGINT':
        return bigintOperation(writer, operator, a!, b!, left.piece, right.piece);
      case 'DECIMAL':
        return decimalOperation(writer, operator, a!, b!, scaleOf(left.type), scaleOf(right.type), type.scale);
      default:
        // DOUBLE with any operator, STRING with +.
        return { code: `${a} ${operator} ${b}` };
    }
  });
}

/** `-a`, in the same type. */
export function emitNegate(writer: CodeWriter, type: SqlType, operand: Piece, mode: Mode): Piece {
  return writer.strict([operand], mode, (a): Operation => {
    switch (type.kind) {
      case 'INTEGER':
        return { code: `-${a} | 0`, plain: true };
      case 'BIGINT':
        return operand.plain === true
          ? { code: `0 - ${a}`, plain: true }
          : { code: `typeof ${a} === 'number' ? 0 - ${a} : ${writer.runtime('negateBigint')}(${a})` };
      default:
        return { code: `-${a}` };
    }
  });
}

function integerOperation(writer: CodeWriter, operator: ArithmeticOperator, a: string, b: string): Operation {
  if (operator === '*') return { code: `Math.imul(${a}, ${b})`, plain: true };
  const code = `${a} ${operator} ${b} | 0`;
  if (operator === '+' || operator === '-' || NON_ZERO_NUMBER.test(b)) return { code, plain: true };
  return { code: `${b} === 0 ? ${writer.runtime('failZero')}() : ${code}`, throws: true, plain: true };
}

const BIGINT_FALLBACK = {
  '+': 'addBigint',
  '-': 'subtractBigint',
  '*': 'multiplyBigint',
  '/': 'divideBigint',
  '%': 'remainderBigint',
} as const;

/** Safe integers by number arithmetic, everything else by bigint; `+ 0` turns -0 into 0. */
function bigintOperation(
  writer: CodeWriter,
  operator: ArithmeticOperator,
  a: string,
  b: string,
  left: Piece,
  right: Piece,
): Operation {
  const slow = `${writer.runtime(BIGINT_FALLBACK[operator])}(${a}, ${b})`;
  const conditions: string[] = [];
  if (left.plain !== true) conditions.push(`typeof ${a} === 'number'`);
  if (right.plain !== true) conditions.push(`typeof ${b} === 'number'`);
  if (operator === '/' || operator === '%') {
    const never = NON_ZERO_NUMBER.test(b);
    if (!never) conditions.push(`${b} !== 0`);
    const fast = operator === '/' ? `Math.trunc(${a} / ${b}) + 0` : `${a} % ${b} + 0`;
    if (conditions.length === 0) return { code: fast, plain: true };
    return { code: `${conditions.join(' && ')} ? ${fast} : ${slow}`, throws: !never };
  }
  const result = writer.temporary();
  conditions.push(`Number.isSafeInteger(${result} = ${a} ${operator} ${b})`);
  const fast = operator === '*' ? `${result} + 0` : result;
  return { code: `${conditions.join(' && ')} ? ${fast} : ${slow}` };
}

function decimalOperation(
  writer: CodeWriter,
  operator: ArithmeticOperator,
  a: string,
  b: string,
  aScale: number,
  bScale: number,
  scale: number,
): Operation {
  switch (operator) {
    case '*':
      return { code: `${a} * ${b}` };
    case '/':
      return {
        code: `${writer.runtime('divideExactly')}(${scaled(a, scale + bScale - aScale)}, ${b})`,
        throws: true,
      };
    case '%':
      return {
        code: `${writer.runtime('remainderDecimal')}(${scaled(a, scale - aScale)}, ${scaled(b, scale - bScale)})`,
        throws: true,
      };
    default:
      return { code: `${scaled(a, scale - aScale)} ${operator} ${scaled(b, scale - bScale)}` };
  }
}

/** The unscaled value with `digits` more fraction digits. */
export function scaled(code: string, digits: number): string {
  return digits === 0 ? code : `${code} * ${powerOfTen(digits)}n`;
}

function scaleOf(type: SqlType): number {
  return type.kind === 'DECIMAL' ? type.scale : 0;
}
