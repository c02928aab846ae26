import { describe, expect, test } from 'vitest';
import { NO_SPAN } from '../../../../src/model/source-span.js';
import { formatType, INTEGER, structType } from '../../../../src/model/sql-type.js';
import { resolveType } from '../../../../src/planner/analysis/types.js';
import { typeName } from '../../../support/expressions.js';

const point = structType([{ name: 'X', type: INTEGER }]);
const resolve = (sql: string): string =>
  formatType(resolveType(typeName(sql), (name) => (name === 'POINT' ? point : null)));

describe('resolveType', () => {
  test.each([
    ['int', 'INTEGER'],
    ['VARCHAR(10)', 'STRING'],
    ['varchar', 'STRING'],
    ['bytes', 'BYTES'],
    ['DECIMAL(4, 2)', 'DECIMAL(4, 2)'],
    ['ARRAY<MAP<STRING, DOUBLE>>', 'ARRAY<MAP<STRING, DOUBLE>>'],
    ['STRUCT<a INT, `b` TIMESTAMP>', 'STRUCT<`A` INTEGER, `b` TIMESTAMP>'],
    ['point', 'STRUCT<`X` INTEGER>'],
    ['ARRAY<Point>', 'ARRAY<STRUCT<`X` INTEGER>>'],
  ])('%s is %s', (sql, expected) => {
    expect(resolve(sql)).toBe(expected);
  });

  test('an unknown name, with what was nearly meant', () => {
    expect(() => resolve('FOO')).toThrow('Cannot resolve unknown type: FOO');
    expect(() => resolve('BIGNIT')).toThrow(
      expect.objectContaining({ code: 'unknown-type', hint: 'Did you mean BIGINT?', span: expect.any(Object) }),
    );
  });

  test.each([
    [0, 0, 'DECIMAL precision must be >= 1: DECIMAL(0,0)'],
    [3, -1, 'DECIMAL scale must be >= 0: DECIMAL(3,-1)'],
    [2, 3, 'DECIMAL precision must be >= scale: DECIMAL(2,3)'],
  ])('DECIMAL(%d, %d) does not exist', (precision, scale, message) => {
    const name = { kind: 'decimalType', precision, scale, span: NO_SPAN } as const;
    expect(() => resolveType(name, () => null)).toThrow(message);
  });
});
