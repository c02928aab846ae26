import { formatDecimal } from './decimal.js';
import { formatDouble } from './double-text.js';
import type { SqlType } from './sql-type.js';
import { formatDate, formatTime, formatTimestamp } from './temporal-text.js';
import type { SqlValue } from './value.js';

/**
 * The text of a value, as CAST to STRING gives it: numbers as Java prints them, `[a, b]`, `{k=v}`, `Struct{A=1,B=x}`
 * (null fields are left out, null elements print `null`), BYTES in base64.
 */
export function valueText(type: SqlType, value: SqlValue): string {
  if (value === null) return 'null';
  switch (type.kind) {
    case 'DOUBLE':
      return formatDouble(value as number);
    case 'DECIMAL':
      return formatDecimal(value as bigint, type.scale);
    case 'DATE':
      return formatDate(value as number);
    case 'TIME':
      return formatTime(value as number);
    case 'TIMESTAMP':
      return formatTimestamp(value as number);
    case 'BYTES':
      return (value as Buffer).toString('base64');
    case 'ARRAY':
      return `[${(value as SqlValue[]).map((v) => valueText(type.element, v)).join(', ')}]`;
    case 'MAP':
      return `{${[...(value as Map<SqlValue, SqlValue>)]
        .map(([k, v]) => `${valueText(type.key, k)}=${valueText(type.value, v)}`)
        .join(', ')}}`;
    case 'STRUCT':
      return `Struct{${type.fields
        .flatMap((field, i) => {
          const v = (value as SqlValue[])[i]!;
          return v === null ? [] : [`${field.name}=${valueText(field.type, v)}`];
        })
        .join(',')}}`;
    default:
      return String(value);
  }
}
