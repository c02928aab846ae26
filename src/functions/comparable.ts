import { StatementError } from '../model/errors.js';
import { formatType, type SqlType } from '../model/sql-type.js';

/** Whether values of the type have an order: all but those that hold a MAP. */
function isComparable(type: SqlType): boolean {
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
