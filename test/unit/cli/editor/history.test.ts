import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { History, historyPath } from '../../../../src/cli/editor/history.js';

const folder = mkdtempSync(join(tmpdir(), 'millrace-history-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('whole statements come back in the next session, for this user only', () => {
  const path = join(folder, 'a', 'history');
  const first = new History(path);
  first.add('SELECT\n  1;\n');
  first.add('SELECT\n  1;');
  first.add('  ');
  first.add('SHOW TABLES;');
  expect(new History(path).entries).toEqual(['SELECT\n  1;', 'SHOW TABLES;']);
  if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a secret stays in the session and out of the file', () => {
  const path = join(folder, 'b');
  const history = new History(path);
  history.add("SET 'sasl.jaas.config'='x password=\"y\"';");
  expect(history.entries).toHaveLength(1);
  expect(new History(path).entries).toEqual([]);
});

test('a damaged file is no reason to stop, and a long one is shortened', () => {
  const path = join(folder, 'c');
  writeFileSync(
    path,
    `not json\n5\n${Array.from({ length: 2_500 }, (_, i) => `${JSON.stringify(`q${i};`)}\n`).join('')}`,
  );
  const { entries } = new History(path);
  expect([entries.length, entries[0], entries.at(-1)]).toEqual([1_000, 'q1500;', 'q2499;']);
  expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(1_001);
});

test('search goes back from a place', () => {
  const history = new History(null);
  for (const text of ['SELECT a;', 'show tables;', 'select b;']) history.add(text);
  expect([history.findBefore(3, 'SELECT'), history.findBefore(2, 'select'), history.findBefore(0, 'select')]).toEqual([
    2, 0, -1,
  ]);
});

test('the file lies where programs keep their state', () => {
  if (process.platform !== 'win32') {
    expect(historyPath({ XDG_STATE_HOME: '/state' })).toBe('/state/millrace/history');
    expect(historyPath({})).toMatch(/\.local\/state\/millrace\/history$/);
  }
});
