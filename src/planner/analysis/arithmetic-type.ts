import {
  BIGINT,
  DOUBLE,
  decimalType,
  formatType,
  INTEGER,
  isNumeric,
  type SqlType,
  STRING,
} from '../../model/sql-type.js';
import type { ArithmeticOperator } from '../../parser/ast.js';
import { asDecimal } from './common-type.js';

/** The type of `a op b`, or what is wrong with it in ksqlDB's words (without the expression in front). */
export type ArithmeticType =
  | { readonly type: SqlType; readonly complaint?: undefined }
  | { readonly type?: undefined; readonly complaint: string };

export function arithmeticType(operator: ArithmeticOperator, a: SqlType, b: SqlType): ArithmeticType {
  if (a.kind === 'NULL' || b.kind === 'NULL') {
    return { complaint: `Arithmetic on types ${formatType(a)} and ${formatType(b)} are not supported.` };
  }
  if (operator === '+' && a.kind === 'STRING' && b.kind === 'STRING') return { type: STRING };
  if (!isNumeric(a) || !isNumeric(b)) return { complaint: `Unsupported arithmetic types. ${a.kind} ${b.kind}` };
  if (a.kind === 'DOUBLE' || b.kind === 'DOUBLE') return { type: DOUBLE };
  if (a.kind === 'DECIMAL' || b.kind === 'DECIMAL') return { type: decimalResult(operator, a, b) };
  return { type: a.kind === 'BIGINT' || b.kind === 'BIGINT' ? BIGINT : INTEGER };
}

function decimalResult(operator: ArithmeticOperator, left: SqlType, right: SqlType): SqlType {
  const a = asDecimal(left);
  const b = asDecimal(right);
  const scale = Math.max(a.scale, b.scale);
  const aWhole = a.precision - a.scale;
  const bWhole = b.precision - b.scale;
  switch (operator) {
    case '+':
    case '-':
      return decimalType(Math.max(aWhole, bWhole) + scale + 1, scale);
    case '*':
      return decimalType(a.precision + b.precision + 1, a.scale + b.scale);
    case '/': {
      const quotientScale = Math.max(6, a.scale + b.precision + 1);
      return decimalType(aWhole + b.scale + quotientScale, quotientScale);
    }
    case '%':
      return decimalType(Math.max(1, Math.min(aWhole, bWhole) + scale), scale);
  }
}
