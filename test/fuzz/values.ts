import { arrayType, mapType, type SqlType, STRING, structType } from '../../src/model/sql-type.js';
import { DAY_MS } from '../../src/model/time.js';
import { type SqlValue, toBigintValue } from '../../src/model/value.js';
import type { Random } from '../simulation/random.js';
import { anyNumber } from './varint.js';

const TEXTS = [
  '',
  'a',
  'true',
  '12',
  '-1.5',
  'aGk=',
  'Zürich',
  '😀',
  '\u0000',
  'a"b,c\n',
  'a text of more than twenty-four bytes',
];
const DOUBLES = [0, -0, 1, 1.5, -2e300, Number.MIN_VALUE, Number.NaN, Number.POSITIVE_INFINITY];
const ITEMS_MAX = 3;

/** A value of the type: often an awkward one, now and then null. */
export function anyValue(random: Random, type: SqlType): SqlValue {
  return random.chance(0.1) ? null : presentValue(random, type);
}

function presentValue(random: Random, type: SqlType): SqlValue {
  switch (type.kind) {
    case 'BOOLEAN':
      return random.chance(0.5);
    case 'INTEGER':
    case 'DATE':
      return Number(BigInt.asIntN(32, anyNumber(random)));
    case 'BIGINT':
      return toBigintValue(anyNumber(random));
    case 'DOUBLE':
      return random.chance(0.5) ? random.pick(DOUBLES) : random.between(-1e6, 1e6);
    case 'DECIMAL':
      return anyNumber(random) % 10n ** BigInt(type.precision);
    case 'STRING':
      return random.pick(TEXTS);
    case 'BYTES':
      return Buffer.from(random.pick(TEXTS));
    case 'TIME':
      return random.below(DAY_MS);
    case 'TIMESTAMP':
      return random.chance(0.5) ? random.below(2_000) - 1_000 : random.below(2 ** 53);
    case 'ARRAY':
      return items(random, () => anyValue(random, type.element));
    case 'MAP':
      return new Map(items(random, () => [presentValue(random, type.key), anyValue(random, type.value)]));
    case 'STRUCT':
      return type.fields.map((field) => anyValue(random, field.type));
    case 'NULL':
      return null;
  }
}

function items<Item>(random: Random, make: () => Item): Item[] {
  return Array.from({ length: random.below(ITEMS_MAX + 1) }, make);
}

/** One of the given types, or what can be made of them, at most `depth` deep. */
export function anyType(random: Random, scalars: readonly SqlType[], depth: number): SqlType {
  const draw = depth === 0 ? 0 : random.below(8);
  const inner = () => anyType(random, scalars, depth - 1);
  if (draw < 5) return random.pick(scalars);
  if (draw === 5) return arrayType(inner());
  if (draw === 6) return mapType(STRING, inner());
  return structType(Array.from({ length: 1 + random.below(ITEMS_MAX) }, (_, i) => ({ name: `F${i}`, type: inner() })));
}
