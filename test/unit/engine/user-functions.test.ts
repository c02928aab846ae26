import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EngineOptions } from '../../../src/engine/create-engine.js';
import { FunctionFolder } from '../../../src/engine/function-folder.js';
import type { MillraceEngine } from '../../../src/engine/millrace-engine.js';
import { folderOf, scalarModule, writeFiles } from '../functions/user/modules.js';
import { dataFile, open, rowsOf } from './engine-fixture.js';

const SOURCE =
  "CREATE STREAM s (id INT KEY, v STRING, nums ARRAY<INT>) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);";

type Log = string[];

function openWith(folder: string | null, log: Log, options: EngineOptions = {}): Promise<MillraceEngine> {
  return open({
    ...options,
    settings: { ...(folder === null ? {} : { 'ksql.extension.dir': folder }), ...options.settings },
    log: (level, message) => log.push(`${level} ${message}`),
  });
}

/** An engine with a stream and the functions of one module. */
async function engineOf(text: string, log: Log = []): Promise<MillraceEngine> {
  const engine = await openWith(folderOf({ 'm.js': text }), log);
  await engine.execute(SOURCE);
  return engine;
}

async function reported(engine: MillraceEngine): Promise<unknown[]> {
  const rows = await rowsOf(
    engine,
    'SELECT `MESSAGE`->`recordProcessingError`->`errorMessage` AS E FROM KSQL_PROCESSING_LOG EMIT CHANGES;',
    engine.session({ 'auto.offset.reset': 'earliest' }),
  );
  return rows.map(([text]) => text);
}

const all = (engine: MillraceEngine, source: string): Promise<unknown[][]> =>
  rowsOf(engine, `SELECT * FROM ${source} EMIT CHANGES;`, engine.session({ 'auto.offset.reset': 'earliest' }));

describe('functions of users', () => {
  it('work in persistent, push and pull queries and in inserted values', async () => {
    const engine = await engineOf(scalarModule('SHOUT', "(t) => t.toUpperCase() + '!'"));
    await engine.execute('CREATE TABLE t AS SELECT id, LATEST_BY_OFFSET(SHOUT(v)) AS loud FROM s GROUP BY id;');
    await engine.execute("INSERT INTO s (id, v) VALUES (1, SHOUT('a'));");
    await engine.drain();
    expect(await rowsOf(engine, 'SELECT loud, SHOUT(loud) AS louder FROM t WHERE id = 1;')).toEqual([['A!!', 'A!!!']]);
    expect(await all(engine, 's')).toEqual([[1, 'A!', null]]);
  });

  it('are listed and described', async () => {
    const engine = await engineOf(
      scalarModule('SHOUT', '(t) => t').replace(
        'description:',
        "author: 'me', version: '2.1', category: 'Voices', description:",
      ),
    );
    const [described] = await engine.execute('DESCRIBE FUNCTION shout;');
    expect(described).toMatchObject({ name: 'SHOUT', author: 'me', version: '2.1', path: 'm.js', type: 'SCALAR' });
    const [listed] = await engine.execute('SHOW FUNCTIONS;');
    expect((listed as unknown as { functions: unknown[] }).functions).toContainEqual({
      name: 'SHOUT',
      type: 'SCALAR',
      category: 'VOICES',
    });
  });

  it('that fail give null and tell the processing log; the query goes on', async () => {
    const engine = await engineOf(
      scalarModule('ODD', "(t) => { if (t === 'x') throw new Error('no x, please'); return t === 'y' ? 5 : t; }"),
    );
    await engine.execute('CREATE STREAM o AS SELECT id, ODD(v) AS v FROM s;');
    await engine.execute("INSERT INTO s (id, v) VALUES (1, 'a'), (2, 'x'), (3, 'y'), (4, 'b');");
    await engine.drain();
    expect(await all(engine, 'o')).toEqual([
      [1, 'a'],
      [2, null],
      [3, null],
      [4, 'b'],
    ]);
    expect(await reported(engine)).toEqual([
      'Error computing expression V: ODD failed: no x, please',
      'Error computing expression V: ODD gave a number where STRING is declared',
    ]);
  });

  it('that are promises, run out of stack or throw anything cost a record and no more', async () => {
    const engine = await engineOf(`import { defineScalar } from 'millrace';
      const f = (name, evaluate) => defineScalar({ name, description: '', variants: [{ signature: '(t STRING) -> STRING', nulls: 'propagate', evaluate }] });
      const deep = (t) => deep(t) + 1;
      export const all = [
        f('LATER', async () => { throw new Error('late'); }),
        f('DEEP', deep),
        f('ANYTHING', () => { throw null; }),
      ];`);
    await engine.execute('CREATE STREAM o AS SELECT id, LATER(v) AS a, DEEP(v) AS b, ANYTHING(v) AS c FROM s;');
    await engine.execute("INSERT INTO s (id, v) VALUES (1, 'a');");
    await engine.drain();
    expect(await all(engine, 'o')).toEqual([[1, null, null, null]]);
    expect(await reported(engine)).toEqual([
      'Error computing expression A: LATER gave a promise: functions of SQL are synchronous',
      'Error computing expression B: DEEP failed: Maximum call stack size exceeded',
      'Error computing expression C: ANYTHING failed: it threw null',
    ]);
  });

  it('of the aggregate kind fail by record, in each of their parts', async () => {
    const engine = await engineOf(`import { defineAggregate, BIGINT } from 'millrace';
      const sum = (name, changes) => defineAggregate({ name, description: '', variants: [{
        signature: '(v INT) -> BIGINT', tableCapable: false,
        bind: () => ({
          stateType: BIGINT, resultType: BIGINT, resultIsState: false,
          initial: () => 0, add: (s, v) => s + v, merge: (a, b) => a + b, result: (s) => s, ...changes,
        }),
      }] });
      export const all = [
        sum('PLAIN', {}),
        sum('PICKY', { add: (s, v) => { if (v === 2) throw new Error('two'); return s + v; } }),
        sum('WRONG', { add: () => 'x' }),
        sum('MUTE', { result: () => { throw new Error('no result'); } }),
        sum('EMPTY', { initial: () => { throw new Error('no beginning'); }, add: (s, v) => v }),
      ];`);
    const calls = ['PLAIN', 'PICKY', 'WRONG', 'MUTE', 'EMPTY'].map((name) => `${name}(id)`).join(', ');
    await engine.execute(`CREATE TABLE t AS SELECT v, ${calls} FROM s GROUP BY v;`);
    await engine.execute("INSERT INTO s (id, v) VALUES (1, 'a'), (2, 'a'), (3, 'a');");
    await engine.drain();
    expect(await rowsOf(engine, 'SELECT * FROM t;')).toEqual([['a', 6, 4, 0, null, 3]]);
    const texts = await reported(engine);
    for (const text of [
      'Error processing EMPTY: EMPTY failed: no beginning',
      'Error processing PICKY: PICKY failed: two',
      'Error processing WRONG: WRONG gave a string where BIGINT is declared',
      'Error processing MUTE: MUTE failed: no result',
    ]) {
      expect(texts).toContain(text);
    }
  });

  it('merge sessions, and a merge that fails keeps the earlier one', async () => {
    const engine = await engineOf(`import { defineAggregate, BIGINT } from 'millrace';
      const count = (name, merge) => defineAggregate({ name, description: '', variants: [{
        signature: '(v INT) -> BIGINT', tableCapable: false,
        bind: () => ({ stateType: BIGINT, resultType: BIGINT, resultIsState: true, initial: () => 0, add: (s) => s + 1, merge, result: (s) => s }),
      }] });
      export const all = [count('TOGETHER', (a, b) => a + b), count('APART', () => { throw new Error('no merge'); })];`);
    await engine.execute(
      'CREATE TABLE t AS SELECT v, TOGETHER(id) AS a, APART(id) AS b FROM s WINDOW SESSION (10 SECONDS, GRACE PERIOD 1 DAY) GROUP BY v;',
    );
    await engine.execute("INSERT INTO s (ROWTIME, id, v) VALUES (0, 1, 'k'), (15000, 2, 'k'), (8000, 3, 'k');");
    await engine.drain();
    const rows = await rowsOf(engine, 'SELECT a, b FROM t;');
    expect(rows).toEqual([[3, 2]]);
    expect(await reported(engine)).toContain('Error processing APART: APART failed: no merge');
  });

  it('of the table kind make rows', async () => {
    const engine = await engineOf(`import { defineTableFunction } from 'millrace';
      export const t = defineTableFunction({ name: 'LETTERS', description: '', variants: [{
        signature: '(t STRING) -> STRING', bind: () => (t) => { if (t === 'x') throw new Error('x'); return t.split(''); },
      }] });`);
    await engine.execute('CREATE STREAM o AS SELECT id, LETTERS(v) AS l FROM s;');
    await engine.execute("INSERT INTO s (id, v) VALUES (1, 'ab'), (2, 'x'), (3, 'c');");
    await engine.drain();
    expect(await all(engine, 'o')).toEqual([
      [1, 'a'],
      [1, 'b'],
      [3, 'c'],
    ]);
    expect(await reported(engine)).toEqual(['Error processing LETTERS: LETTERS failed: x']);
  });

  it('do not change the rows that they see', async () => {
    const engine = await engineOf(scalarModule('SORTED', '(l) => l.sort()', '(l ARRAY<INT>) -> ARRAY<INT>'));
    await engine.execute('CREATE STREAM o AS SELECT id, SORTED(nums) AS sorted, nums FROM s;');
    await engine.execute('INSERT INTO s (id, nums) VALUES (1, ARRAY[3, 1, 2]);');
    await engine.drain();
    expect(await all(engine, 'o')).toEqual([[1, [1, 2, 3], [3, 1, 2]]]);
  });

  it('that fail in a statement fail the statement', async () => {
    const engine = await engineOf(scalarModule('BAD', "() => { throw new Error('never'); }"));
    await expect(engine.execute("INSERT INTO s (id, v) VALUES (1, BAD('a'));")).rejects.toThrow('BAD failed: never');
  });
});

describe('the folder', () => {
  it('that is wrong keeps the engine from starting', async () => {
    const folder = folderOf({ 'a.js': 'export const a = 1;', 'b.js': scalarModule('UCASE', '(t) => t') });
    await expect(openWith(folder, [])).rejects.toMatchObject({
      name: 'SystemError',
      code: 'bad-functions',
      message: expect.stringMatching(/cannot be used:\n {2}a\.js: .*\n {2}b\.js: .*UCASE/),
    });
    await expect(openWith(join(folder, 'none'), [])).rejects.toMatchObject({ code: 'bad-functions' });
    await expect(openWith(join(folder, 'a.js'), [])).rejects.toThrow('it is no folder');
    await openWith(folder, [], { settings: { 'ksql.udfs.enabled': 'false' } });
  });

  it('may hold extensions in Java, of which an operator is told', async () => {
    const log: Log = [];
    await openWith(folderOf({ 'geo.jar': '' }), log);
    expect(log).toEqual([expect.stringMatching(/^warn .* extensions in Java, which cannot run here: geo\.jar$/)]);
  });

  it('is followed: new statements use new versions, and running queries keep theirs', async () => {
    const log: Log = [];
    const folder = folderOf({ 'm.js': scalarModule('F', "(t) => t + '1'"), 'n.js': scalarModule('G', '(t) => t') });
    const engine = await openWith(folder, log);
    await engine.execute(SOURCE);
    await engine.execute('CREATE STREAM one AS SELECT id, F(v) AS v FROM s;');
    writeFiles(folder, { 'm.js': scalarModule('F', "(t) => t + '2'") });
    await expect.poll(() => log.at(-1)).toMatch(/info .* new versions of F; running queries keep theirs/);
    await engine.execute('CREATE STREAM two AS SELECT id, F(v) AS v FROM s;');
    await engine.execute("INSERT INTO s (id, v) VALUES (1, 'x');");
    await engine.drain();
    expect([await all(engine, 'one'), await all(engine, 'two')]).toEqual([[[1, 'x1']], [[1, 'x2']]]);

    writeFiles(folder, { 'm.js': 'export const' });
    await expect.poll(() => log.at(-1)).toMatch(/^error .*m\.js line 1.*\nthe functions that were read before stay/s);
    expect(await rowsOf(engine, 'SELECT F(v) AS w FROM s EMIT CHANGES;', earliest(engine))).toEqual([['x2']]);

    writeFiles(folder, { 'm.js': scalarModule('F', "(t) => t + '3'") });
    rmSync(join(folder, 'n.js'));
    await expect.poll(() => log.at(-1)).toMatch(/new versions of F; without G;/);
    expect(await rowsOf(engine, 'SELECT F(v) AS w FROM s EMIT CHANGES;', earliest(engine))).toEqual([['x3']]);
    await expect(engine.execute('CREATE STREAM g AS SELECT id, G(v) AS v FROM s;')).rejects.toThrow(
      "Can't find any functions with the name 'G'",
    );
  });

  it('moves a query to a new version when it is replaced, unless its state depends on it', async () => {
    const log: Log = [];
    const text = (end: string): string => `import { defineAggregate, defineScalar, STRING } from 'millrace';
      export const f = defineScalar({ name: 'F', description: '', variants: [
        { signature: '(t STRING) -> STRING', nulls: 'propagate', evaluate: (t) => t + '${end}' }] });
      export const a = defineAggregate({ name: 'A', description: '', variants: [{ signature: '(t STRING) -> STRING', tableCapable: false,
        bind: () => ({ stateType: STRING, resultType: STRING, resultIsState: true, initial: () => '', add: (s, t) => s + t + '${end}',
          merge: (a, b) => a + b, result: (s) => s }) }] });`;
    const folder = folderOf({ 'm.js': text('1') });
    const engine = await openWith(folder, log);
    await engine.execute(SOURCE);
    const replace = (sql: string) => engine.execute(`CREATE OR REPLACE ${sql}`);
    const stream = 'STREAM o AS SELECT id, F(v) AS v FROM s;';
    const table = 'TABLE t AS SELECT id, A(v) AS v FROM s GROUP BY id;';
    await replace(stream);
    await replace(table);
    writeFiles(folder, { 'm.js': text('2') });
    await expect.poll(() => log.at(-1)).toMatch(/new versions of A, F/);
    await replace(stream);
    await expect(replace(table)).rejects.toMatchObject({ code: 'not-upgradeable' });
    await engine.execute("INSERT INTO s (id, v) VALUES (1, 'x');");
    await engine.drain();
    expect(await all(engine, 'o')).toEqual([[1, 'x2']]);
    expect(await rowsOf(engine, 'SELECT v FROM t;')).toEqual([['x1']]);
  });

  it('is followed when another folder takes its place', async () => {
    const log: Log = [];
    const [folder, next] = ['1', '2'].map((end) => folderOf({ 'm.js': scalarModule('F', `(t) => t + '${end}'`) }));
    await openWith(folder!, log);
    renameSync(folder!, `${folder}-before`);
    renameSync(next!, folder!);
    await expect.poll(() => log.at(-1)).toMatch(/new versions of F/);
    writeFiles(folder!, { 'm.js': scalarModule('F', "(t) => t + '3'"), 'n.js': scalarModule('G', '(t) => t') });
    await expect.poll(() => log.at(-1)).toMatch(/new versions of F, G/);
  });

  it('is followed where helpers are', async () => {
    const log: Log = [];
    const folder = folderOf({
      'm.js': `import { end } from './lib/end.js';\n${scalarModule('F', '(t) => t + end')}`,
      'lib/end.js': "export const end = '1';",
    });
    const engine = await openWith(folder, log);
    await engine.execute(SOURCE);
    await engine.execute("INSERT INTO s (id, v) VALUES (1, 'x');");
    writeFiles(folder, { 'lib/end.js': "export const end = '2';" });
    await expect.poll(() => log.at(-1)).toMatch(/new versions of F/);
    expect(await rowsOf(engine, 'SELECT F(v) AS w FROM s EMIT CHANGES;', earliest(engine))).toEqual([['x2']]);
  });
});

function earliest(engine: MillraceEngine) {
  return engine.session({ 'auto.offset.reset': 'earliest' });
}

describe('a restart', () => {
  async function created(folder: string, data: string): Promise<void> {
    const engine = await openWith(folder, [], { data });
    await engine.execute(SOURCE);
    await engine.execute('CREATE STREAM o AS SELECT id, F(v) AS v FROM s;');
    await engine.execute("INSERT INTO s (id, v) VALUES (1, 'x');");
    await engine.drain();
    await engine.close();
  }

  async function next(engine: MillraceEngine): Promise<unknown> {
    await engine.execute("INSERT INTO s (id, v) VALUES (2, 'y');");
    await engine.drain();
    return (await all(engine, 'o')).at(-1);
  }

  it('goes on with the version of the query, without the folder too', async () => {
    const data = dataFile();
    const folder = folderOf({ 'm.js': scalarModule('F', "(t) => t + '1'") });
    await created(folder, data);
    writeFiles(folder, { 'm.js': scalarModule('F', "(t) => t + '2'") });
    const log: Log = [];
    const engine = await openWith(folder, log, { data });
    expect(await next(engine)).toEqual([2, 'y1']);
    expect(readdirSync(`${data}.functions`)).toHaveLength(3);
    await engine.close();
    const without = await openWith(null, log, { data });
    expect(await next(without)).toEqual([2, 'y1']);
    await expect(without.execute('CREATE STREAM p AS SELECT id, F(v) AS v FROM s;')).rejects.toThrow("name 'F'");
    expect(log.filter((line) => !line.startsWith('info'))).toEqual([]);
  });

  it('forgets versions that no query needs', async () => {
    const data = dataFile();
    const folder = folderOf({ 'm.js': scalarModule('F', "(t) => t + '1'") });
    await created(folder, data);
    writeFiles(folder, { 'm.js': scalarModule('F', "(t) => t + '2'") });
    const engine = await openWith(folder, [], { data });
    await engine.execute('DROP STREAM o;');
    await engine.close();
    await (await openWith(folder, [], { data })).close();
    expect(readdirSync(`${data}.functions`)).toHaveLength(2);
  });

  it('uses the present version where that of the query is lost, and says so', async () => {
    const data = dataFile();
    const folder = folderOf({ 'm.js': scalarModule('F', "(t) => t + '1'") });
    await created(folder, data);
    rmSync(`${data}.functions`, { recursive: true });
    writeFiles(folder, { 'm.js': scalarModule('F', "(t) => t + '2'") });
    const log: Log = [];
    const engine = await openWith(folder, log, { data });
    expect(log.filter((line) => line.startsWith('warn'))).toHaveLength(1);
    expect(log[0]).toMatch(/^warn query CSAS_O_\d+ was created with another version of function F, which is not kept/);
    expect(await next(engine)).toEqual([2, 'y2']);
  });

  it('has the query in error where there is no such function any more', async () => {
    const data = dataFile();
    const folder = folderOf({ 'm.js': scalarModule('F', "(t) => t + '1'") });
    await created(folder, data);
    rmSync(`${data}.functions`, { recursive: true });
    writeFiles(folder, { 'm.js': scalarModule('F', '(n) => n', '(n INT) -> INT') });
    const engine = await openWith(folder, [], { data });
    const [status] = await engine.core.parts.thread.status();
    expect(status).toMatchObject({
      state: 'ERROR',
      error: 'the plan uses function F(STRING) of a user, and there is none now',
    });
  });

  it('needs no folder for an engine in memory, whose store is gone with it', async () => {
    const log = () => {};
    const folder = new FunctionFolder({
      folder: folderOf({ 'm.js': scalarModule('F', '(t) => t') }),
      store: null,
      log,
    });
    expect(existsSync(folder.store!)).toBe(true);
    folder.close();
    expect(existsSync(folder.store!)).toBe(false);
  });
});
