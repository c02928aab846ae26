import { expect, it } from 'vitest';
import type { FunctionDefinition } from '../../../src/functions/define.js';
import { KSQLDB_SCALAR_FUNCTIONS, KSQLDB_TABLE_FUNCTIONS } from '../../support/ksqldb-functions.js';
import { registry } from './call.js';
import { json } from './sql.js';

const find = (name: string): FunctionDefinition | null => registry.find(name);

it.each([
  ['scalar', KSQLDB_SCALAR_FUNCTIONS, 129],
  ['table', KSQLDB_TABLE_FUNCTIONS, 2],
] as const)('every %s function of ksqlDB is there, with an example', (kind, names, count) => {
  expect(new Set(names).size).toBe(count);
  expect(names.filter((name) => find(name)?.kind !== kind)).toEqual([]);
  expect(names.filter((name) => find(name)?.examples.length === 0)).toEqual([]);
});

/** That the results are right, of table functions too, is for the tests of examples to say. */
it('one example at least of every scalar function runs', () => {
  const runs = (sql: string): boolean => {
    try {
      json(sql);
      return true;
    } catch {
      return false;
    }
  };
  const idle = KSQLDB_SCALAR_FUNCTIONS.filter((name) => !find(name)?.examples.some(({ sql }) => runs(sql)));
  expect(idle).toEqual([]);
});
