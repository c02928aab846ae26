import { arrayType, type SqlType } from '../../model/sql-type.js';
import { equalValues, type SqlValue } from '../../model/value.js';
import { type AggregateCode, type AggregateEnvironment, CATEGORY, defineAggregate } from '../define.js';
import { collectionLimit } from './collection-limit.js';

function bindCollectList(type: SqlType, environment: AggregateEnvironment): AggregateCode {
  const limit = collectionLimit(environment, 'ksql.functions.collect_list.limit');
  const list = arrayType(type);
  return {
    stateType: list,
    resultType: list,
    resultIsState: true,
    initial: () => [],
    add: (state, value) => {
      const values = state as SqlValue[];
      if (values.length < limit) values.push(value!);
      return values;
    },
    undo: (state, value) => {
      const values = state as SqlValue[];
      const at = values.findLastIndex((kept) => equalValues(type, kept, value!));
      if (at >= 0) values.splice(at, 1);
      return values;
    },
    merge: (a, b) => {
      const values = a as SqlValue[];
      for (const value of b as SqlValue[]) {
        if (values.length >= limit) break;
        values.push(value);
      }
      return values;
    },
    result: (state) => (state as SqlValue[]).slice(),
  };
}

export const COLLECT_LIST = defineAggregate({
  name: 'COLLECT_LIST',
  displayName: 'collect_list',
  category: CATEGORY.aggregate,
  description:
    'All values in order of arrival, nulls included. The setting ksql.functions.collect_list.limit bounds their number; later values are dropped.',
  examples: [{ sql: 'COLLECT_LIST(value)', result: '[1,2,3]' }],
  variants: [
    {
      signature: '(value T) -> ARRAY<T>',
      tableCapable: true,
      bind: (types, _, environment) => bindCollectList(types[0]!, environment),
    },
  ],
});
