import type { SqlType } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import { type AggregateCode, CATEGORY, defineAggregate } from '../define.js';
import { addLongs, arithmeticOf, type Long, subtractLongs } from './sums.js';

const identity = (state: SqlValue): SqlValue => state;

/** The hot types have code of their own, so that each call site sees one kind of addition. */
function bindSum(types: readonly SqlType[]): AggregateCode {
  const type = types[0]!;
  const shared = { stateType: type, resultType: type, resultIsState: true, result: identity };
  switch (type.kind) {
    case 'INTEGER':
      return {
        ...shared,
        initial: () => 0,
        add: (state, value) => (value === null ? state : ((state as number) + (value as number)) | 0),
        undo: (state, value) => (value === null ? state : ((state as number) - (value as number)) | 0),
        merge: (a, b) => ((a as number) + (b as number)) | 0,
      };
    case 'BIGINT':
      return {
        ...shared,
        initial: () => 0,
        add: (state, value) => (value === null ? state : addLongs(state as Long, value as Long)),
        undo: (state, value) => (value === null ? state : subtractLongs(state as Long, value as Long)),
        merge: (a, b) => addLongs(a as Long, b as Long),
      };
    case 'DOUBLE':
      return {
        ...shared,
        initial: () => 0,
        add: (state, value) => (value === null ? state : (state as number) + (value as number)),
        undo: (state, value) => (value === null ? state : (state as number) - (value as number)),
        merge: (a, b) => (a as number) + (b as number),
      };
    default: {
      const { zero, plus, minus } = arithmeticOf(type);
      return {
        ...shared,
        initial: () => zero,
        add: (state, value) => (value === null ? state : plus(state, value!)),
        undo: (state, value) => (value === null ? state : minus(state, value!)),
        merge: plus,
      };
    }
  }
}

export const SUM = defineAggregate({
  name: 'SUM',
  category: CATEGORY.aggregate,
  description:
    'The sum of the values that are not null, in their own type: INT and BIGINT wrap around, a DECIMAL that grows too large is an error.',
  examples: [{ sql: 'SUM(value)', result: '6' }],
  variants: ['INT', 'BIGINT', 'DOUBLE', 'DECIMAL'].map((type) => ({
    signature: `(value ${type}) -> ${type}`,
    tableCapable: true,
    bind: bindSum,
  })),
});
