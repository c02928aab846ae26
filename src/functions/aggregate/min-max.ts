import type { SqlType } from '../../model/sql-type.js';
import { compareValues, type SqlValue } from '../../model/value.js';
import { type AggregateCode, type AggregateDefinition, CATEGORY, defineAggregate } from '../define.js';

/** Picks by order; the kinds whose values JavaScript itself orders right need no type dispatch. */
function bindExtreme(type: SqlType, direction: 1 | -1): AggregateCode {
  const better = betterOf(type, direction);
  return {
    stateType: type,
    resultType: type,
    resultIsState: true,
    initial: () => null,
    add: (state, value) => (value === null ? state : state === null ? value! : better(state, value!)),
    merge: (a, b) => (a === null ? b : b === null ? a : better(a, b)),
    result: (state: SqlValue) => state,
  };
}

function betterOf(type: SqlType, direction: 1 | -1): (a: SqlValue, b: SqlValue) => SqlValue {
  if (type.kind === 'DOUBLE' || type.kind === 'BYTES') {
    return (a, b) => (compareValues(type, b, a) * direction > 0 ? b : a);
  }
  return direction > 0 ? (a, b) => (b! > a! ? b : a) : (a, b) => (b! < a! ? b : a);
}

function extreme(name: string, direction: 1 | -1, description: string, result: string): AggregateDefinition {
  return defineAggregate({
    name,
    category: CATEGORY.aggregate,
    description,
    examples: [{ sql: `${name}(value)`, result }],
    variants: ['INT', 'BIGINT', 'DOUBLE', 'DECIMAL', 'DATE', 'TIME', 'TIMESTAMP', 'STRING', 'BYTES'].map((type) => ({
      signature: `(value ${type}) -> ${type}`,
      tableCapable: false,
      bind: (types) => bindExtreme(types[0]!, direction),
    })),
  });
}

export const MAX = extreme('MAX', 1, 'The greatest value; nulls are skipped, NaN is greater than every number.', '3');
export const MIN = extreme('MIN', -1, 'The smallest value; nulls are skipped.', '1');
