import { NULL_TYPE } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import { CATEGORY, defineScalar, type LambdaValue, type ScalarDefinition } from '../define.js';
import { entriesInHashOrder } from '../map-order.js';
import { valueKeyOf } from '../value-key.js';

const category = CATEGORY.lambda;

type List = SqlValue[];
type Dictionary = Map<SqlValue, SqlValue>;

function decided(answer: SqlValue): boolean {
  if (answer === null) throw new Error('the predicate of FILTER is null');
  return answer as boolean;
}

const FILTER = defineScalar({
  name: 'FILTER',
  displayName: 'filter',
  category,
  description: 'The elements of an array, or the entries of a map, for which the predicate is true.',
  examples: [{ sql: 'FILTER(ARRAY[1, 5, 3], x => x > 2)', result: '[5,3]' }],
  variants: [
    {
      signature: '(array ARRAY<T>, lambda (T) => BOOLEAN) -> ARRAY<T>',
      nulls: 'pass',
      evaluate: (list: List | null, predicate: LambdaValue) =>
        list === null ? null : list.filter((element) => decided(predicate(element))),
    },
    {
      signature: '(map MAP<K, V>, lambda (K, V) => BOOLEAN) -> MAP<K, V>',
      nulls: 'pass',
      evaluate: (map: Dictionary | null, predicate: LambdaValue) => {
        if (map === null) return null;
        const kept: Dictionary = new Map();
        for (const [key, value] of map) {
          if (!decided(predicate(key, value))) continue;
          if (value === null) throw new Error('FILTER cannot keep a map entry whose value is null');
          kept.set(key, value);
        }
        return kept;
      },
    },
  ],
});

const REDUCE = defineScalar({
  name: 'REDUCE',
  displayName: 'reduce',
  category,
  description:
    'Folds an array or a map into one value, beginning with an initial state. A null initial state gives null, a null collection gives the initial state.',
  examples: [{ sql: 'REDUCE(ARRAY[1, 2, 3], 10, (s, x) => s + x)', result: '16' }],
  variants: [
    {
      signature: '(list ARRAY<T>, initialValue S, reduceFunction (S, T) => S) -> S',
      nulls: 'pass',
      evaluate: (list: List | null, initial: SqlValue, step: LambdaValue) => {
        if (initial === null || list === null) return initial;
        let state: SqlValue = initial;
        for (const element of list) state = step(state, element);
        return state;
      },
    },
    {
      signature: '(map MAP<K, V>, initialValue S, reduceFunction (S, K, V) => S) -> S',
      nulls: 'pass',
      evaluate: (map: Dictionary | null, initial: SqlValue, step: LambdaValue) => {
        if (initial === null || map === null) return initial;
        let state: SqlValue = initial;
        for (const [key, value] of entriesInHashOrder(map)) state = step(state, key, value);
        return state;
      },
    },
  ],
});

const TRANSFORM = defineScalar({
  name: 'TRANSFORM',
  displayName: 'transform',
  category,
  description:
    'Changes each element of an array, or each key and value of a map. Two equal new keys and null new values are errors.',
  examples: [{ sql: 'TRANSFORM(ARRAY[1, 2], x => x * 10)', result: '[10,20]' }],
  variants: [
    {
      signature: '(array ARRAY<T>, lambda (T) => R) -> ARRAY<R>',
      nulls: 'pass',
      evaluate: (list: List | null, change: LambdaValue) =>
        list === null ? null : list.map((element) => change(element)),
    },
    {
      signature: '(map MAP<K, V>, keyLambda (K, V) => R, valueLambda (K, V) => S) -> MAP<R, S>',
      nulls: 'pass',
      bind: (_types, result) => {
        const keyOf = valueKeyOf(result.kind === 'MAP' ? result.key : NULL_TYPE);
        return (map: Dictionary | null, newKey: LambdaValue, newValue: LambdaValue) => {
          if (map === null) return null;
          const seen = new Set<ReturnType<typeof keyOf>>();
          const changed: Dictionary = new Map();
          for (const [key, value] of map) {
            const key2 = newKey(key, value);
            const value2 = newValue(key, value);
            if (value2 === null) throw new Error('TRANSFORM cannot make a map entry whose value is null');
            const identity = keyOf(key2);
            if (seen.has(identity)) throw new Error('TRANSFORM made two map entries with the same key');
            seen.add(identity);
            changed.set(key2, value2);
          }
          return changed;
        };
      },
    },
  ],
});

export const lambdaFunctions: readonly ScalarDefinition[] = [FILTER, REDUCE, TRANSFORM];
