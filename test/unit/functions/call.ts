import type { AggregateCode, AggregateEnvironment, ArgumentValue, ScalarCode } from '../../../src/functions/define.js';
import { type ArgumentShape, createFunctionRegistry } from '../../../src/functions/registry.js';
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
  NULL_TYPE,
  type SqlType,
  STRING,
  structType,
  TIME,
  TIMESTAMP,
} from '../../../src/model/sql-type.js';
import type { SqlValue } from '../../../src/model/value.js';

export const registry = createFunctionRegistry();

const NAMED: Record<string, SqlType> = {
  BOOLEAN,
  INT: INTEGER,
  BIGINT,
  DOUBLE,
  STRING,
  BYTES,
  DATE,
  TIME,
  TIMESTAMP,
  NULL: NULL_TYPE,
};

/** Reads `ARRAY<INT>`, `DECIMAL(4,2)`, `MAP<STRING,INT>`, `STRUCT<a INT>`. */
export function type(text: string): SqlType {
  const t = text.trim();
  const decimal = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(t);
  if (decimal) return decimalType(Number(decimal[1]), Number(decimal[2]));
  if (t.startsWith('ARRAY<')) return arrayType(type(t.slice(6, -1)));
  if (t.startsWith('MAP<')) {
    const [key, value] = splitTop(t.slice(4, -1));
    return mapType(type(key!), type(value!));
  }
  if (t.startsWith('STRUCT<')) {
    return structType(
      splitTop(t.slice(7, -1)).map((field) => {
        const [, name, of] = /^\s*(\w+) (.*)$/.exec(field)!;
        return { name: name!, type: type(of!) };
      }),
    );
  }
  const named = NAMED[t];
  if (!named) throw new Error(`unknown type ${t}`);
  return named;
}

/** Splits at commas outside brackets. */
export function splitTop(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === '<' || c === '(') depth++;
    if (c === '>' || c === ')') depth--;
    if (c === ',' && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  if (text.trim() !== '') parts.push(text.slice(start));
  return parts;
}

export function shapes(types: string): ArgumentShape[] {
  return splitTop(types).map((t) =>
    t.trim() === 'UNIT'
      ? { kind: 'unit' }
      : { kind: 'value', type: type(t), ...(t.trim() === 'NULL' ? { literal: null } : {}) },
  );
}

/** Resolves a call whose arguments have the given types. */
export function resolve(name: string, types: string) {
  return registry.resolve(name, shapes(types));
}

const CONTEXT = { now: () => 1_600_000_000_000, random: () => 0.25 };

/** Calls a scalar as the expression compiler does: null rule first, then the code. Values must have the exact types. */
export function call(name: string, types: string, ...values: ArgumentValue[]): SqlValue {
  return callShapes(name, shapes(types), ...values);
}

export function callShapes(name: string, args: ArgumentShape[], ...values: ArgumentValue[]): SqlValue {
  const resolved = registry.resolve(name, args);
  const bound = registry.scalar(
    name,
    resolved.signature,
    resolved.parameterTypes.map((t) => t ?? NULL_TYPE),
    resolved.returnType,
    CONTEXT,
  );
  if (bound.nulls === 'propagate' && values.includes(null)) return null;
  if (bound.nulls === 'fail' && values.includes(null)) throw new Error('null in a primitive parameter');
  return (bound.code as ScalarCode & ((...v: ArgumentValue[]) => SqlValue))(...values);
}

/** The code of an aggregate over the given types; literals are the trailing configuration. */
export function aggregate(
  name: string,
  types: string,
  literals: SqlValue[] = [],
  settings: Record<string, string> = {},
): AggregateCode {
  const inputs = splitTop(types).map((t): ArgumentShape => ({ kind: 'value', type: type(t) }));
  const configuration = literals.map(
    (literal): ArgumentShape => ({ kind: 'value', type: typeof literal === 'boolean' ? BOOLEAN : INTEGER, literal }),
  );
  const resolved = registry.resolve(name, [...inputs, ...configuration]);
  const environment: AggregateEnvironment = { setting: (key) => settings[key], firstSequence: 0 };
  return registry.aggregate(
    name,
    resolved.signature,
    splitTop(types).map(type),
    resolved.aggregate!.configuration,
    environment,
  );
}

/** The result over rows of arguments; a row that is no array is one argument. */
export function fold(code: AggregateCode, rows: readonly (SqlValue | readonly SqlValue[])[]): SqlValue {
  let state = code.initial();
  for (const row of rows) state = code.add(state, row as SqlValue);
  return code.result(state);
}
