import type { SqlType } from '../../model/sql-type.js';

/** How many digits before and after the point values of an exact numeric type can have; null for other types. */
export function asDecimalDigits(type: SqlType): { whole: number; fraction: number } | null {
  switch (type.kind) {
    case 'INTEGER':
      return { whole: 10, fraction: 0 };
    case 'BIGINT':
      return { whole: 19, fraction: 0 };
    case 'DECIMAL':
      return { whole: type.precision - type.scale, fraction: type.scale };
    default:
      return null;
  }
}
