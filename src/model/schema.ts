import { formatType, type SqlType, sameType } from './sql-type.js';

/** Where a column lives: in the record's key, its value, or its headers. */
export type ColumnRole = 'key' | 'value' | 'headers';

export interface Column {
  readonly name: string;
  readonly type: SqlType;
  readonly role: ColumnRole;
  /** With role `headers`: the one header this column shows (its last value); absent means all of them. */
  readonly headerKey?: string;
}

/** Columns in row order: all key columns first, then value and header columns as declared. */
export interface Schema {
  readonly columns: readonly Column[];
}

export function schemaOf(columns: readonly Column[]): Schema {
  return { columns: [...columns.filter((c) => c.role === 'key'), ...columns.filter((c) => c.role !== 'key')] };
}

export function keyColumns(schema: Schema): readonly Column[] {
  return schema.columns.filter((c) => c.role === 'key');
}

/** Columns that are serialised in the value: neither keys nor headers. */
export function valueColumns(schema: Schema): readonly Column[] {
  return schema.columns.filter((c) => c.role === 'value');
}

export function columnIndex(schema: Schema, name: string): number {
  return schema.columns.findIndex((c) => c.name === name);
}

export function sameColumn(a: Column, b: Column): boolean {
  return a.name === b.name && a.role === b.role && a.headerKey === b.headerKey && sameType(a.type, b.type);
}

/** Columns whose meaning is given by the record, not by the user's schema. */
export const PSEUDO_COLUMNS = ['ROWTIME', 'ROWPARTITION', 'ROWOFFSET', 'WINDOWSTART', 'WINDOWEND'] as const;
export type PseudoColumn = (typeof PSEUDO_COLUMNS)[number];

export function isPseudoColumn(name: string): name is PseudoColumn {
  return (PSEUDO_COLUMNS as readonly string[]).includes(name);
}

/** The schema as ksqlDB prints it: `` `ID` BIGINT KEY, `N` INTEGER ``. */
export function formatSchema(schema: Schema): string {
  return schema.columns.map(formatColumn).join(', ');
}

export function formatColumn(column: Column): string {
  const suffix =
    column.role === 'key'
      ? ' KEY'
      : column.role === 'headers'
        ? column.headerKey === undefined
          ? ' HEADERS'
          : ` HEADER('${column.headerKey}')`
        : '';
  return `\`${column.name.replaceAll('`', '``')}\` ${formatType(column.type)}${suffix}`;
}
