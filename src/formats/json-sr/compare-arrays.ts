import { compareAdditional, compareBound } from './compare-rules.js';
import type { Changes } from './schema-changes.js';
import { type ArrayRules, nodeAt, type SchemaPlace } from './schema-node.js';

/** Reports what the reader's array asks for and the writer's did not. */
export function compareArrays(changes: Changes, path: string, writer: ArrayRules, reader: ArrayRules): void {
  changes.within(`${path}/items`, writer.items, reader.items);
  compareTuples(changes, path, writer, reader);
  compareAdditional(changes, path, 'ITEMS', writer.additional, reader.additional);
  compareBound(changes, path, 'most', 'MAX_ITEMS', writer.maxItems, reader.maxItems);
  compareBound(changes, path, 'least', 'MIN_ITEMS', writer.minItems, reader.minItems);
  if (reader.unique && !writer.unique) changes.report(path, 'UNIQUE_ITEMS_ADDED', 'items must differ now');
}

function compareTuples(changes: Changes, path: string, writer: ArrayRules, reader: ArrayRules): void {
  const [before, now] = [writer.tuple ?? [], reader.tuple ?? []];
  for (let i = 0; i < Math.max(before.length, now.length); i++) {
    const place = `${path}/items/${i}`;
    const [was, is] = [before[i], now[i]];
    if (was !== undefined && is !== undefined) changes.within(place, was, is);
    else if (was !== undefined) removed(changes, place, was, reader);
    else added(changes, place, writer, is!);
  }
}

function removed(changes: Changes, path: string, was: SchemaPlace, reader: ArrayRules): void {
  const { additional } = reader;
  if (additional === true) return;
  if (additional === false) {
    if (nodeAt(was).kind === 'never') return;
    changes.report(path, 'ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL', 'the item must not be there now');
  } else if (!changes.accepts(was, additional)) {
    const change = 'ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL';
    changes.report(path, change, 'the item is gone, and does not fit what others must be');
  }
}

function added(changes: Changes, path: string, writer: ArrayRules, is: SchemaPlace): void {
  const { additional } = writer;
  if (additional === false) return;
  if (additional === true) {
    if (nodeAt(is).kind === 'any') return;
    const words = 'the item is new, and anything may have been written in its place';
    changes.report(path, 'ITEM_ADDED_TO_OPEN_CONTENT_MODEL', words);
  } else if (!changes.accepts(additional, is)) {
    const change = 'ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL';
    changes.report(path, change, 'the item is new, and something else may have been written in its place');
  }
}
