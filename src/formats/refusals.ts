import { type Column, formatColumn } from '../model/schema.js';
import type { SqlType, SqlTypeKind } from '../model/sql-type.js';

export function emptyProperty(name: string, value: string): string {
  return `${name} cannot be empty. Format configuration: {${name}=${value}}`;
}

/** Whether all maps in it have keys that can be names. */
export function hasTextKeys(type: SqlType): boolean {
  switch (type.kind) {
    case 'ARRAY':
      return hasTextKeys(type.element);
    case 'MAP':
      return type.key.kind === 'STRING' && hasTextKeys(type.value);
    case 'STRUCT':
      return type.fields.every((field) => hasTextKeys(field.type));
    default:
      return true;
  }
}

/** ksqlDB's phrase for a property that a format does not know. */
export function unknownProperty(format: string, property: string): string {
  return `${format} does not support the following configs: [${property}]`;
}

/** The columns as ksqlDB lists them in refusals: ``[`K` STRING KEY, `V` INTEGER]``. */
export function listColumns(columns: readonly Column[]): string {
  return `[${columns.map(formatColumn).join(', ')}]`;
}

/** ksqlDB's phrase for a type that a format cannot carry. */
export function unsupportedType(format: string, kind: SqlTypeKind): string {
  return `The '${format}' format does not support type '${kind}'`;
}
