import { expect, it } from 'vitest';
import { openEngine } from '../../../src/engine/create-engine.js';
import type { PrintHandle } from '../../../src/engine/engine.js';

async function printed(sql: string, print: string): Promise<string[]> {
  const engine = await openEngine({ clock: { now: () => 0 } });
  try {
    await engine.execute(sql);
    await engine.drain();
    const handle = (await engine.query(print)) as PrintHandle;
    const lines: string[] = [];
    for await (const batch of handle.lines) lines.push(...batch);
    return lines;
  } finally {
    await engine.close();
  }
}

const SOURCE = "CREATE STREAM S (K STRING KEY, V INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);";
const ROWS = "INSERT INTO S (ROWTIME, K, V) VALUES (1500, 'ada', 1), (1700, 'ada', 2);";

it('shows the start of a time window in the key', async () => {
  const table = 'CREATE TABLE W AS SELECT K, COUNT(*) AS N FROM S WINDOW TUMBLING (SIZE 1 SECOND) GROUP BY K;';
  expect(await printed(SOURCE + table + ROWS, 'PRINT W FROM BEGINNING LIMIT 1;')).toEqual([
    'Key format: TUMBLING(KAFKA_STRING)',
    'Value format: JSON or KAFKA_STRING',
    'rowtime: 1970/01/01 00:00:01.700 Z, key: [ada@1000/-], value: {"N":2}, partition: 0',
  ]);
});

it('shows both bounds of a session', async () => {
  const table = 'CREATE TABLE W AS SELECT K, COUNT(*) AS N FROM S WINDOW SESSION (1 SECOND) GROUP BY K;';
  const lines = await printed(SOURCE + table + ROWS, 'PRINT W FROM BEGINNING LIMIT 1;');
  expect(lines.at(-1)).toContain('key: [ada@1500/1700]');
});
