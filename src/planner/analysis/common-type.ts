import {
  arrayType,
  DOUBLE,
  decimalType,
  isNumeric,
  mapType,
  type SqlType,
  type StructField,
  sameType,
  structType,
} from '../../model/sql-type.js';

type DecimalType = SqlType & { kind: 'DECIMAL' };

/** A numeric type as DECIMAL: INTEGER is DECIMAL(10,0), BIGINT DECIMAL(19,0). The type is not DOUBLE. */
export function asDecimal(type: SqlType): DecimalType {
  if (type.kind === 'DECIMAL') return type;
  return decimalType(type.kind === 'INTEGER' ? 10 : 19, 0);
}

/** The DECIMAL that holds every value of both: most integer digits, most fraction digits. */
export function widerDecimal(a: DecimalType, b: DecimalType): DecimalType {
  const scale = Math.max(a.scale, b.scale);
  return decimalType(Math.max(a.precision - a.scale, b.precision - b.scale) + scale, scale);
}

const NUMERIC_RANK: Readonly<Record<string, number>> = { INTEGER: 0, BIGINT: 1, DECIMAL: 2, DOUBLE: 3 };

/** The type to which both widen without a cast: INTEGER to BIGINT to DECIMAL to DOUBLE. Both are numeric. */
export function commonNumericType(a: SqlType, b: SqlType): SqlType {
  if (a.kind === 'DOUBLE' || b.kind === 'DOUBLE') return DOUBLE;
  if (a.kind === 'DECIMAL' || b.kind === 'DECIMAL') return widerDecimal(asDecimal(a), asDecimal(b));
  return NUMERIC_RANK[a.kind]! >= NUMERIC_RANK[b.kind]! ? a : b;
}

/**
 * The type that values of both types take in one list: numbers widen, STRING becomes DATE, TIME, TIMESTAMP or BYTES,
 * collections go element by element, a STRUCT gets the fields of both. Null when there is none.
 */
export function commonType(a: SqlType, b: SqlType): SqlType | null {
  if (sameType(a, b) || b.kind === 'NULL') return a;
  if (a.kind === 'NULL') return b;
  if (isNumeric(a) && isNumeric(b)) return commonNumericType(a, b);
  if (a.kind === 'STRING' && becomesFromString(b)) return b;
  if (b.kind === 'STRING' && becomesFromString(a)) return a;
  if (a.kind === 'ARRAY' && b.kind === 'ARRAY') {
    const element = commonType(a.element, b.element);
    return element && arrayType(element);
  }
  if (a.kind === 'MAP' && b.kind === 'MAP') {
    const key = commonType(a.key, b.key);
    const value = commonType(a.value, b.value);
    return key && value && mapType(key, value);
  }
  if (a.kind === 'STRUCT' && b.kind === 'STRUCT') return commonStruct(a.fields, b.fields);
  return null;
}

function commonStruct(a: readonly StructField[], b: readonly StructField[]): SqlType | null {
  const fields: StructField[] = [];
  for (const field of a) {
    const other = b.find((f) => f.name === field.name);
    const type = other === undefined ? field.type : commonType(field.type, other.type);
    if (type === null) return null;
    fields.push({ name: field.name, type });
  }
  return structType([...fields, ...b.filter((field) => !a.some((f) => f.name === field.name))]);
}

/** Types that text is taken for without a cast. */
export function becomesFromString(type: SqlType): boolean {
  return type.kind === 'DATE' || type.kind === 'TIME' || type.kind === 'TIMESTAMP' || type.kind === 'BYTES';
}
