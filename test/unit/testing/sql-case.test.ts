import { expect, test } from 'vitest';
import { runCase } from '../../../src/testing/run-case.js';
import { readSqlTests } from '../../../src/testing/sql-script.js';

const SOURCE = "CREATE STREAM S (K STRING KEY, V INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');\n";
const COUNTS = `${SOURCE}CREATE TABLE T AS SELECT K, COUNT(*) AS N FROM S GROUP BY K HAVING COUNT(*) < 3;\n`;
const INSERT = "INSERT INTO S (ROWTIME, K, V) VALUES (7, 'a', 1);\n";

/** The reason why the only test of a script fails; null when it passes. */
async function reasonOf(script: string): Promise<string | null> {
  const [only] = readSqlTests(`--@test: t\n${script}`, 'file', '.');
  return (await runCase(only!, 'ksqldb')).reason;
}

test('assertions take one record after the other and look at named columns only', async () => {
  const script = `${COUNTS}${INSERT}${INSERT}ASSERT VALUES T (K, N) VALUES ('a', 1);\n`;
  expect(await reasonOf(`${script}ASSERT VALUES T (ROWTIME) VALUES (7);`)).toBeNull();
  expect(await reasonOf(`${script}ASSERT VALUES T (N) VALUES (3);`)).toMatch(/expected 3, got 2$/);
  expect(await reasonOf(`${script}ASSERT VALUES T (N) VALUES (2); ASSERT VALUES T (N) VALUES (3);`)).toBe(
    'Expected another record of T, but got none',
  );
  expect(await reasonOf(`${script}ASSERT VALUES S (V) VALUES (1);`)).toBeNull();
});

test('tombstones are asserted by their key', async () => {
  const script = `${COUNTS}${INSERT.repeat(3)}ASSERT VALUES T (N) VALUES (1); ASSERT VALUES T (N) VALUES (2);\n`;
  expect(await reasonOf(`${script}ASSERT NULL VALUES T (K) KEY ('a');`)).toBeNull();
  expect(await reasonOf(`${script}ASSERT NULL VALUES T (K) KEY ('b');`)).toMatch(/column K of T/);
  expect(await reasonOf(`${script}ASSERT VALUES T (K) VALUES ('a');`)).toMatch(/tombstone/);
});

test('sources are asserted by their definition', async () => {
  const asserted = (definition: string) => reasonOf(`${COUNTS}ASSERT ${definition};`);
  expect(
    await asserted("TABLE T (K STRING PRIMARY KEY, N BIGINT) WITH (KAFKA_TOPIC='T', VALUE_FORMAT='JSON')"),
  ).toBeNull();
  expect(await asserted("TABLE T (K STRING PRIMARY KEY, N INT) WITH (KAFKA_TOPIC='T', VALUE_FORMAT='JSON')")).toMatch(
    /Expected schema does not match actual/,
  );
  expect(await asserted("STREAM T (K STRING KEY, N BIGINT) WITH (KAFKA_TOPIC='T', VALUE_FORMAT='JSON')")).toMatch(
    /Expected type/,
  );
});

test('a query that replaces another goes on with its state', async () => {
  const replaced = COUNTS.replace('< 3', '< 9').replace('CREATE TABLE', 'CREATE OR REPLACE TABLE').replace(SOURCE, '');
  const script = `${COUNTS}${INSERT.repeat(3)}${replaced}${INSERT}`;
  const seen = "ASSERT VALUES T (N) VALUES (1); ASSERT VALUES T (N) VALUES (2); ASSERT NULL VALUES T (K) KEY ('a');\n";
  expect(await reasonOf(`${script}${seen}ASSERT VALUES T (N) VALUES (4);`)).toBeNull();
});

test('the first step that fails must fail as expected', async () => {
  const expecting = (error: string, message: string, script: string) =>
    reasonOf(`--@expected.error: ${error}\n--@expected.message: ${message}\n${script}`);
  const refused = 'CREATE STREAM T AS SELECT X FROM S;';
  expect(await expecting('a.KsqlException', 'cannot be resolved', SOURCE + refused)).toBeNull();
  expect(await expecting('a.KsqlException', 'something else', SOURCE + refused)).toMatch(/^expected the message/);
  expect(await expecting('java.lang.AssertionError', 'cannot', SOURCE + refused)).toMatch(/^expected a AssertionError/);
  expect(
    await expecting('java.lang.AssertionError', 'another record', `${SOURCE}ASSERT VALUES S (V) VALUES (1);`),
  ).toBeNull();
  expect(await expecting('a.KsqlException', 'anything', SOURCE)).toBe('expected an exception: anything');
});

test('a file holds tests, each from its own line on', () => {
  const tests = readSqlTests(
    "-- words\n--@test: one\nSET 'a'='b'; UNSET 'a';\n--@test: two words\n--@expected.message: m\n",
    'f',
    '.',
  );
  expect(tests.map(({ id, steps, expectedMessage }) => [id, steps.length, expectedMessage])).toEqual([
    ['f/one', 2, null],
    ['f/two words', 0, 'm'],
  ]);
  expect(() => readSqlTests('SELECT 1;', 'f', '.')).toThrow('a SQL test begins with');
});
