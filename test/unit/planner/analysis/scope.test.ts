import { describe, expect, test } from 'vitest';
import type { Expression } from '../../../../src/parser/ast.js';
import { Scope } from '../../../../src/planner/analysis/scope.js';
import { expression, schema } from '../../../support/expressions.js';
import { failure } from '../../../support/failure.js';

const single = new Scope([
  { alias: 'X', name: 'ORDERS', schema: schema('ID INT, NAME STRING, `mixed` INT'), firstIndex: 0 },
]);
const joined = new Scope([
  { alias: 'I1', name: 'A', schema: schema('K INT, F0 INT'), firstIndex: 0 },
  { alias: 'I2', name: 'B', schema: schema('F0 STRING, F1 DOUBLE'), firstIndex: 2 },
]);

const resolve = (scope: Scope, sql: string, clause = 'SELECT'): ReturnType<Scope['resolve']> => {
  const column = expression(sql) as Expression & { kind: 'column' };
  return scope.resolve(column.source, column.name, clause);
};

describe('names', () => {
  test.each([
    [single, 'name', 1, 'NAME'],
    [single, 'x.name', 1, 'NAME'],
    [single, 'orders.id', 0, 'ID'],
    [single, '`mixed`', 2, 'mixed'],
    [joined, 'k', 0, 'I1_K'],
    [joined, 'i2.f0', 2, 'I2_F0'],
    [joined, 'B.f1', 3, 'I2_F1'],
  ])('%# %s', (scope, sql, index, displayName) => {
    const found = resolve(scope, sql);
    expect([found.index, found.displayName]).toEqual([index, displayName]);
  });

  test('find is quiet about unknown and ambiguous names', () => {
    expect(joined.find('F0')).toBeNull();
    expect(joined.find('NOPE')).toBeNull();
    expect(joined.find('F1')?.index).toBe(3);
  });
});

describe('errors', () => {
  test('an unknown column: clause, place, and what was nearly meant', () => {
    const error = failure(() => resolve(single, 'nmae', 'WHERE'));
    expect(error.message).toBe("Line: 1, Col: 8: WHERE column 'NMAE' cannot be resolved.");
    expect(error.code).toBe('unknown-column');
    expect(error.hint).toBe("Did you mean 'NAME'?");
  });

  test('a name in the wrong case', () => {
    expect(failure(() => resolve(single, 'mixed')).hint).toBe('Did you mean `mixed`? Quote the name to keep its case.');
    expect(failure(() => resolve(single, '`name`')).hint).toBe('Did you mean NAME, without quotes?');
  });

  test('a qualified name prints with its qualifier', () => {
    expect(failure(() => resolve(joined, 'i2.k', 'JOIN ON')).message).toBe(
      "Line: 1, Col: 8: JOIN ON column 'I2.K' cannot be resolved.",
    );
  });

  test('PARTITION BY says where its columns come from', () => {
    expect(failure(() => resolve(single, 'something', 'PARTITION BY')).message).toMatch(
      /PARTITION BY column 'SOMETHING' cannot be resolved. 'SOMETHING' must be a column in the source schema since PARTITION BY is applied on the input.$/,
    );
  });

  test('an ambiguous column', () => {
    const error = failure(() => resolve(joined, 'f0'));
    expect(error.message).toBe(
      "Exception while preparing statement: Line: 1, Col: 8: Column 'F0' is ambiguous. Could be I1.F0 or I2.F0.",
    );
    expect(error.code).toBe('ambiguous-column');
  });

  test('an unknown source', () => {
    const error = failure(() => resolve(joined, 'I3.F0'));
    expect(error.message).toBe("Failed to prepare statement: 'I3' is not a valid stream/table name or alias.");
    expect(error.hint).toBe("Did you mean 'I1'?");
  });

  test('the name of a source that is joined with itself needs its alias', () => {
    const self = new Scope([
      { alias: 'L', name: 'A', schema: schema('K INT'), firstIndex: 0 },
      { alias: 'R', name: 'A', schema: schema('K INT'), firstIndex: 1 },
    ]);
    expect(resolve(self, 'R.K').index).toBe(1);
    expect(failure(() => resolve(self, 'A.K')).message).toBe(
      "Failed to prepare statement: 'A' is not a valid stream/table name or alias.",
    );
  });
});
