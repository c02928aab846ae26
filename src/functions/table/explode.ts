import type { SqlValue } from '../../model/value.js';
import { CATEGORY, defineTableFunction, type TableFunctionDefinition } from '../define.js';

/** Shared because nobody changes the rows of a call. */
const NO_ROWS: SqlValue[] = [];

const EXPLODE = defineTableFunction({
  name: 'EXPLODE',
  displayName: 'explode',
  category: CATEGORY.table,
  description: 'One row for each element of an array, null elements included. A null or empty array gives no rows.',
  examples: [{ sql: 'EXPLODE(ARRAY[1, 2])', result: '1\n2' }],
  variants: [
    {
      signature: '(list ARRAY<T>) -> T',
      bind: () => (list: SqlValue[] | null) => list ?? NO_ROWS,
    },
  ],
});

const CUBE_COLUMNS_MAX = 20;

/** Counts in binary from all-null to all-kept, the last element being the lowest bit; positions that are null do not count. */
function cube(list: readonly SqlValue[]): SqlValue[] {
  if (list.length > CUBE_COLUMNS_MAX) {
    throw new Error(`cube_explode: too many columns (${list.length}); max is ${CUBE_COLUMNS_MAX}`);
  }
  const positions = list.flatMap((value, i) => (value === null ? [] : [i])).reverse();
  const rows: SqlValue[] = [];
  for (let bits = 0; bits < 2 ** positions.length; bits++) {
    const row = new Array<SqlValue>(list.length).fill(null);
    positions.forEach((position, bit) => {
      if (bits & (1 << bit)) row[position] = list[position]!;
    });
    rows.push(row);
  }
  return rows;
}

const CUBE_EXPLODE = defineTableFunction({
  name: 'CUBE_EXPLODE',
  displayName: 'cube_explode',
  category: CATEGORY.table,
  description:
    'One row for each way to keep or null the elements of an array, from all null to all kept. Elements that are null make no duplicates.',
  examples: [{ sql: 'CUBE_EXPLODE(ARRAY[1, 2])', result: '[null,null]\n[null,2]\n[1,null]\n[1,2]' }],
  variants: [
    {
      signature: '(columns ARRAY<T>) -> ARRAY<T>',
      bind: () => (list: SqlValue[] | null) => (list === null ? NO_ROWS : cube(list)),
    },
  ],
});

export const tableFunctions: readonly TableFunctionDefinition[] = [EXPLODE, CUBE_EXPLODE];
