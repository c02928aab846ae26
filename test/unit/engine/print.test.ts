import { describe, expect, it } from 'vitest';
import type { PrintHandle } from '../../../src/engine/engine.js';
import type { MillraceEngine } from '../../../src/engine/millrace-engine.js';
import { open } from './engine-fixture.js';

const STREAM = "CREATE STREAM S (K STRING KEY, V INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);";

async function print(engine: MillraceEngine, sql: string): Promise<PrintHandle> {
  return (await engine.query(sql)) as PrintHandle;
}

async function linesOf(handle: PrintHandle): Promise<string[]> {
  const lines: string[] = [];
  for await (const batch of handle.lines) lines.push(...batch);
  return lines;
}

describe('PRINT', () => {
  it('tells formats, times, keys and values, up to its limit', async () => {
    const engine = await open();
    await engine.execute(`${STREAM} INSERT INTO S (ROWTIME, K, V) VALUES (1670001722556, 'a', 1), (2, 'b', 2);`);
    expect(await linesOf(await print(engine, 'PRINT s FROM BEGINNING LIMIT 1;'))).toEqual([
      'Key format: KAFKA_STRING',
      'Value format: JSON or KAFKA_STRING',
      'rowtime: 2022/12/02 17:22:02.556 Z, key: a, value: {"V":1}, partition: 0',
    ]);
  });

  it('shows times that lie beyond the range of Date', async () => {
    const engine = await open();
    await engine.execute(`${STREAM} INSERT INTO S (ROWTIME, K, V) VALUES (9000000000000000, 'a', 1);`);
    const lines = await linesOf(await print(engine, 'PRINT s FROM BEGINNING LIMIT 1;'));
    expect(lines.at(-1)).toMatch(/^rowtime: \+287168\/.* Z, key: a, /);
  });

  it('takes every n-th record, and no n below one', async () => {
    const engine = await open();
    await engine.execute(`${STREAM} INSERT INTO S VALUES ('a', 1), ('b', 2), ('c', 3), ('d', 4);`);
    const lines = await linesOf(await print(engine, 'PRINT s FROM BEGINNING INTERVAL 2 LIMIT 2;'));
    expect(lines.slice(2).map((line) => / key: (\w)/.exec(line)?.[1])).toEqual(['a', 'c']);
    await expect(engine.query('PRINT s INTERVAL 0;')).rejects.toMatchObject({ code: 'invalid-interval' });
  });

  it('ends when it is closed, and when the engine is', async () => {
    const engine = await open();
    await engine.execute(STREAM);
    const [first, second] = [await print(engine, 'PRINT s;'), await print(engine, 'PRINT s;')];
    const ended = Promise.all([linesOf(first), linesOf(second)]);
    await first.close();
    await engine.close();
    expect(await ended).toEqual([[], []]);
  });
});
