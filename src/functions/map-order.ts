import type { SqlValue } from '../model/value.js';

/**
 * The entries in the order in which ksqlDB meets them, that of a Java HashMap made for just so many: what a fold over a map
 * gives must not depend on how the map was put together. Keys that are not STRING keep their order.
 */
export function entriesInHashOrder(map: ReadonlyMap<SqlValue, SqlValue>): readonly (readonly [SqlValue, SqlValue])[] {
  const entries = [...map];
  if (entries.length < 2 || !entries.every(([key]) => typeof key === 'string')) return entries;
  const mask = tableSize(entries.length) - 1;
  const placed = entries.map((entry) => ({ entry, bucket: spread(hashCode(entry[0] as string)) & mask }));
  return placed.sort((a, b) => a.bucket - b.bucket).map(({ entry }) => entry);
}

/** The least power of two that holds the entries, doubled when they fill more than three quarters of it. */
function tableSize(count: number): number {
  const size = 2 ** Math.ceil(Math.log2(count));
  return count > 0.75 * size ? 2 * size : size;
}

/** Java's `String.hashCode`. */
function hashCode(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

function spread(hash: number): number {
  return hash ^ (hash >>> 16);
}
