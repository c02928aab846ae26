import { StatementError } from '../../model/errors.js';
import type { SourceSpan } from '../../model/source-span.js';
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
} from '../../model/sql-type.js';
import type { TypeName } from '../../parser/ast.js';
import { nearest } from './scope.js';

/** Finds a custom type (CREATE TYPE) by its stored name; null when there is none. */
export type CustomTypes = (name: string) => SqlType | null;

const BUILT_IN: ReadonlyMap<string, SqlType> = new Map([
  ['BOOLEAN', BOOLEAN],
  ['INT', INTEGER],
  ['INTEGER', INTEGER],
  ['BIGINT', BIGINT],
  ['DOUBLE', DOUBLE],
  ['VARCHAR', STRING],
  ['STRING', STRING],
  ['BYTES', BYTES],
  ['DATE', DATE],
  ['TIME', TIME],
  ['TIMESTAMP', TIMESTAMP],
]);

/**
 * The type that a written type means; custom types are inlined.
 * @throws StatementError `Cannot resolve unknown type: X`, `DECIMAL precision must be >= 1: DECIMAL(p,s)` and its kin
 */
export function resolveType(name: TypeName, customTypes: CustomTypes): SqlType {
  switch (name.kind) {
    case 'simpleType': {
      const type = BUILT_IN.get(name.name.name.toUpperCase()) ?? customTypes(name.name.name);
      if (type === null) throw unknownType(name.name.name, name.span);
      return type;
    }
    case 'decimalType':
      return checkedDecimal(name.precision, name.scale, name.span);
    case 'arrayType':
      return arrayType(resolveType(name.element, customTypes));
    case 'mapType':
      return mapType(resolveType(name.key, customTypes), resolveType(name.value, customTypes));
    case 'structType':
      return structType(name.fields.map((f) => ({ name: f.name.name, type: resolveType(f.type, customTypes) })));
  }
}

/** @throws StatementError when no DECIMAL has this precision and scale */
export function checkedDecimal(precision: number, scale: number, span?: SourceSpan): SqlType & { kind: 'DECIMAL' } {
  const written = `DECIMAL(${precision},${scale})`;
  const complaint =
    precision < 1
      ? `DECIMAL precision must be >= 1: ${written}`
      : scale < 0
        ? `DECIMAL scale must be >= 0: ${written}`
        : precision < scale
          ? `DECIMAL precision must be >= scale: ${written}`
          : null;
  if (complaint !== null) throw new StatementError(complaint, { code: 'invalid-decimal-type', span });
  return decimalType(precision, scale);
}

function unknownType(name: string, span: SourceSpan): StatementError {
  const near = nearest(name.toUpperCase(), [...BUILT_IN.keys()]);
  return new StatementError(`Cannot resolve unknown type: ${name}`, {
    code: 'unknown-type',
    span,
    hint: near === null ? 'CREATE TYPE declares a name for a type.' : `Did you mean ${near}?`,
  });
}
