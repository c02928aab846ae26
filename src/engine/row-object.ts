import { formatDecimal } from '../model/decimal.js';
import type { SqlType } from '../model/sql-type.js';
import type { SqlValue } from '../model/value.js';
import { valueText } from '../model/value-text.js';
import type { ResultColumn, RowObject, RowValue } from './engine.js';

/** A row of a result by column name, in the values that {@link RowObject} states. */
export function rowObject(columns: readonly ResultColumn[], values: readonly SqlValue[]): RowObject {
  return Object.fromEntries(columns.map(({ name, type }, i) => [name, rowValue(type, values[i]!)]));
}

function rowValue(type: SqlType, value: SqlValue): RowValue {
  if (value === null) return null;
  switch (type.kind) {
    case 'DECIMAL':
      return formatDecimal(value as bigint, type.scale);
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return valueText(type, value);
    case 'ARRAY':
      return (value as SqlValue[]).map((element) => rowValue(type.element, element));
    case 'MAP':
      return Object.fromEntries(
        [...(value as Map<SqlValue, SqlValue>)].map(([k, v]) => [
          k === null ? 'null' : valueText(type.key, k),
          rowValue(type.value, v),
        ]),
      );
    case 'STRUCT':
      return Object.fromEntries(
        type.fields.map((field, i) => [field.name, rowValue(field.type, (value as SqlValue[])[i]!)]),
      );
    default:
      return value as RowValue;
  }
}
