/**
 * What must come out, computed from the log of what came in: no stores, no tasks, no commits, and nothing of the engine's own code.
 *
 * An event is a record of the input as it was read back: `{ partition, offset, time, key, id, group, amount }`. The list is sorted by
 * partition and offset.
 */
import { CHAINED_EVERY, GRACE_MS, PASSING_ABOVE, WINDOW_MS } from './workload.mjs';

/** @param records as the console consumer shows them, by partition and offset */
export function eventsOf(records) {
  return records.map(({ partition, offset, timestamp, key, value }) => {
    const { ID: id, GRP: group, AMOUNT: amount } = JSON.parse(value);
    return { partition, offset, time: timestamp, key, id, group, amount };
  });
}

/**
 * Rows of a stream by id: the key, the time and the columns that a row must have, and which line of rows it belongs to. Rows of one line
 * keep their order.
 */
export function passedRows(events) {
  const rows = new Map();
  for (const event of events) {
    if (event.amount > PASSING_ABOVE)
      rows.set(event.id, streamRow(event, `events ${event.partition}`, 'DOUBLED', event.amount * 2));
  }
  return rows;
}

/** What two queries write into one stream. */
export function chainedRows(events) {
  const rows = new Map();
  for (const event of events) {
    if (event.amount <= PASSING_ABOVE) {
      rows.set(-event.id, streamRow(event, `rest ${event.partition}`, 'V', event.amount));
    } else if (event.id % CHAINED_EVERY === 0) {
      rows.set(event.id, streamRow(event, `chain ${event.partition}`, 'V', event.amount * 2));
    }
  }
  return rows;
}

function streamRow({ key, time, offset }, line, column, value) {
  return { key, time, line, place: offset, columns: { [column]: value } };
}

/**
 * Counts and sums of each key and window, by `key@start`, with whether the window is still open. A record is late, and left out, when its
 * window ends at or before the stream time of its partition less the grace.
 */
export function windowedRows(events) {
  const rows = new Map();
  const streamTimes = new Map();
  let late = 0;
  for (const { partition, time, key, amount } of events) {
    const streamTime = Math.max(streamTimes.get(partition) ?? -1, time);
    streamTimes.set(partition, streamTime);
    const start = time - (time % WINDOW_MS);
    if (start + WINDOW_MS <= streamTime - GRACE_MS) {
      late++;
      continue;
    }
    const name = `${key}@${start}`;
    const row = rows.get(name) ?? { partition, start, columns: { N: 0, TOTAL: 0 } };
    row.columns.N++;
    row.columns.TOTAL += amount;
    rows.set(name, row);
  }
  for (const row of rows.values()) row.isOpen = row.start + WINDOW_MS > streamTimes.get(row.partition) - GRACE_MS;
  return { rows, late };
}

/** Counts and sums of each group; every record counts. */
export function groupedRows(events) {
  const rows = new Map();
  for (const { group, id, amount } of events) {
    const row = rows.get(group) ?? { isOpen: true, columns: { N: 0, TOTAL: 0, IDS: 0 } };
    row.columns.N++;
    row.columns.TOTAL += amount;
    row.columns.IDS += id;
    rows.set(group, row);
  }
  return rows;
}
