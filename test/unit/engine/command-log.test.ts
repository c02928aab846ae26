import { describe, expect, it } from 'vitest';
import { MemoryCatalog } from '../../../src/catalog/memory-catalog.js';
import { applyEffects, decodeCommand, encodeCommand } from '../../../src/engine/command-log.js';
import { openDatabase } from '../../../src/storage/database.js';
import { dataFile, open, rowsOf, sourceNames } from './engine-fixture.js';

const STREAM = "CREATE STREAM S (K STRING KEY, V INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);";
const TABLE = 'CREATE TABLE T AS SELECT K, COUNT(*) AS N FROM S GROUP BY K;';
const OTHER = 'CREATE TABLE U AS SELECT K, SUM(V) AS N FROM S GROUP BY K;';

function damage(data: string, change: (text: string) => string, statement: string): void {
  const database = openDatabase({ path: data, mode: 'writer' });
  const rows = database
    .prepare<[], { sequence: number; text: string }>('SELECT sequence, text FROM catalog_commands')
    .all();
  const row = rows.find((candidate) => candidate.text.includes(statement))!;
  database.prepare('UPDATE catalog_commands SET text = ? WHERE sequence = ?').run(change(row.text), row.sequence);
  database.close();
}

describe('commands', () => {
  it('survive being written down', () => {
    const command = {
      version: 1,
      statement: 'CREATE TYPE X AS INT;',
      effects: [{ kind: 'putType', name: 'X', type: { kind: 'INTEGER' } }],
    } as const;
    expect(decodeCommand(encodeCommand(command))).toEqual(command);
    const catalog = new MemoryCatalog();
    applyEffects(catalog, command.effects);
    expect(catalog.type('X')).toEqual({ kind: 'INTEGER' });
  });

  it.each(['', '{', '[]', 'null', '{"version":2,"effects":[]}', '{"version":1}'])('%j is none', (text) => {
    expect(() => decodeCommand(text)).toThrow();
  });
});

describe('an engine whose command log is damaged', () => {
  it.each([
    ['an entry that is no JSON', (text: string) => text.slice(0, -10)],
    ['an entry of a later version', (text: string) => text.replace('"version":1', '"version":7')],
    ['a plan that cannot be read', (text: string) => text.replace('\\"version\\":1', '\\"version\\":')],
    ['a plan of a later version', (text: string) => text.replace('\\"version\\":1', '\\"version\\":9')],
  ])('sets %s aside, runs the rest, and says so', async (_, change) => {
    const data = dataFile();
    const first = await open({ data });
    await first.execute(STREAM + TABLE + OTHER);
    await first.execute("INSERT INTO S VALUES ('a', 1);");
    await first.drain();
    await first.close();
    damage(data, change, 'CREATE TABLE T');

    const engine = await open({ data });
    expect(engine.core.quarantined).toHaveLength(1);
    expect(await engine.health()).toMatchObject({ isHealthy: false, details: { metastore: { isHealthy: false } } });
    expect(engine.info().status).toBe('DEGRADED');
    expect(sourceNames(engine)).toEqual(['S', 'U']);
    await engine.execute("INSERT INTO S VALUES ('a', 2);");
    await engine.drain();
    expect(await rowsOf(engine, "SELECT * FROM U WHERE K = 'a';")).toEqual([['a', 3]]);
  });

  it('keeps going when it was never damaged', async () => {
    const data = dataFile();
    const first = await open({ data });
    await first.execute(STREAM + TABLE);
    const { sequence } = first.core;
    await first.close();
    const engine = await open({ data });
    expect(engine.core.sequence).toBe(sequence);
    expect(engine.core.quarantined).toEqual([]);
    expect(await engine.health()).toMatchObject({ isHealthy: true });
  });
});
