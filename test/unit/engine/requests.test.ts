import { describe, expect, it } from 'vitest';
import { dataFile, open, rowsOf, sourceNames } from './engine-fixture.js';

const STREAM = "CREATE STREAM S (K STRING KEY, V INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);";

describe('a request', () => {
  it('runs its statements in order, each seeing those before', async () => {
    const engine = await open();
    const entities = await engine.execute(
      `${STREAM} CREATE STREAM O AS SELECT * FROM S; DROP STREAM O; CREATE STREAM O AS SELECT K, V + 1 AS V FROM S;`,
    );
    expect(entities.map((entity) => entity['@type'])).toEqual(Array(4).fill('currentStatus'));
    expect(sourceNames(engine)).toEqual(['O', 'S']);
  });

  it.each([
    ['an unknown column', 'CREATE STREAM O AS SELECT NOPE FROM S;'],
    ['a syntax error', 'CREATE STREAM O AS SELEC * FROM S;'],
    ['a name that is taken', STREAM],
    ['a query', 'SELECT * FROM S EMIT CHANGES;'],
    ['an unknown property', "SET 'no.such'='x';"],
  ])('with %s in its second statement runs nothing', async (_, second) => {
    const engine = await open();
    const session = engine.session();
    await expect(
      engine.execute(`SET 'auto.offset.reset'='latest'; ${STREAM} ${second}`, session),
    ).rejects.toMatchObject({ name: 'StatementError' });
    expect(sourceNames(engine)).toEqual([]);
    expect(session.properties.size).toBe(0);
  });

  it('tells which statement is wrong', async () => {
    const engine = await open();
    await expect(engine.execute(`${STREAM} DROP TABLE S;`)).rejects.toMatchObject({ statementText: 'DROP TABLE S;' });
  });

  it('keeps its session for the statements that follow', async () => {
    const engine = await open();
    const session = engine.session({ 'auto.offset.reset': 'latest' }, { name: 'S' });
    await engine.execute(`${STREAM} INSERT INTO \${name} VALUES ('before', 1);`, session);
    await engine.execute(`CREATE STREAM O AS SELECT * FROM \${name}; INSERT INTO S VALUES ('after', 2);`, session);
    await engine.drain();
    expect(await rowsOf(engine, 'SELECT K FROM O;')).toEqual([['after']]);
    await engine.execute("UNSET 'auto.offset.reset'; DEFINE other = '${name}2';", session);
    expect(session.properties.size).toBe(0);
    expect(session.variables.get('other')).toBe('S2');
  });

  it('does not change the session of another', async () => {
    const engine = await open();
    const [a, b] = [engine.session(), engine.session()];
    await engine.execute("SET 'auto.offset.reset'='latest'; DEFINE x = '1';", a);
    expect([b.properties.size, b.variables.size]).toEqual([0, 0]);
  });

  it('is checked for unknown properties at once', async () => {
    const engine = await open();
    expect(() => engine.session({ 'no.such': 1 })).toThrow(expect.objectContaining({ code: 'unknown-property' }));
    expect(() => engine.session({ 'ksql.query.pull.table.scan.enabled': 'x' })).toThrow(
      expect.objectContaining({ code: 'invalid-property' }),
    );
  });
});

describe('definitions at the same time', () => {
  it('of one name: one is made, the others are refused', async () => {
    const engine = await open();
    await engine.execute(STREAM);
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, (_, i) => engine.execute(`CREATE STREAM O AS SELECT K, V + ${i} AS V FROM S;`)),
    );
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'source-exists' });
    }
    await engine.execute("INSERT INTO S VALUES ('a', 1);");
    await engine.drain();
    expect(await rowsOf(engine, 'SELECT * FROM O;')).toHaveLength(1);
  });

  it('of many names get ids of their own, and survive', async () => {
    const data = dataFile();
    const engine = await open({ data });
    await engine.execute(STREAM);
    await Promise.all(Array.from({ length: 8 }, (_, i) => engine.execute(`CREATE STREAM O${i} AS SELECT * FROM S;`)));
    const ids = engine.core.catalog.queries().map((query) => query.id);
    expect(new Set(ids).size).toBe(8);
    await engine.close();
    const again = await open({ data });
    expect(again.core.catalog.queries().map((query) => query.id)).toEqual(ids);
  });

  it('a source that is dropped while a query on it is made', async () => {
    const engine = await open();
    await engine.execute(STREAM);
    const [made, dropped] = await Promise.allSettled([
      engine.execute('CREATE STREAM O AS SELECT * FROM S;'),
      engine.execute('DROP STREAM S;'),
    ]);
    expect([made.status, dropped.status].sort()).toEqual(['fulfilled', 'rejected']);
    expect(sourceNames(engine)).toEqual(made.status === 'fulfilled' ? ['O', 'S'] : []);
  });
});
