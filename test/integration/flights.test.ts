import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { type Engine, openEngine, type QueryHandle } from '../../src/index.js';

/* The flights example, through the library and as a query file, beside a computation that shares no code with the engine. */

const example = join(import.meta.dirname, '../../examples/flights');
const pipeline = readFileSync(join(example, 'pipeline.sql'), 'utf8');
const DAY_MS = 86_400_000;

interface Flight {
  readonly date: string;
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

const flights = read('flights') as readonly (Flight & Record<string, unknown>)[];
const airports = read('airports') as readonly {
  readonly iata: string;
  readonly city: string;
  readonly [name: string]: unknown;
}[];
const expected = computed();

const folder = mkdtempSync(join(tmpdir(), 'millrace-flights-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(name: string): unknown[] {
  const text = gunzipSync(readFileSync(join(example, `${name}.ndjson.gz`))).toString('utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** A line per airport and day: origin, start of the day, city, flights, average delay, greatest delay. */
function computed(): string[] {
  const cities = new Map(airports.map((airport) => [airport.iata, airport.city]));
  const delays = new Map<string, number[]>();
  for (const { date, delay, origin } of flights) {
    const [year, month, day] = date.slice(0, 10).split('/').map(Number);
    const group = `${origin} ${Date.UTC(year!, month! - 1, day)}`;
    delays.set(group, [...(delays.get(group) ?? []), delay]);
  }
  const lines = [...delays].map(([group, list]) => {
    const average = list.reduce((sum, delay) => sum + delay, 0) / list.length;
    return line([...group.split(' '), cities.get(group.split(' ')[0]!), list.length, average, Math.max(...list)]);
  });
  return lines.sort();
}

function line(values: readonly unknown[]): string {
  return values.join(' | ');
}

async function load(engine: Engine): Promise<void> {
  await engine.insert('airports', airports);
  await engine.insert('flights', flights);
  await engine.drain();
}

async function airportDays(engine: Engine): Promise<string[]> {
  const query = (await engine.query(
    'SELECT origin, windowstart, city, flights, average_delay, greatest_delay FROM airport_days;',
  )) as QueryHandle;
  const lines: string[] = [];
  for await (const rows of query.batches) for (const { values } of rows) lines.push(line(values));
  return lines.sort();
}

test('the data are what the example says', () => {
  expect(flights.length).toBe(20_000);
  expect(airports.length).toBe(3_376);
  const days = expected.map((text) => Number(text.split(' | ')[1]));
  expect((Math.max(...days) - Math.min(...days)) / DAY_MS).toBe(89);
});

test('by library: every flight is in one window of its airport', async () => {
  const engine = await openEngine();
  try {
    for (const { text } of engine.parse(pipeline).statements) await engine.execute(text);
    await load(engine);
    expect(await airportDays(engine)).toEqual(expected);
    const { queries } = await engine.statistics();
    expect(queries.map(({ dropped }) => dropped)).toEqual([{}, {}]);
  } finally {
    await engine.close();
  }
});

test('by query file: the same rows, after a restart too', async () => {
  const data = join(folder, 'flights.db');
  const engine = await openEngine({ data, threads: 0 });
  try {
    await engine.applyQueryFile(pipeline);
    await load(engine);
    expect(await airportDays(engine)).toEqual(expected);
  } finally {
    await engine.close();
  }

  const again = await openEngine({ data, threads: 0 });
  try {
    expect((await again.applyQueryFile(pipeline)).applied).toEqual([]);
    await again.drain();
    expect(await airportDays(again)).toEqual(expected);
  } finally {
    await again.close();
  }
});

test('queries that start after the data have come see the airports first', async () => {
  const engine = await openEngine();
  try {
    const [flightStream, airportTable, ...queries] = engine.parse(pipeline).statements;
    await engine.execute(flightStream!.text);
    await engine.execute(airportTable!.text);
    await load(engine);
    for (const { text } of queries) await engine.execute(text);
    await engine.drain();
    expect(await airportDays(engine)).toEqual(expected);
  } finally {
    await engine.close();
  }
});

const cli = join(import.meta.dirname, '../../dist/cli.js');

/** What a command of the built package printed. */
function millrace(input: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { input, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return stdout;
}

if (!existsSync(cli)) console.log(`the prompt is not tried: ${cli} is not built`);

test.skipIf(!existsSync(cli))(
  'by the prompt of the built package: the same rows',
  async () => {
    const data = join(folder, 'prompt.db');
    millrace(pipeline, 'sql', data);
    for (const name of ['airports', 'flights']) {
      millrace('', 'load', name, join(example, `${name}.ndjson.gz`), '--data', data);
    }
    const ask = 'SELECT origin, windowstart, city, flights, average_delay, greatest_delay FROM airport_days;\n';
    let lines: string[] = [];
    for (let attempt = 0; attempt < 20 && lines.length < expected.length; attempt++) {
      lines = millrace(ask, 'sql', data, '--output', 'ndjson')
        .trimEnd()
        .split('\n')
        .map((text) => line(Object.values(JSON.parse(text))));
    }
    expect(lines.sort()).toEqual(expected);
  },
  60_000,
);
