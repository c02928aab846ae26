import { type Column, formatColumn } from '../model/schema.js';
import type { SqlTypeKind } from '../model/sql-type.js';

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
