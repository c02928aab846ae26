import { powerOfTen } from '../../model/decimal.js';
import type { SqlType } from '../../model/sql-type.js';
import { DAY_MS } from '../../model/time.js';
import { type SqlValue, toBigintValue } from '../../model/value.js';
import { ELEMENT_COUNT_MAX, TEXT_LENGTH_MAX } from '../limits.js';

/**
 * Takes a value over the border between a user's code and the engine: checks it against its type, brings a BIGINT into its one form, and
 * copies collections and bytes, so that neither side sees what the other does to them later. Null is a value of every type.
 * @throws WrongValue
 */
export type Border = (value: unknown) => SqlValue;

/** A value is not of its declared type. The message says what it is, never what it holds. */
export class WrongValue extends Error {
  override readonly name = 'WrongValue';
  constructor(
    /** The type that was declared at this place. */
    readonly expected: string,
    readonly found: string,
    /** Where within the value, from the outside in: `[3]`, `.NAME`, `{key 0}`. */
    readonly path: string = '',
  ) {
    super(`${found}${path === '' ? '' : ` at ${path}`} where ${expected} is declared`);
  }

  /** The same inside of a collection. */
  within(step: string): WrongValue {
    return new WrongValue(this.expected, this.found, step + this.path);
  }
}

const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;
const LONG_MIN = -(2n ** 63n);
const LONG_MAX = 2n ** 63n - 1n;

export function borderOf(type: SqlType): Border {
  const check = checkOf(type);
  return (value) => (value === null ? null : check(value));
}

/** The border of arguments of a type; null where they cannot be changed and need no copy. */
export function copyingBorderOf(type: SqlType): Border | null {
  return holdsMutable(type) ? borderOf(type) : null;
}

function holdsMutable(type: SqlType): boolean {
  return type.kind === 'BYTES' || type.kind === 'ARRAY' || type.kind === 'MAP' || type.kind === 'STRUCT';
}

function checkOf(type: SqlType): Border {
  switch (type.kind) {
    case 'BOOLEAN':
      return (value) => (typeof value === 'boolean' ? value : refuse(value, 'BOOLEAN'));
    case 'INTEGER':
    case 'DATE':
      return integerBorder(type.kind, INT_MIN, INT_MAX);
    case 'TIME':
      return integerBorder('TIME', 0, DAY_MS - 1);
    case 'TIMESTAMP':
      return integerBorder('TIMESTAMP', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    case 'BIGINT':
      return bigintBorder;
    case 'DOUBLE':
      return (value) => (typeof value === 'number' ? value : refuse(value, 'DOUBLE'));
    case 'DECIMAL':
      return decimalBorder(type.precision, type.scale);
    case 'STRING':
      return (value) => {
        if (typeof value !== 'string') return refuse(value, 'STRING');
        if (value.length > TEXT_LENGTH_MAX) throw new WrongValue('STRING', `a text of length ${value.length}`);
        return value;
      };
    case 'BYTES':
      return (value) => {
        if (!(value instanceof Uint8Array)) return refuse(value, 'BYTES');
        if (value.length > TEXT_LENGTH_MAX) throw new WrongValue('BYTES', `${value.length} bytes`);
        return Buffer.from(value);
      };
    case 'ARRAY':
      return arrayBorder(borderOf(type.element));
    case 'MAP':
      return mapBorder(checkOf(type.key), borderOf(type.value));
    case 'STRUCT':
      return structBorder(
        type.fields.map((field) => field.name),
        type.fields.map((field) => borderOf(field.type)),
      );
    case 'NULL':
      return (value) => refuse(value, 'NULL');
  }
}

function integerBorder(kind: string, least: number, greatest: number): Border {
  return (value) => {
    if (typeof value !== 'number') return refuse(value, kind);
    if (!Number.isInteger(value)) throw new WrongValue(kind, 'a number that is not whole');
    if (value < least || value > greatest) throw new WrongValue(kind, 'a number out of range');
    return value + 0;
  };
}

function bigintBorder(value: unknown): SqlValue {
  if (typeof value === 'bigint') {
    if (value < LONG_MIN || value > LONG_MAX) throw new WrongValue('BIGINT', 'a bigint out of range');
    return toBigintValue(value);
  }
  if (typeof value !== 'number') return refuse(value, 'BIGINT');
  if (!Number.isInteger(value)) throw new WrongValue('BIGINT', 'a number that is not whole');
  if (!Number.isSafeInteger(value)) throw new WrongValue('BIGINT', 'a number beyond 2^53 that is no bigint');
  return value + 0;
}

function decimalBorder(precision: number, scale: number): Border {
  const type = `DECIMAL(${precision}, ${scale})`;
  const limit = powerOfTen(precision);
  return (value) => {
    if (typeof value !== 'bigint') return refuse(value, `${type} as an unscaled bigint`);
    if (value >= limit || value <= -limit) throw new WrongValue(type, 'a bigint of too many digits');
    return value;
  };
}

function arrayBorder(element: Border): Border {
  return (value) => {
    if (!Array.isArray(value)) return refuse(value, 'ARRAY');
    const { length } = value;
    if (length > ELEMENT_COUNT_MAX) throw new WrongValue('ARRAY', `an array of ${length} elements`);
    const copy = new Array<SqlValue>(length);
    let i = 0;
    try {
      for (; i < length; i++) copy[i] = element(value[i]);
    } catch (error) {
      throw error instanceof WrongValue ? error.within(`[${i}]`) : error;
    }
    return copy;
  };
}

function mapBorder(key: Border, element: Border): Border {
  return (value) => {
    if (!(value instanceof Map)) return refuse(value, 'MAP as a JavaScript Map');
    if (value.size > ELEMENT_COUNT_MAX) throw new WrongValue('MAP', `a map of ${value.size} entries`);
    const copy = new Map<SqlValue, SqlValue>();
    let step = '';
    let i = 0;
    try {
      for (const [k, v] of value) {
        step = `{key ${i}}`;
        const held = key(k);
        step = `{value ${i}}`;
        copy.set(held, element(v));
        i++;
      }
    } catch (error) {
      throw error instanceof WrongValue ? error.within(step) : error;
    }
    return copy;
  };
}

function structBorder(names: readonly string[], fields: readonly Border[]): Border {
  return (value) => {
    if (!Array.isArray(value)) return refuse(value, 'STRUCT as an array of its fields');
    if (value.length !== fields.length) {
      throw new WrongValue(`STRUCT of ${fields.length} fields`, `an array of ${value.length} elements`);
    }
    const copy = new Array<SqlValue>(fields.length);
    let i = 0;
    try {
      for (; i < fields.length; i++) copy[i] = fields[i]!(value[i]);
    } catch (error) {
      throw error instanceof WrongValue ? error.within(`.${names[i]}`) : error;
    }
    return copy;
  };
}

function refuse(value: unknown, expected: string): never {
  throw new WrongValue(expected, kindOf(value));
}

/** What a value is, without what it holds. */
function kindOf(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return 'undefined';
    case 'function':
    case 'symbol':
    case 'string':
    case 'number':
    case 'boolean':
    case 'bigint':
      return `a ${typeof value}`;
    case 'object': {
      if (value === null) return 'null';
      if (Array.isArray(value)) return 'an array';
      const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
      return typeof name === 'string' && name !== 'Object' ? `an object of class ${name.slice(0, 64)}` : 'an object';
    }
  }
}
