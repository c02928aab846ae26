import { BIGINT } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import { type AggregateCode, CATEGORY, defineAggregate } from '../define.js';

/** A count never reaches 2^53, so the state is always a number. */
const code: AggregateCode = {
  stateType: BIGINT,
  resultType: BIGINT,
  resultIsState: true,
  initial: () => 0,
  add: (state, value) => (value === null ? state : (state as number) + 1),
  undo: (state, value) => (value === null ? state : (state as number) - 1),
  merge: (a, b) => (a as number) + (b as number),
  result: (state: SqlValue) => state,
};

/** `COUNT()` and `COUNT(*)` mean `COUNT(ROWTIME)`, which counts every row. */
export const COUNT = defineAggregate({
  name: 'COUNT',
  category: CATEGORY.aggregate,
  description: 'The number of rows; with an argument, of the rows in which it is not null.',
  examples: [{ sql: 'COUNT(*)', result: '3' }],
  variants: [{ signature: '(value T) -> BIGINT', tableCapable: true, bind: () => code }],
});
