import type { StoreLayout, StoreShape } from '../changelog/store-definition.js';
import type { StoreSpec } from '../state-store.js';
import { columnCodec } from './column-codec.js';

/** A store's table as the file records it. Columns k0, k1, ... hold the key's values, v0, v1, ... the row's. */
export interface StoredTable extends StoreShape {
  readonly id: number;
}

const SEGMENT_MS_MIN = 60_000;
const SEGMENT_MS_DEFAULT = 3_600_000;

export function layoutOf(spec: StoreSpec): StoreLayout {
  return spec.kind === 'window' && spec.windowSizeMs === null ? 'instant' : spec.kind;
}

/** The shape of a store as its plan declares it. */
export function shapeOf(spec: StoreSpec): StoreShape {
  return { layout: layoutOf(spec), key: spec.key, value: spec.value, segmentMs: segmentMsOf(spec) };
}

/** Two or three segments are alive at a time: long enough to find a range in few of them, short enough to drop old ones soon. */
export function segmentMsOf(spec: StoreSpec): number | null {
  if (layoutOf(spec) !== 'instant') return null;
  return spec.retentionMs === null ? SEGMENT_MS_DEFAULT : Math.max(SEGMENT_MS_MIN, Math.ceil(spec.retentionMs / 2));
}

export function tableName(id: number): string {
  return `state_${id}`;
}

const PRIMARY_KEYS: Readonly<Record<StoreLayout, readonly string[]>> = {
  'key-value': ['key', 'partition'],
  window: ['window_start', 'key', 'partition'],
  instant: ['segment', 'key', 'window_start', 'partition'],
  session: ['key', 'partition', 'window_start', 'window_end'],
};

export function primaryKeyOf(layout: StoreLayout): readonly string[] {
  return PRIMARY_KEYS[layout];
}

/** Names of all columns, in the order in which a row is bound: the primary key, the window's end if it is not there, rowtime, k's, v's. */
export function columnNames(table: StoredTable): string[] {
  const names = [...PRIMARY_KEYS[table.layout]];
  if (table.layout === 'window' || table.layout === 'instant') names.push('window_end');
  names.push('rowtime', ...table.key.map((_, i) => `k${i}`), ...table.value.map((_, i) => `v${i}`));
  return names;
}

/** The statements that make the table. */
export function tableDdl(table: StoredTable): string {
  const name = tableName(table.id);
  const declared = columnNames(table).map((column) => `${column} ${declaredType(table, column)}`);
  const primaryKey = PRIMARY_KEYS[table.layout].join(', ');
  const create = `CREATE TABLE ${name} (${declared.join(', ')}, PRIMARY KEY (${primaryKey})) WITHOUT ROWID;`;
  return table.layout === 'session' ? `${create} CREATE INDEX ${name}_by_end ON ${name} (window_end);` : create;
}

function declaredType(table: StoredTable, column: string): string {
  if (column === 'key') return 'BLOB NOT NULL';
  const digits = column.slice(1);
  if (!/^\d+$/.test(digits)) return 'INTEGER NOT NULL';
  const columns = column.startsWith('k') ? table.key : table.value;
  return columnCodec(columns[Number(digits)]!.type).declaredType;
}
