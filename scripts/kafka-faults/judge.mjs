/**
 * Compares what came out with what must come out. Every function answers a list of sentences, [] when all is well; lists are cut after a
 * few, with how many more there are.
 *
 * `repeats`: whether records may come again, as they may where the guarantee is at_least_once.
 */
import { WINDOW_MS } from './workload.mjs';

const SHOWN_MAX = 5;

class Problems {
  #name;
  #shown = [];
  #count = 0;

  constructor(name) {
    this.#name = name;
  }

  add(text) {
    this.#count++;
    if (this.#shown.length < SHOWN_MAX) this.#shown.push(`${this.#name}: ${text}`);
  }

  list() {
    const more = this.#count - this.#shown.length;
    return more === 0 ? this.#shown : [...this.#shown, `${this.#name}: and ${more} more`];
  }
}

/** Acknowledged inputs that are not where they were said to be, and ids that came in twice. */
export function judgeInput(events, acknowledged) {
  const problems = new Problems('input');
  const places = new Map();
  for (const { id, partition, offset } of events) {
    if (places.has(id))
      problems.add(`the id ${id} is stored twice: at ${places.get(id)} and at ${partition}:${offset}`);
    else places.set(id, `${partition}:${offset}`);
  }
  for (const { id, partition, offset } of acknowledged) {
    const said = `${partition}:${offset}`;
    const place = places.get(id);
    if (place === undefined) problems.add(`the id ${id} was acknowledged at ${said} and is not stored`);
    else if (place !== said) problems.add(`the id ${id} was acknowledged at ${said} and is stored at ${place}`);
  }
  return problems.list();
}

/** A stream: each row once, as it must be, in the order of its line; `counts` says what was found. */
export function judgeStream(name, expected, records, { repeats }) {
  const problems = new Problems(name);
  const seen = new Map();
  const lines = new Map();
  let doubled = 0;
  for (const { partition, offset, key, timestamp, value } of records) {
    const { ID: id, ...columns } = JSON.parse(value);
    const at = `${partition}:${offset}`;
    const row = expected.get(id);
    if (row === undefined) {
      problems.add(`the row ${id} at ${at} must not be there`);
      continue;
    }
    if (row.key !== key || row.time !== timestamp || !sameColumns(row.columns, columns)) {
      problems.add(`the row at ${at} is ${show({ id, key, timestamp, columns })} and must be ${show(row)}`);
    }
    if (seen.has(id)) {
      doubled++;
      if (!repeats) problems.add(`the row ${id} came twice: at ${seen.get(id)} and at ${at}`);
      continue;
    }
    seen.set(id, at);
    const line = lines.get(row.line);
    if (line !== undefined && line.place > row.place) {
      problems.add(
        `the row ${id} at ${at} came after the row ${line.id} at ${line.at}, which follows it in ${row.line}`,
      );
    }
    if (line !== undefined && line.partition !== partition) {
      problems.add(
        `rows of ${row.line} are in the partitions ${line.partition} and ${partition}: at ${line.at} and ${at}`,
      );
    }
    lines.set(row.line, { place: row.place, id, at, partition });
  }
  let lost = 0;
  for (const [id, row] of expected) {
    if (seen.has(id)) continue;
    lost++;
    problems.add(`the row ${id} is lost: ${show(row)}`);
  }
  return { problems: problems.list(), lost, doubled };
}

/**
 * The topic of a table: the last value of each key is the one it must have, and counts only rise.
 * @param nameOf the name of the row of a record
 * @param extra whether counts may be too high: what they are counted from may have come twice
 */
export function judgeTableTopic(name, expected, records, nameOf, { repeats, extra = false }) {
  const problems = new Problems(name);
  const last = new Map();
  for (const record of records) {
    const row = nameOf(record);
    const at = `${record.partition}:${record.offset}`;
    if (record.value === null) {
      problems.add(`${row} is deleted at ${at}`);
      continue;
    }
    const columns = JSON.parse(record.value);
    const before = last.get(row);
    if (before !== undefined && before.partition !== record.partition) {
      problems.add(`${row} is in the partitions ${before.partition} and ${record.partition}`);
    }
    if (before !== undefined && before.columns.N >= columns.N && !repeats) {
      problems.add(`${row} has ${show(columns)} at ${at}, and had ${show(before.columns)} at ${before.at} already`);
    }
    last.set(row, { columns, at, partition: record.partition });
  }
  return {
    problems: [...problems.list(), ...judgeRows(name, expected, last, { extra })],
    ...difference(expected, last),
  };
}

/** Rows of a pull query; those of closed windows may be gone. */
export function judgeTable(name, expected, rows, { extra = false }) {
  const problems = new Problems(name);
  const found = new Map();
  for (const { name: row, columns } of rows) {
    if (found.has(row)) problems.add(`${row} is there twice: ${show(found.get(row).columns)} and ${show(columns)}`);
    found.set(row, { columns, at: 'the answer' });
  }
  const wanted = new Map([...expected].filter(([row, { isOpen }]) => isOpen || found.has(row)));
  return [...problems.list(), ...judgeRows(name, wanted, found, { extra })];
}

function judgeRows(name, expected, found, { extra }) {
  const problems = new Problems(name);
  for (const [row, { columns }] of expected) {
    const actual = found.get(row);
    if (actual === undefined) problems.add(`${row} is missing: it must be ${show(columns)}`);
    else if (extra ? actual.columns.N < columns.N : !sameColumns(columns, actual.columns)) {
      problems.add(`${row} is ${show(actual.columns)} at ${actual.at} and must be ${show(columns)}`);
    }
  }
  for (const [row, { columns, at }] of found) {
    if (!expected.has(row)) problems.add(`${row} at ${at} must not be there: ${show(columns)}`);
  }
  return problems.list();
}

/** How many records were counted too few and too many. */
function difference(expected, found) {
  let lost = 0;
  let doubled = 0;
  for (const [row, { columns }] of expected) {
    const n = found.get(row)?.columns.N ?? 0;
    if (n < columns.N) lost += columns.N - n;
    else doubled += n - columns.N;
  }
  return { lost, doubled };
}

const POSITION_KEY = '0102';
const CLAIM_PREFIX = '0103';

/**
 * The position records of a changelog: they count without a gap and without going back, each closes as many records as it says, positions
 * of inputs never go back, and nothing follows the last one.
 * @returns also the last position record of each partition
 */
export function judgeChangelog(name, records, { repeats }) {
  const problems = new Problems(name);
  const last = new Map();
  let open = 0;
  let commits = 0;
  let partition = -1;
  const ended = () => {
    if (open > 0 && !repeats)
      problems.add(`${open} records at the end of partition ${partition} have no position record`);
  };
  for (const record of records) {
    if (record.partition !== partition) {
      ended();
      partition = record.partition;
      open = 0;
    }
    const key = record.keyBytes.toString('hex');
    if (key.startsWith(CLAIM_PREFIX)) {
      // What the last owner left behind it does not count.
      open = 0;
      continue;
    }
    if (key !== POSITION_KEY) {
      open++;
      continue;
    }
    const position = JSON.parse(record.value);
    const before = last.get(partition);
    const at = `${partition}:${record.offset}`;
    commits++;
    if (
      before !== undefined &&
      position.sequence !== before.sequence + 1 &&
      !(repeats && position.sequence <= before.sequence)
    ) {
      problems.add(`the position record at ${at} has the sequence ${position.sequence} after ${before.sequence}`);
    }
    if (open !== position.records && !(repeats && open > position.records)) {
      problems.add(`the position record at ${at} counts ${position.records} records, and there are ${open}`);
    }
    open = 0;
    for (const [topic, , number, offset] of position.inputs) {
      const was = before?.inputs.find(([t, , n]) => t === topic && n === number)?.[3] ?? 0;
      if (offset < was && !repeats)
        problems.add(`the position record at ${at} goes back from ${was} to ${offset} in ${topic} ${number}`);
    }
    last.set(partition, position);
  }
  ended();
  return { problems: problems.list(), last, commits };
}

/** The name of a row of the windowed table: its key is the text of the key with the window's start behind it. */
export function windowName({ keyBytes }) {
  const textEnd = keyBytes.length - 8;
  return `${keyBytes.toString('utf8', 0, textEnd)}@${keyBytes.readBigInt64BE(textEnd)}`;
}

export function groupName({ key }) {
  return key;
}

/** Rows of `SELECT * FROM windowed` and `SELECT * FROM grouped`, as `judgeTable` takes them. */
export function windowedAnswer([key, start, end, n, total]) {
  const name = end - start === WINDOW_MS ? `${key}@${start}` : `${key}@${start} up to ${end}`;
  return { name, columns: { N: n, TOTAL: total } };
}

export function groupedAnswer([group, n, total, ids]) {
  return { name: group, columns: { N: n, TOTAL: total, IDS: ids } };
}

function sameColumns(a, b) {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function show(value) {
  return JSON.stringify(value);
}
