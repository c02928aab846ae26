import { arrayType, type SqlType } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import { type AggregateCode, type AggregateEnvironment, CATEGORY, defineAggregate } from '../define.js';
import { type ValueKey, valueKeyOf } from '../value-key.js';
import { collectionLimit } from './collection-limit.js';

function bindCollectSet(type: SqlType, environment: AggregateEnvironment): AggregateCode {
  const limit = collectionLimit(environment, 'ksql.functions.collect_set.limit');
  const keyOf = valueKeyOf(type);
  // What each live state holds; a state that comes back from the store is indexed again when it is first used.
  const indexes = new WeakMap<SqlValue[], Set<ValueKey>>();
  const list = arrayType(type);

  const add = (state: SqlValue, value: SqlValue): SqlValue => {
    const values = state as SqlValue[];
    if (values.length >= limit) return values;
    let index = indexes.get(values);
    if (index === undefined) {
      index = new Set(values.map(keyOf));
      indexes.set(values, index);
    }
    const key = keyOf(value);
    if (!index.has(key)) {
      index.add(key);
      values.push(value);
    }
    return values;
  };

  return {
    stateType: list,
    resultType: list,
    resultIsState: true,
    initial: () => [],
    add: (state, value) => add(state, value!),
    merge: (a, b) => {
      for (const value of b as SqlValue[]) add(a, value);
      return a;
    },
    result: (state) => (state as SqlValue[]).slice(),
  };
}

export const COLLECT_SET = defineAggregate({
  name: 'COLLECT_SET',
  displayName: 'collect_set',
  category: CATEGORY.aggregate,
  description:
    'The distinct values in order of first arrival, null included. The setting ksql.functions.collect_set.limit bounds their number; later values are dropped.',
  examples: [{ sql: 'COLLECT_SET(value)', result: '[1,2,3]' }],
  variants: [
    {
      signature: '(value T) -> ARRAY<T>',
      tableCapable: false,
      bind: (types, _, environment) => bindCollectSet(types[0]!, environment),
    },
  ],
});
