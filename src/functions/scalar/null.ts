import { equalValues, type SqlValue } from '../../model/value.js';
import { CATEGORY, defineScalar, type ScalarDefinition } from '../define.js';

const COALESCE = defineScalar({
  name: 'COALESCE',
  category: CATEGORY.conditional,
  description: 'The first argument that is not null. All arguments have one type.',
  examples: [{ sql: "COALESCE(NULL, 'a', 'b')", result: '"a"' }],
  variants: [
    {
      signature: '(first T, others T...) -> T',
      nulls: 'pass',
      evaluate: (...values: SqlValue[]) => {
        for (const value of values) if (value !== null) return value;
        return null;
      },
    },
  ],
});

const IFNULL = defineScalar({
  name: 'IFNULL',
  displayName: 'ifnull',
  category: CATEGORY.conditional,
  description: 'The first argument, or the second when the first is null.',
  examples: [{ sql: 'IFNULL(NULL, 1)', result: '1' }],
  variants: [
    { signature: '(expression T, altValue T) -> T', nulls: 'pass', evaluate: (a: SqlValue, b: SqlValue) => a ?? b },
  ],
});

const NULLIF = defineScalar({
  name: 'NULLIF',
  displayName: 'nullif',
  category: CATEGORY.conditional,
  description: 'Null when both arguments are equal, else the first.',
  examples: [{ sql: "NULLIF('a', 'a')", result: 'null' }],
  variants: [
    {
      signature: '(expression1 T, expression2 T) -> T',
      nulls: 'pass',
      bind: (types) => {
        const type = types[0]!;
        return (a: SqlValue, b: SqlValue) => (a === null || (b !== null && equalValues(type, a, b)) ? null : a);
      },
    },
  ],
});

const AS_VALUE = defineScalar({
  name: 'AS_VALUE',
  displayName: 'as_value',
  category: CATEGORY.other,
  description: 'Its argument unchanged. In a projection it copies a key column into the value.',
  examples: [{ sql: 'AS_VALUE(7)', result: '7' }],
  variants: [{ signature: '(keyColumn T) -> T', nulls: 'pass', evaluate: (value: SqlValue) => value }],
});

export const nullFunctions: readonly ScalarDefinition[] = [COALESCE, IFNULL, NULLIF, AS_VALUE];
