import { describe, expect, it } from 'vitest';
import { dataFile, open, rowsOf } from './engine-fixture.js';

const FILE = `
  SET 'auto.offset.reset'='earliest';
  CREATE TYPE ADDRESS AS STRUCT<CITY STRING>;
  CREATE STREAM S (K STRING KEY, V INT, HOME ADDRESS) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
  CREATE STREAM ALL_S (K STRING KEY, V INT) WITH (KAFKA_TOPIC='all', VALUE_FORMAT='JSON', PARTITIONS=1);
  -- counts
  CREATE TABLE T AS SELECT K, COUNT(*) AS N FROM S GROUP BY K;
  INSERT INTO ALL_S SELECT K, V FROM S;
`;
const NAMES = ['ADDRESS', 'S', 'ALL_S', 'T', 'INSERT INTO ALL_S'];

describe('a query file', () => {
  it('runs once, and not again while it stays the same', async () => {
    const data = dataFile();
    const engine = await open({ data });
    expect(await engine.applyQueryFile(FILE)).toEqual({ applied: NAMES, unchanged: [] });
    await engine.execute("INSERT INTO S (K, V) VALUES ('a', 1);");
    await engine.drain();
    const { sequence } = engine.core;
    expect(await engine.applyQueryFile(FILE)).toEqual({ applied: [], unchanged: NAMES });
    await engine.close();
    const again = await open({ data });
    const spacedOut = FILE.replaceAll(' FROM ', '\n   from\n ').replace('-- counts', '/* other words */');
    expect(await again.applyQueryFile(spacedOut)).toEqual({ applied: [], unchanged: NAMES });
    expect(again.core.sequence).toBe(sequence);
    expect(await rowsOf(again, 'SELECT * FROM T;')).toEqual([['a', 1]]);
  });

  it('adds what is new', async () => {
    const engine = await open();
    await engine.applyQueryFile(FILE);
    const result = await engine.applyQueryFile(`${FILE} CREATE STREAM NEW AS SELECT * FROM S;`);
    expect(result).toEqual({ applied: ['NEW'], unchanged: NAMES });
  });

  it('is refused where a definition differs from what there is', async () => {
    const engine = await open();
    await engine.applyQueryFile(FILE);
    await expect(engine.applyQueryFile(FILE.replace('COUNT(*)', 'SUM(V)'))).rejects.toMatchObject({
      code: 'query-file-differs',
      message: expect.stringContaining('Table T exists with another definition'),
    });
    await expect(engine.applyQueryFile(FILE.replace('CITY STRING', 'CITY INT'))).rejects.toMatchObject({
      code: 'query-file-differs',
    });
  });

  it('may replace a definition', async () => {
    const engine = await open();
    await engine.applyQueryFile(FILE);
    const changed = FILE.replace('CREATE TABLE T', 'CREATE OR REPLACE TABLE T').replace(
      'FROM S GROUP',
      'FROM S WHERE V > 1 GROUP',
    );
    expect((await engine.applyQueryFile(changed)).applied).toEqual(['T']);
    expect((await engine.applyQueryFile(changed)).applied).toEqual([]);
  });

  it.each([
    ["INSERT INTO S (K) VALUES ('a');", 'INSERT INTO ... VALUES does not belong'],
    ['SELECT * FROM S EMIT CHANGES;', 'Unsupported statement'],
    ['DROP TABLE T;', 'Unsupported statement'],
    ['LIST STREAMS;', 'Unsupported statement'],
  ])('may not have %s', async (statement, message) => {
    const engine = await open();
    await expect(engine.applyQueryFile(FILE + statement)).rejects.toMatchObject({
      code: 'query-file-statement',
      message: expect.stringContaining(message),
    });
  });

  it('with an error changes nothing', async () => {
    const engine = await open();
    const { sequence } = engine.core;
    await expect(engine.applyQueryFile(`${FILE} CREATE STREAM X AS SELECT NOPE FROM S;`)).rejects.toMatchObject({
      code: 'unknown-column',
    });
    expect(engine.core.sequence).toBe(sequence);
    await expect(engine.applyQueryFile(`${FILE} DROP TABLE T;`)).rejects.toMatchObject({
      code: 'query-file-statement',
    });
    expect(engine.core.sequence).toBe(sequence);
  });
});
