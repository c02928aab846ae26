/** One named field of a STRUCT; names keep their stored case. */
export interface StructField {
  readonly name: string;
  readonly type: SqlType;
}

/** The SQL types. `NULL` is the type of a bare NULL literal: it fits everywhere and no column has it. */
export type SqlType =
  | { readonly kind: 'BOOLEAN' }
  | { readonly kind: 'INTEGER' }
  | { readonly kind: 'BIGINT' }
  | { readonly kind: 'DOUBLE' }
  | { readonly kind: 'DECIMAL'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'STRING' }
  | { readonly kind: 'BYTES' }
  | { readonly kind: 'DATE' }
  | { readonly kind: 'TIME' }
  | { readonly kind: 'TIMESTAMP' }
  | { readonly kind: 'ARRAY'; readonly element: SqlType }
  | { readonly kind: 'MAP'; readonly key: SqlType; readonly value: SqlType }
  | { readonly kind: 'STRUCT'; readonly fields: readonly StructField[] }
  | { readonly kind: 'NULL' };

export type SqlTypeKind = SqlType['kind'];

export const BOOLEAN: SqlType = { kind: 'BOOLEAN' };
export const INTEGER: SqlType = { kind: 'INTEGER' };
export const BIGINT: SqlType = { kind: 'BIGINT' };
export const DOUBLE: SqlType = { kind: 'DOUBLE' };
export const STRING: SqlType = { kind: 'STRING' };
export const BYTES: SqlType = { kind: 'BYTES' };
export const DATE: SqlType = { kind: 'DATE' };
export const TIME: SqlType = { kind: 'TIME' };
export const TIMESTAMP: SqlType = { kind: 'TIMESTAMP' };
export const NULL_TYPE: SqlType = { kind: 'NULL' };

export function decimalType(precision: number, scale: number): SqlType & { kind: 'DECIMAL' } {
  return { kind: 'DECIMAL', precision, scale };
}
export function arrayType(element: SqlType): SqlType & { kind: 'ARRAY' } {
  return { kind: 'ARRAY', element };
}
export function mapType(key: SqlType, value: SqlType): SqlType & { kind: 'MAP' } {
  return { kind: 'MAP', key, value };
}
export function structType(fields: readonly StructField[]): SqlType & { kind: 'STRUCT' } {
  return { kind: 'STRUCT', fields };
}

/** Full equality: precision, scale, element types, field names and order included. */
export function sameType(a: SqlType, b: SqlType): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind) return false;
  switch (a.kind) {
    case 'DECIMAL':
      return a.precision === (b as typeof a).precision && a.scale === (b as typeof a).scale;
    case 'ARRAY':
      return sameType(a.element, (b as typeof a).element);
    case 'MAP':
      return sameType(a.key, (b as typeof a).key) && sameType(a.value, (b as typeof a).value);
    case 'STRUCT': {
      const other = (b as typeof a).fields;
      return (
        a.fields.length === other.length &&
        a.fields.every((field, i) => field.name === other[i]!.name && sameType(field.type, other[i]!.type))
      );
    }
    default:
      return true;
  }
}

/** The type as ksqlDB's messages and schemas print it: ``STRUCT<`F0` BIGINT>``, `DECIMAL(4, 2)`, `MAP<STRING, INTEGER>`. */
export function formatType(type: SqlType): string {
  switch (type.kind) {
    case 'DECIMAL':
      return `DECIMAL(${type.precision}, ${type.scale})`;
    case 'ARRAY':
      return `ARRAY<${formatType(type.element)}>`;
    case 'MAP':
      return `MAP<${formatType(type.key)}, ${formatType(type.value)}>`;
    case 'STRUCT':
      return `STRUCT<${type.fields.map((f) => `\`${f.name.replaceAll('`', '``')}\` ${formatType(f.type)}`).join(', ')}>`;
    case 'NULL':
      return 'null';
    default:
      return type.kind;
  }
}

export function isNumeric(type: SqlType): boolean {
  return type.kind === 'INTEGER' || type.kind === 'BIGINT' || type.kind === 'DECIMAL' || type.kind === 'DOUBLE';
}
