import type { StoreColumn, StoreSpec } from '../state-store.js';
import { columnCodec } from './column-codec.js';

/**
 * How the rows of a store's table are ordered, and so which reads and deletions touch neighbours:
 *
 * | layout | primary key | for |
 * |---|---|---|
 * | `key-value` | key, partition | |
 * | `window` | window_start, key, partition | writes of one window are neighbours, old windows are a prefix |
 * | `instant` | segment, key, window_start, partition | one key over a range of time, in few places; old segments are a prefix |
 * | `session` | key, partition, window_start, window_end | all sessions of a key; indexed by window_end for dropping old ones |
 */
export type StoreLayout = 'key-value' | 'window' | 'instant' | 'session';

/** A store's table as the file records it. Columns k0, k1, ... hold the key's values, v0, v1, ... the row's. */
export interface StoredTable {
  readonly id: number;
  readonly layout: StoreLayout;
  readonly key: readonly StoreColumn[];
  readonly value: readonly StoreColumn[];
  /** Layout `instant`: the length of a segment of time in ms; else null. */
  readonly segmentMs: number | null;
}

const SEGMENT_MS_MIN = 60_000;
const SEGMENT_MS_DEFAULT = 3_600_000;

export function layoutOf(spec: StoreSpec): StoreLayout {
  return spec.kind === 'window' && spec.windowSizeMs === null ? 'instant' : spec.kind;
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
