import { arrayType, BIGINT, type SqlType, structType } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import {
  type AggregateCode,
  type AggregateDefinition,
  type AggregateEnvironment,
  type AggregateVariant,
  CATEGORY,
  defineAggregate,
} from '../define.js';

type Side = 'earliest' | 'latest';
/** `STRUCT<SEQ BIGINT, VAL T>`: the arrival number orders the values of two merged sessions. */
type Arrival = [sequence: number, value: SqlValue];

function arrivalType(type: SqlType): SqlType {
  return structType([
    { name: 'SEQ', type: BIGINT },
    { name: 'VAL', type },
  ]);
}

/** Numbers arrivals upward, past every number it has met in a stored state. */
class Sequence {
  #last: number;

  constructor(first: number) {
    this.#last = first;
  }

  after(seen: number): number {
    this.#last = Math.max(this.#last, seen) + 1;
    return this.#last;
  }
}

function bindOne(side: Side, type: SqlType, ignoreNulls: boolean, environment: AggregateEnvironment): AggregateCode {
  const sequence = new Sequence(environment.firstSequence);
  return {
    stateType: arrivalType(type),
    resultType: type,
    resultIsState: false,
    initial: () => null,
    add: (state, value) => {
      if (value === null && ignoreNulls) return state;
      if (state === null) return [sequence.after(0), value!];
      if (side === 'earliest') return state;
      const arrival = state as Arrival;
      arrival[0] = sequence.after(arrival[0]);
      arrival[1] = value!;
      return arrival;
    },
    merge: (a, b) => {
      if (a === null) return b;
      if (b === null) return a;
      const firstIsOlder = (a as Arrival)[0] <= (b as Arrival)[0];
      return firstIsOlder === (side === 'earliest') ? a : b;
    },
    result: (state) => (state === null ? null : (state as Arrival)[1]),
  };
}

function bindMany(
  side: Side,
  type: SqlType,
  count: number,
  ignoreNulls: boolean,
  environment: AggregateEnvironment,
): AggregateCode {
  const sequence = new Sequence(environment.firstSequence);
  return {
    stateType: arrayType(arrivalType(type)),
    resultType: arrayType(type),
    resultIsState: false,
    initial: () => [],
    add: (state, value) => {
      if (value === null && ignoreNulls) return state;
      const arrivals = state as Arrival[];
      if (side === 'earliest' && arrivals.length >= count) return state;
      const seen = arrivals.length === 0 ? 0 : arrivals[arrivals.length - 1]![0];
      if (arrivals.length >= count) arrivals.shift();
      arrivals.push([sequence.after(seen), value!]);
      return state;
    },
    merge: (a, b) => {
      const all = [...(a as Arrival[]), ...(b as Arrival[])].sort((x, y) => x[0] - y[0]);
      return side === 'earliest' ? all.slice(0, count) : all.slice(-count);
    },
    result: (state) => (state as Arrival[]).map((arrival) => arrival[1]),
  };
}

function variantsOf(side: Side): readonly AggregateVariant[] {
  const checkCount = (literals: readonly (SqlValue | undefined)[]): string | null => {
    const count = literals[1];
    return typeof count === 'number' && count <= 0 ? `${side}N must be 1 or greater` : null;
  };
  return [
    {
      signature: '(value T) -> T',
      tableCapable: false,
      bind: (types, _, environment) => bindOne(side, types[0]!, true, environment),
    },
    {
      signature: '(value T, ignoreNulls BOOLEAN) -> T',
      configuration: 1,
      tableCapable: false,
      bind: (types, [ignoreNulls], environment) => bindOne(side, types[0]!, ignoreNulls === true, environment),
    },
    {
      signature: `(value T, ${side}N INT) -> ARRAY<T>`,
      configuration: 1,
      tableCapable: false,
      checkLiterals: checkCount,
      bind: (types, [count], environment) => bindMany(side, types[0]!, count as number, true, environment),
    },
    {
      signature: `(value T, ${side}N INT, ignoreNulls BOOLEAN) -> ARRAY<T>`,
      configuration: 2,
      tableCapable: false,
      checkLiterals: checkCount,
      bind: (types, [count, ignoreNulls], environment) =>
        bindMany(side, types[0]!, count as number, ignoreNulls === true, environment),
    },
  ];
}

function byOffset(side: Side, example: string): AggregateDefinition {
  const name = `${side.toUpperCase()}_BY_OFFSET`;
  return defineAggregate({
    name,
    category: CATEGORY.aggregate,
    description: `The value that arrived ${side === 'latest' ? 'last' : 'first'}, or an array of the ${side} n in order of arrival. Nulls are skipped unless ignoreNulls is false.`,
    examples: [{ sql: `${name}(value)`, result: example }],
    variants: variantsOf(side),
  });
}

export const EARLIEST_BY_OFFSET = byOffset('earliest', '1');
export const LATEST_BY_OFFSET = byOffset('latest', '3');
