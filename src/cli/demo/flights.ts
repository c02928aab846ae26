import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { Engine } from '../../engine/engine.js';
import { SystemError } from '../../model/errors.js';

/** The example that comes with the package: statements, and the rows that belong to them. */
export interface FlightsExample {
  readonly queryFiles: readonly string[];
  readonly airports: readonly Row[];
  /** In the order of departure. */
  readonly flights: readonly Row[];
  /** Departure of each flight, ms since epoch. */
  readonly departures: readonly number[];
}

export type Row = Readonly<Record<string, unknown>>;

/** Finds and reads the example. @throws SystemError when the package is not complete */
export function readExample(): FlightsExample {
  const folder = exampleFolder();
  const flights = readRows(join(folder, 'flights.ndjson.gz'));
  return {
    queryFiles: readdirSync(folder)
      .filter((name) => name.endsWith('.sql'))
      .sort()
      .map((name) => join(folder, name)),
    airports: readRows(join(folder, 'airports.ndjson.gz')),
    flights,
    departures: flights.map(departure),
  };
}

/** The folder of the example: beside `dist` in the package, above the sources when it runs from them. */
function exampleFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const candidate = join(folder, 'examples', 'flights');
    if (existsSync(join(candidate, 'pipeline.sql'))) return candidate;
    const parent = dirname(folder);
    if (parent === folder) break;
    folder = parent;
  }
  throw new SystemError('the folder examples/flights of the package is missing', {
    code: 'example-missing',
    hint: 'Install the package again.',
  });
}

function readRows(path: string): Row[] {
  const lines = gunzipSync(readFileSync(path)).toString('utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Row);
}

/** `2001/01/01 00:47`, taken as UTC like the stream's TIMESTAMP_FORMAT takes it. */
function departure({ date }: Row): number {
  const [year, month, day, hour, minute] = String(date).split(/\D/).map(Number);
  return Date.UTC(year!, month! - 1, day, hour, minute);
}

/**
 * How many records each topic that a query reads has ever been given. Inserts are atomic, so this is exactly how far an interrupted
 * replay came.
 */
export async function topicEnds(engine: Engine, stream: string): Promise<ReadonlyMap<string, number>> {
  const ends = new Map<string, number>();
  for (const entity of await engine.execute(`DESCRIBE ${stream} EXTENDED;`)) {
    if (entity['@type'] !== 'sourceDescription') continue;
    for (const { topicSummaries } of entity.sourceDescription.queryOffsetSummaries) {
      for (const { kafkaTopic, offsets } of topicSummaries) {
        ends.set(
          kafkaTopic,
          offsets.reduce((sum, { logEndOffset }) => sum + logEndOffset, 0),
        );
      }
    }
  }
  return ends;
}
