import type { Column } from '../../src/model/schema.js';
import {
  arrayType,
  BIGINT,
  BOOLEAN,
  BYTES,
  DATE,
  DOUBLE,
  decimalType,
  INTEGER,
  mapType,
  type SqlType,
  STRING,
  structType,
  TIME,
  TIMESTAMP,
} from '../../src/model/sql-type.js';
import { Random } from '../simulation/random.js';
import { carriedType, type Nesting } from '../support/carried.js';
import { columnsOf } from '../support/columns.js';
import { anyType } from './values.js';

/** Columns of a key or value. */
export interface Shape {
  readonly name: string;
  readonly columns: readonly Column[];
}

/** What a format can carry. */
export type Carried = 'scalars' | Nesting;

const SCALARS: readonly SqlType[] = [
  BOOLEAN,
  INTEGER,
  BIGINT,
  DOUBLE,
  decimalType(9, 2),
  decimalType(38, 10),
  STRING,
  BYTES,
  DATE,
  TIME,
  TIMESTAMP,
];

const fieldsOf = (types: readonly SqlType[]) => types.map((type, i) => ({ name: `F${i}`, type }));
const POINT = structType([
  { name: 'X', type: INTEGER },
  { name: 'Y', type: DOUBLE },
  { name: 'LABEL', type: STRING },
]);
const NODE = (depth: number): SqlType =>
  structType([
    { name: 'N', type: BIGINT },
    { name: 'TAGS', type: arrayType(STRING) },
    ...(depth > 0 ? [{ name: 'NEXT', type: NODE(depth - 1) }] : []),
  ]);

const NESTED: Readonly<Record<string, readonly SqlType[]>> = {
  nested: [NODE(4), STRING, structType(fieldsOf([POINT, BYTES, structType(fieldsOf([DATE, NODE(0)]))]))],
  collections: [
    arrayType(mapType(STRING, POINT)),
    mapType(STRING, arrayType(POINT)),
    arrayType(arrayType(BIGINT)),
    STRING,
  ],
  everything: [
    structType(fieldsOf(SCALARS)),
    ...SCALARS.map(arrayType),
    ...SCALARS.map((type) => mapType(STRING, type)),
    arrayType(
      mapType(STRING, structType([...fieldsOf(SCALARS), { name: 'MORE', type: arrayType(mapType(STRING, NODE(1))) }])),
    ),
  ],
};

const RANDOM_SHAPES = 12;
const RANDOM_DEPTH = 3;

/** Columns of many types, the same for the same seed: flat ones, nested ones, arrays of maps of structs, all of SQL's types, and some by chance. */
export function shapesFor(carried: Carried, seed: number): Shape[] {
  const flat = [shape('flat', [BIGINT, STRING, DOUBLE, INTEGER, BOOLEAN]), shape('scalars', SCALARS)];
  if (carried === 'scalars') return flat;
  const nested = Object.entries(NESTED).map(([name, types]) =>
    shape(
      name,
      types.map((type) => carriedType(type, carried)),
    ),
  );
  const random = new Random(seed);
  const byChance = Array.from({ length: RANDOM_SHAPES }, (_, i) => {
    const types = Array.from({ length: 1 + random.below(4) }, () => anyType(random, SCALARS, RANDOM_DEPTH));
    return shape(
      `by chance ${i}`,
      types.map((type) => carriedType(type, carried)),
    );
  });
  return [...flat, ...nested, ...byChance];
}

/** Types of single columns that are written without a record around them. */
export function bareTypesFor(carried: Carried): SqlType[] {
  if (carried === 'scalars') return [...SCALARS];
  return [...SCALARS, ...Object.values(NESTED).map(([type]) => carriedType(type!, carried))];
}

export function shape(name: string, types: readonly SqlType[]): Shape {
  return { name, columns: columnsOf(types) };
}
