import { StatementError } from '../model/errors.js';
import { formatType, type SqlType } from '../model/sql-type.js';
import { compareValues, type SqlValue } from '../model/value.js';

/** Whether values of the type have an order: all but those that hold a MAP. */
export function isComparable(type: SqlType): boolean {
  switch (type.kind) {
    case 'MAP':
      return false;
    case 'ARRAY':
      return isComparable(type.element);
    case 'STRUCT':
      return type.fields.every((field) => isComparable(field.type));
    default:
      return true;
  }
}

/** @throws StatementError when the type has no order */
export function requireComparable(functionName: string, type: SqlType): void {
  if (!isComparable(type)) {
    throw new StatementError(`Function '${functionName}' needs values that can be compared, not ${formatType(type)}.`, {
      code: 'not-comparable',
    });
  }
}

/** The natural order of two non-null values of a type. */
export function comparatorOf(type: SqlType): (a: SqlValue, b: SqlValue) => number {
  return (a, b) => compareValues(type, a, b);
}
