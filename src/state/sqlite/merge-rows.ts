import { type Entry, LIVE } from '../entry.js';

/**
 * Entries in memory and rows on disk as one ordered sequence; where both have the same place, memory is newer. Both come in order;
 * deleted entries hide their rows and do not show.
 */
export function* mergeRows(
  held: readonly Entry[],
  rows: Iterable<Entry> | null,
  order: (a: Entry, b: Entry) => number,
): IterableIterator<Entry> {
  let at = 0;
  for (const row of rows ?? []) {
    let compared = -1;
    while (at < held.length) {
      const entry = held[at]!;
      compared = order(entry, row);
      if (compared > 0) break;
      at++;
      if (entry.status === LIVE) yield entry;
      if (compared === 0) break;
    }
    if (compared !== 0) yield row;
  }
  for (; at < held.length; at++) if (held[at]!.status === LIVE) yield held[at]!;
}
