import { BIGINT, mapType, STRING } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import { type AggregateCode, CATEGORY, defineAggregate } from '../define.js';

const KEYS_MAX = 1000;

type Counts = Map<SqlValue, SqlValue>;

function addCount(counts: Counts, key: SqlValue, count: number): void {
  const held = counts.get(key);
  if (held !== undefined) counts.set(key, (held as number) + count);
  else if (counts.size < KEYS_MAX) counts.set(key, count);
}

const type = mapType(STRING, BIGINT);

const code: AggregateCode = {
  stateType: type,
  resultType: type,
  resultIsState: true,
  initial: () => new Map(),
  add: (state, value) => {
    addCount(state as Counts, value!, 1);
    return state;
  },
  undo: (state, value) => {
    const counts = state as Counts;
    const held = counts.get(value!);
    if (held === undefined) return counts;
    if ((held as number) <= 1) counts.delete(value!);
    else counts.set(value!, (held as number) - 1);
    return counts;
  },
  merge: (a, b) => {
    for (const [key, count] of b as Counts) addCount(a as Counts, key, count as number);
    return a;
  },
  result: (state) => new Map(state as Counts),
};

export const HISTOGRAM = defineAggregate({
  name: 'HISTOGRAM',
  displayName: 'histogram',
  category: CATEGORY.aggregate,
  description: `How often each text occurs. At most ${KEYS_MAX} distinct texts are counted; later ones are ignored.`,
  examples: [{ sql: "HISTOGRAM('a')", result: '{"a":3}' }],
  variants: [{ signature: '(val STRING) -> MAP<STRING, BIGINT>', tableCapable: true, bind: () => code }],
});
