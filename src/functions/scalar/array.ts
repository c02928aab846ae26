import { formatDecimal } from '../../model/decimal.js';
import { formatDouble } from '../../model/double-text.js';
import { formatType, NULL_TYPE, type SqlType } from '../../model/sql-type.js';
import { compareValues, equalValues, type SqlValue, toBigintValue } from '../../model/value.js';
import { requireComparable } from '../comparable.js';
import { CATEGORY, defineScalar, type FunctionExample, type ScalarDefinition } from '../define.js';
import { checkElementCount, checkTextLength } from '../limits.js';
import { valueKeyOf } from '../value-key.js';

const category = CATEGORY.array;

type List = SqlValue[];

function elementOf(types: readonly SqlType[]): SqlType {
  const type = types[0]!;
  return type.kind === 'ARRAY' ? type.element : NULL_TYPE;
}

/** The element type of an ordered array, or an error while planning. */
function orderedElement(name: string) {
  return (types: readonly SqlType[]): SqlType => {
    const element = elementOf(types);
    requireComparable(name, element);
    return element;
  };
}

const ARRAY_LENGTH = defineScalar({
  name: 'ARRAY_LENGTH',
  displayName: 'array_length',
  category,
  description: 'The number of elements.',
  examples: [{ sql: 'ARRAY_LENGTH(ARRAY[1, 2, 3])', result: '3' }],
  variants: [{ signature: '(array ARRAY<T>) -> INT', nulls: 'propagate', evaluate: (array: List) => array.length }],
});

const ARRAY_CONCAT = defineScalar({
  name: 'ARRAY_CONCAT',
  displayName: 'array_concat',
  category,
  description: 'The elements of both arrays. A null array counts as empty; when both are null the result is null.',
  examples: [{ sql: 'ARRAY_CONCAT(ARRAY[1, 2], ARRAY[2, 3])', result: '[1,2,2,3]' }],
  variants: [
    {
      signature: '(array1 ARRAY<T>, array2 ARRAY<T>) -> ARRAY<T>',
      nulls: 'pass',
      evaluate: (left: List | null, right: List | null) => {
        if (left === null) return right === null ? null : [...right];
        if (right === null) return [...left];
        checkElementCount('ARRAY_CONCAT', left.length + right.length);
        return left.concat(right);
      },
    },
  ],
});

const ARRAY_CONTAINS = defineScalar({
  name: 'ARRAY_CONTAINS',
  displayName: 'array_contains',
  category,
  description: 'Whether an array holds a value; a null value is found among null elements, a null array holds nothing.',
  examples: [{ sql: 'ARRAY_CONTAINS(ARRAY[1, 2], 2)', result: 'true' }],
  variants: [
    {
      signature: '(array ARRAY<T>, val T) -> BOOLEAN',
      nulls: 'pass',
      bind: (types) => {
        const element = elementOf(types);
        return (array: List | null, value: SqlValue) =>
          array?.some((held) => equalValues(element, held, value)) ?? false;
      },
    },
  ],
});

const ARRAY_REMOVE = defineScalar({
  name: 'ARRAY_REMOVE',
  displayName: 'array_remove',
  category,
  description: 'The array without the elements that equal a value; a null value removes nulls.',
  examples: [{ sql: 'ARRAY_REMOVE(ARRAY[1, 2, 1], 1)', result: '[2]' }],
  variants: [
    {
      signature: '(array ARRAY<T>, victim T) -> ARRAY<T>',
      nulls: 'pass',
      bind: (types) => {
        const element = elementOf(types);
        return (array: List | null, victim: SqlValue) =>
          array === null ? null : array.filter((held) => !equalValues(element, held, victim));
      },
    },
  ],
});

const ARRAY_DISTINCT = defineScalar({
  name: 'ARRAY_DISTINCT',
  displayName: 'array_distinct',
  category,
  description: 'Each element once, in the order of first occurrence.',
  examples: [{ sql: 'ARRAY_DISTINCT(ARRAY[2, 1, 2])', result: '[2,1]' }],
  variants: [
    {
      signature: '(array ARRAY<T>) -> ARRAY<T>',
      nulls: 'propagate',
      bind: (types) => {
        const keyOf = valueKeyOf(elementOf(types));
        return (array: List) => distinct(array, keyOf, () => true);
      },
    },
  ],
});

type KeyOf = ReturnType<typeof valueKeyOf>;

function distinct(array: List, keyOf: KeyOf, keep: (key: ReturnType<KeyOf>) => boolean): List {
  const seen = new Set<ReturnType<KeyOf>>();
  return array.filter((value) => {
    const key = keyOf(value);
    if (seen.has(key) || !keep(key)) return false;
    seen.add(key);
    return true;
  });
}

function setFunction(
  name: string,
  description: string,
  example: FunctionExample,
  combine: (left: List, right: List, keyOf: KeyOf) => List,
): ScalarDefinition {
  return defineScalar({
    name,
    displayName: name.toLowerCase(),
    category,
    description,
    examples: [example],
    variants: [
      {
        signature: '(array1 ARRAY<T>, array2 ARRAY<T>) -> ARRAY<T>',
        nulls: 'propagate',
        bind: (types) => {
          const keyOf = valueKeyOf(elementOf(types));
          return (left: List, right: List) => combine(left, right, keyOf);
        },
      },
    ],
  });
}

const ARRAY_EXCEPT = setFunction(
  'ARRAY_EXCEPT',
  'The distinct elements of the first array that the second does not hold.',
  { sql: 'ARRAY_EXCEPT(ARRAY[1, 2, 3], ARRAY[2])', result: '[1,3]' },
  (left, right, keyOf) => {
    const excluded = new Set(right.map(keyOf));
    return distinct(left, keyOf, (key) => !excluded.has(key));
  },
);

const ARRAY_INTERSECT = setFunction(
  'ARRAY_INTERSECT',
  'The distinct elements that both arrays hold, in the order of the first.',
  { sql: 'ARRAY_INTERSECT(ARRAY[1, 2, 3], ARRAY[3, 1])', result: '[1,3]' },
  (left, right, keyOf) => {
    const included = new Set(right.map(keyOf));
    return distinct(left, keyOf, (key) => included.has(key));
  },
);

const ARRAY_UNION = setFunction(
  'ARRAY_UNION',
  'The distinct elements of both arrays.',
  { sql: 'ARRAY_UNION(ARRAY[1, 2], ARRAY[2, 3])', result: '[1,2,3]' },
  (left, right, keyOf) => {
    checkElementCount('ARRAY_UNION', left.length + right.length);
    return distinct(left.concat(right), keyOf, () => true);
  },
);

function elementText(type: SqlType): (value: SqlValue) => string {
  switch (type.kind) {
    case 'BOOLEAN':
    case 'INTEGER':
    case 'BIGINT':
    case 'STRING':
      return String;
    case 'DOUBLE':
      return (value) => formatDouble(value as number);
    case 'DECIMAL':
      return (value) => formatDecimal(value as bigint, type.scale);
    default:
      return () => {
        throw new Error(`error: hit element of type ${formatType(type)} which is currently not supported`);
      };
  }
}

function bindJoin(types: readonly SqlType[]) {
  const textOf = elementText(elementOf(types));
  return (array: List | null, delimiter: string | null): string | null => {
    if (array === null) return null;
    const separator = delimiter ?? '';
    let text = '';
    for (let i = 0; i < array.length; i++) {
      const value = array[i]!;
      if (i > 0) text += separator;
      text += value === null ? 'null' : textOf(value);
      checkTextLength('ARRAY_JOIN', text.length);
    }
    return text;
  };
}

const ARRAY_JOIN = defineScalar({
  name: 'ARRAY_JOIN',
  displayName: 'array_join',
  category,
  description: 'The elements as one text, separated by a comma or by the delimiter. Null elements read null.',
  examples: [{ sql: "ARRAY_JOIN(ARRAY[1, NULL, 3], '-')", result: '"1-null-3"' }],
  variants: [
    {
      signature: '(array ARRAY<T>) -> STRING',
      nulls: 'pass',
      bind: (types) => {
        const join = bindJoin(types);
        return (array: List | null) => join(array, ',');
      },
    },
    { signature: '(array ARRAY<T>, delimiter STRING) -> STRING', nulls: 'pass', bind: bindJoin },
  ],
});

function extreme(name: string, direction: 1 | -1, description: string, result: string): ScalarDefinition {
  return defineScalar({
    name,
    displayName: name.toLowerCase(),
    category,
    description,
    examples: [{ sql: `${name}(ARRAY[3, NULL, 1])`, result }],
    variants: [
      {
        signature: '(array ARRAY<T>) -> T',
        nulls: 'propagate',
        resultType: orderedElement(name.toLowerCase()),
        bind: (types) => {
          const element = elementOf(types);
          return (array: List) => {
            let best: SqlValue = null;
            for (const value of array) {
              if (value !== null && (best === null || compareValues(element, value, best) * direction > 0))
                best = value;
            }
            return best;
          };
        },
      },
    ],
  });
}

const DIRECTIONS: Readonly<Record<string, 1 | -1>> = { ASC: 1, ASCENDING: 1, DESC: -1, DESCENDING: -1 };

function sorted(element: SqlType, array: List, direction: 1 | -1): List {
  const values: SqlValue[] = array.filter((value) => value !== null);
  const nulls = array.length - values.length;
  values.sort((a, b) => compareValues(element, a, b) * direction);
  for (let i = 0; i < nulls; i++) values.push(null);
  return values;
}

function sortedType(types: readonly SqlType[]): SqlType {
  orderedElement('array_sort')(types);
  return types[0]!;
}

const ARRAY_SORT = defineScalar({
  name: 'ARRAY_SORT',
  displayName: 'array_sort',
  category,
  description:
    'The elements in order, ascending unless the direction is DESC or DESCENDING; nulls come last. An unknown direction gives null.',
  examples: [{ sql: "ARRAY_SORT(ARRAY[2, NULL, 3], 'DESC')", result: '[3,2,null]' }],
  variants: [
    {
      signature: '(array ARRAY<T>) -> ARRAY<T>',
      nulls: 'propagate',
      resultType: sortedType,
      bind: (types) => {
        const element = elementOf(types);
        return (array: List) => sorted(element, array, 1);
      },
    },
    {
      signature: '(array ARRAY<T>, direction STRING) -> ARRAY<T>',
      nulls: 'propagate',
      resultType: sortedType,
      bind: (types) => {
        const element = elementOf(types);
        return (array: List, direction: string) => {
          const sign = DIRECTIONS[direction.toUpperCase()];
          return sign === undefined ? null : sorted(element, array, sign);
        };
      },
    },
  ],
});

const SLICE = defineScalar({
  name: 'SLICE',
  displayName: 'slice',
  category,
  description:
    'The elements from one position to another, both inclusive and counted from 1. A null bound means the start or the end; a bound outside the array gives null.',
  examples: [{ sql: 'SLICE(ARRAY[1, 2, 3, 4], 2, 3)', result: '[2,3]' }],
  variants: [
    {
      signature: '(in ARRAY<T>, from INT, to INT) -> ARRAY<T>',
      nulls: 'pass',
      evaluate: (array: List | null, from: number | null, to: number | null) => {
        if (array === null) return null;
        const start = from === null ? 0 : from - 1;
        const end = to ?? array.length;
        if (start < 0 || end > array.length) return null;
        if (start > end) throw new Error(`fromIndex(${start}) > toIndex(${end})`);
        return array.slice(start, end);
      },
    },
  ],
});

type Long = number | bigint;

function seriesCount(start: bigint, end: bigint, step: bigint): number {
  if (step === 0n) throw new Error('GENERATE_SERIES step cannot be zero');
  if (end !== start && end > start !== step > 0n) throw new Error('GENERATE_SERIES step has wrong sign');
  const count = 1n + (end - start) / step;
  checkElementCount('GENERATE_SERIES', count);
  return Number(count);
}

function series(start: Long, end: Long, step: Long): List {
  const count = seriesCount(BigInt(start), BigInt(end), BigInt(step));
  if (typeof start === 'number' && typeof end === 'number') {
    return Array.from({ length: count }, (_, i) => start + i * Number(step));
  }
  const first = BigInt(start);
  const stride = BigInt(step);
  return Array.from({ length: count }, (_, i) => toBigintValue(first + BigInt(i) * stride));
}

const seriesByOne = (start: Long, end: Long): List => series(start, end, end > start ? 1 : -1);

const GENERATE_SERIES = defineScalar({
  name: 'GENERATE_SERIES',
  displayName: 'generate_series',
  category,
  description:
    'The whole numbers from a start to an end, both inclusive, by a step that is 1 or -1 unless given. At most 1,000,000 elements.',
  examples: [
    { sql: 'GENERATE_SERIES(1, 3)', result: '[1,2,3]' },
    { sql: 'GENERATE_SERIES(10, 0, -4)', result: '[10,6,2]' },
  ],
  variants: ['INT', 'BIGINT'].flatMap((type) => [
    { signature: `(start ${type}, end ${type}) -> ARRAY<${type}>`, nulls: 'fail' as const, evaluate: seriesByOne },
    {
      signature: `(start ${type}, end ${type}, step INT) -> ARRAY<${type}>`,
      nulls: 'fail' as const,
      evaluate: series,
    },
  ]),
});

export const arrayFunctions: readonly ScalarDefinition[] = [
  ARRAY_CONCAT,
  ARRAY_CONTAINS,
  ARRAY_DISTINCT,
  ARRAY_EXCEPT,
  ARRAY_INTERSECT,
  ARRAY_JOIN,
  ARRAY_LENGTH,
  extreme('ARRAY_MAX', 1, 'The greatest element that is not null.', '3'),
  extreme('ARRAY_MIN', -1, 'The smallest element that is not null.', '1'),
  ARRAY_REMOVE,
  ARRAY_SORT,
  ARRAY_UNION,
  GENERATE_SERIES,
  SLICE,
];
