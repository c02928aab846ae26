import { type SqlType, sameType } from '../../model/sql-type.js';
import { equalValues } from '../../model/value.js';
import type { ComparisonOperator } from '../../parser/ast.js';
import type { CodeWriter } from './code-writer.js';
import type { Piece } from './piece.js';

/**
 * `a op b` as a JavaScript boolean: false when an operand is null, except that IS [NOT] DISTINCT FROM takes null for a
 * value. Operands stand in the types the planner left them in (see `comparison` in `planner/expression.ts`).
 */
export function emitComparison(
  writer: CodeWriter,
  operator: ComparisonOperator,
  left: { piece: Piece; type: SqlType },
  right: { piece: Piece; type: SqlType },
): Piece {
  const distinct = operator === 'IS DISTINCT FROM' || operator === 'IS NOT DISTINCT FROM';
  const throws = throwsBySide(left.type, right.type);
  if (!distinct) {
    return writer.strict(
      [left.piece, right.piece],
      'value',
      (a, b) => ({ code: compare(writer, operator, left.type, right.type, a!, b!), throws }),
      'false',
    );
  }
  const operands = [
    { ...left.piece, nullable: false },
    { ...right.piece, nullable: false },
  ];
  return writer.strict(operands, 'value', (a, b) => {
    const equal = compare(writer, '=', left.type, right.type, a!, b!);
    const nulls = [left.piece.nullable ? `${a} === null` : null, right.piece.nullable ? `${b} === null` : null];
    const isNull = nulls.filter((n) => n !== null).join(' || ');
    const same = isNull === '' ? equal : `(${isNull} ? ${a} === ${b} : ${equal})`;
    return { code: operator === 'IS DISTINCT FROM' ? `!(${same})` : same, throws };
  });
}

/** Whether two non-null values of one type are equal, as JavaScript code. */
export function equality(writer: CodeWriter, type: SqlType, a: string, b: string): string {
  switch (type.kind) {
    case 'DOUBLE':
    case 'BYTES':
    case 'ARRAY':
    case 'MAP':
    case 'STRUCT':
      return `${writer.constant(equalValues)}(${writer.constant(type)}, ${a}, ${b})`;
    default:
      return `${a} === ${b}`;
  }
}

const JS_OPERATOR: Readonly<Record<string, string>> = {
  '=': '===',
  '<>': '!==',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

function compare(
  writer: CodeWriter,
  operator: ComparisonOperator,
  a: SqlType,
  b: SqlType,
  left: string,
  right: string,
): string {
  const js = JS_OPERATOR[operator]!;
  if (a.kind !== b.kind) return compareMixed(writer, js, a, b, left, right);
  switch (a.kind) {
    case 'BYTES':
      return `${writer.runtime('compareBytes')}(${left}, ${right}) ${js} 0`;
    case 'ARRAY':
    case 'MAP':
    case 'STRUCT': {
      if (!sameType(a, b)) return operator === '=' ? 'false' : 'true';
      const equal = equality(writer, a, left, right);
      return operator === '=' ? equal : `!${equal}`;
    }
    default:
      return `${left} ${js} ${right}`;
  }
}

/** Numbers of different kinds. A bigint and a number compare by size in JavaScript, but only with the loose operators. */
function compareMixed(writer: CodeWriter, js: string, a: SqlType, b: SqlType, left: string, right: string): string {
  const compareDecimal = writer.runtime('compareDecimalToDouble');
  if (a.kind === 'DECIMAL') return `${compareDecimal}(${left}, ${writer.integer(a.scale)}, ${right}) ${js} 0`;
  if (b.kind === 'DECIMAL') return `0 ${js} ${compareDecimal}(${right}, ${writer.integer(b.scale)}, ${left})`;
  return `${left} ${js === '===' ? '==' : js === '!==' ? '!=' : js} ${right}`;
}

function throwsBySide(a: SqlType, b: SqlType): boolean {
  return a.kind !== b.kind && (a.kind === 'DECIMAL' || b.kind === 'DECIMAL');
}
