import type { SqlValue } from '../../model/value.js';
import { CATEGORY, defineScalar, nullArgumentMessage, type ScalarDefinition } from '../define.js';
import { checkElementCount } from '../limits.js';
import { entriesInHashOrder } from '../map-order.js';

const category = CATEGORY.map;

type Dictionary = Map<SqlValue, SqlValue>;

const AS_MAP = defineScalar({
  name: 'AS_MAP',
  displayName: 'as_map',
  category,
  description:
    'A map from an array of keys and an array of values. Missing values are null, surplus ones are ignored, the last of equal keys wins.',
  examples: [{ sql: "AS_MAP(ARRAY['a', 'b'], ARRAY[1, 2])", result: '{"a":1,"b":2}' }],
  variants: [
    {
      signature: '(keys ARRAY<STRING>, values ARRAY<T>) -> MAP<STRING, T>',
      nulls: 'propagate',
      evaluate: (keys: SqlValue[], values: SqlValue[]) => {
        const map: Dictionary = new Map();
        keys.forEach((key, i) => {
          map.set(key, values[i] ?? null);
        });
        return map;
      },
    },
  ],
});

function sortByKey(entries: SqlValue[][]): SqlValue[][] {
  if (entries.some(([key]) => key === null)) throw new Error('ENTRIES cannot sort a map with a null key');
  return entries.sort(([a], [b]) => (a! < b! ? -1 : a! > b! ? 1 : 0));
}

const ENTRIES = defineScalar({
  name: 'ENTRIES',
  displayName: 'entries',
  category,
  description: 'The entries of a map as structs of K and V, in the order of the keys when sorted is true.',
  examples: [{ sql: "ENTRIES(MAP('b' := 2, 'a' := 1), true)", result: '[{"K":"a","V":1},{"K":"b","V":2}]' }],
  variants: ['INT', 'BIGINT', 'DOUBLE', 'BOOLEAN', 'STRING'].map((type) => ({
    signature: `(map MAP<STRING, ${type}>, sorted BOOLEAN) -> ARRAY<STRUCT<K STRING, V ${type}>>`,
    nulls: 'pass',
    evaluate: (map: Dictionary | null, sorted: boolean | null) => {
      if (sorted === null) throw new Error(nullArgumentMessage(1));
      if (map === null) return null;
      const entries: SqlValue[][] = entriesInHashOrder(map).map(([key, value]) => [key, value]);
      return sorted ? sortByKey(entries) : entries;
    },
  })),
});

const MAP_KEYS = defineScalar({
  name: 'MAP_KEYS',
  displayName: 'map_keys',
  category,
  description: 'The keys of a map, in no promised order.',
  examples: [{ sql: "MAP_KEYS(MAP('a' := 1, 'b' := 2))", result: '["a","b"]' }],
  variants: [
    {
      signature: '(input MAP<STRING, V>) -> ARRAY<STRING>',
      nulls: 'propagate',
      evaluate: (map: Dictionary) => entriesInHashOrder(map).map(([key]) => key),
    },
  ],
});

const MAP_VALUES = defineScalar({
  name: 'MAP_VALUES',
  displayName: 'map_values',
  category,
  description: 'The values of a map, in no promised order.',
  examples: [{ sql: "MAP_VALUES(MAP('a' := 1, 'b' := 2))", result: '[1,2]' }],
  variants: [
    {
      signature: '(input MAP<STRING, V>) -> ARRAY<V>',
      nulls: 'propagate',
      evaluate: (map: Dictionary) => entriesInHashOrder(map).map(([, value]) => value),
    },
  ],
});

const MAP_UNION = defineScalar({
  name: 'MAP_UNION',
  displayName: 'map_union',
  category,
  description: 'The entries of both maps; the second wins where they share a key. A null map counts as empty.',
  examples: [{ sql: "MAP_UNION(MAP('a' := 1), MAP('a' := 2, 'b' := 3))", result: '{"a":2,"b":3}' }],
  variants: [
    {
      signature: '(map1 MAP<STRING, V>, map2 MAP<STRING, V>) -> MAP<STRING, V>',
      nulls: 'pass',
      evaluate: (first: Dictionary | null, second: Dictionary | null) => {
        if (first === null) return second === null ? null : new Map(second);
        if (second === null) return new Map(first);
        checkElementCount('MAP_UNION', first.size + second.size);
        const union = new Map(first);
        for (const [key, value] of second) union.set(key, value);
        return union;
      },
    },
  ],
});

export const mapFunctions: readonly ScalarDefinition[] = [AS_MAP, ENTRIES, MAP_KEYS, MAP_UNION, MAP_VALUES];
