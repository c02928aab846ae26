import { assert } from '../model/errors.js';
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
  type StructField,
  sameType,
  structType,
  TIME,
  TIMESTAMP,
} from '../model/sql-type.js';
import type { TypePattern } from './define.js';

export interface Parameter {
  readonly name: string;
  readonly type: TypePattern;
  readonly variadic: boolean;
}

/** A signature as written in a definition, read once. */
export interface Signature {
  readonly parameters: readonly Parameter[];
  readonly result: TypePattern;
  /** Position of the one variadic parameter, or -1. */
  readonly variadicIndex: number;
}

const NAMED_TYPES: Readonly<Record<string, TypePattern>> = {
  BOOLEAN: { kind: 'type', type: BOOLEAN },
  INT: { kind: 'type', type: INTEGER },
  INTEGER: { kind: 'type', type: INTEGER },
  BIGINT: { kind: 'type', type: BIGINT },
  DOUBLE: { kind: 'type', type: DOUBLE },
  STRING: { kind: 'type', type: STRING },
  BYTES: { kind: 'type', type: BYTES },
  DATE: { kind: 'type', type: DATE },
  TIME: { kind: 'type', type: TIME },
  TIMESTAMP: { kind: 'type', type: TIMESTAMP },
  DECIMAL: { kind: 'decimal' },
  UNIT: { kind: 'unit' },
  ANY: { kind: 'any' },
};

/** Reads `(text STRING, position INT, rest T...) -> ARRAY<T>`. Only definitions write signatures, so a bad one is a bug of theirs. */
export function parseSignature(text: string): Signature {
  const reader = new Reader(text);
  reader.expect('(');
  const parameters: Parameter[] = [];
  while (!reader.accept(')')) {
    if (parameters.length > 0) reader.expect(',');
    const name = reader.word();
    parameters.push({ name, type: reader.type(), variadic: reader.accept('...') });
  }
  reader.expect('->');
  const result = reader.type();
  reader.end();
  const variadicIndex = parameters.findIndex((p) => p.variadic);
  assert(parameters.filter((p) => p.variadic).length <= 1, `two variadic parameters: ${text}`);
  return { parameters, result, variadicIndex };
}

class Reader {
  readonly #text: string;
  readonly #tokens: readonly string[];
  #position = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = text.match(/[A-Za-z_][A-Za-z0-9_]*|\.\.\.|->|=>|[(),<>]|\S/g) ?? [];
  }

  accept(token: string): boolean {
    if (this.#tokens[this.#position] !== token) return false;
    this.#position++;
    return true;
  }

  expect(token: string): void {
    assert(this.accept(token), `expected ${token} at token ${this.#position} of ${this.#text}`);
  }

  word(): string {
    const token = this.#tokens[this.#position++];
    assert(token !== undefined && /^[A-Za-z_]/.test(token), `expected a word in ${this.#text}`);
    return token;
  }

  end(): void {
    assert(this.#position === this.#tokens.length, `text after the signature: ${this.#text}`);
  }

  type(): TypePattern {
    if (this.accept('(')) {
      const parameters: TypePattern[] = [];
      do parameters.push(this.type());
      while (this.accept(','));
      this.expect(')');
      this.expect('=>');
      return { kind: 'lambda', parameters, result: this.type() };
    }
    const name = this.word();
    if (/^[A-Z]$/.test(name)) return { kind: 'generic', name };
    if (name === 'ARRAY') {
      this.expect('<');
      const element = this.type();
      this.expect('>');
      return { kind: 'array', element };
    }
    if (name === 'MAP') {
      this.expect('<');
      const key = this.type();
      this.expect(',');
      const value = this.type();
      this.expect('>');
      return { kind: 'map', key, value };
    }
    if (name === 'STRUCT') {
      this.expect('<');
      const fields: { name: string; type: TypePattern }[] = [];
      do fields.push({ name: this.word(), type: this.type() });
      while (this.accept(','));
      this.expect('>');
      return { kind: 'struct', fields };
    }
    const found = NAMED_TYPES[name];
    assert(found !== undefined, `unknown type ${name} in ${this.#text}`);
    return found;
  }
}

/** The stable id of an overload: types only, so that renaming a parameter keeps old plans alive. */
export function signatureId(name: string, signature: Signature): string {
  const parameters = signature.parameters.map((p) => formatPattern(p.type, 'id') + (p.variadic ? '...' : ''));
  return `${name}(${parameters.join(', ')})`;
}

/** `name(INT position, VARCHAR... others)`, as ksqlDB lists alternatives. */
export function formatSignature(displayName: string, signature: Signature): string {
  const parameters = signature.parameters.map(
    (p) => `${formatPattern(p.type, 'display')}${p.variadic ? '...' : ''} ${p.name}`,
  );
  return `${displayName}(${parameters.join(', ')})`;
}

/** A pattern as text: `id` with SQL type names for plans, `display` with the names that ksqlDB prints (`INT`, `VARCHAR`). */
export function formatPattern(pattern: TypePattern, style: 'id' | 'display'): string {
  const go = (p: TypePattern): string => formatPattern(p, style);
  switch (pattern.kind) {
    case 'type':
      if (style === 'display' && pattern.type.kind === 'INTEGER') return 'INT';
      if (style === 'display' && pattern.type.kind === 'STRING') return 'VARCHAR';
      return pattern.type.kind;
    case 'decimal':
      return 'DECIMAL';
    case 'generic':
      return pattern.name;
    case 'any':
      return 'ANY';
    case 'unit':
      return style === 'id' ? 'UNIT' : 'INTERVALUNIT';
    case 'array':
      return `ARRAY<${go(pattern.element)}>`;
    case 'map':
      return `MAP<${go(pattern.key)}, ${go(pattern.value)}>`;
    case 'struct':
      return `STRUCT<${pattern.fields.map((f) => `${f.name} ${go(f.type)}`).join(', ')}>`;
    case 'lambda': {
      const text = `(${pattern.parameters.map(go).join(', ')}) => ${go(pattern.result)}`;
      return style === 'id' ? text : `LAMBDA ${text}`;
    }
  }
}

/** What the generics of a signature stand for in one call. */
export type Bindings = Map<string, SqlType>;

/**
 * Whether a value of `type` may be passed to `pattern`; binds generics on the way.
 * A bare null fits everything. `casts` allows the implicit conversions, which never reach into generics or STRUCT fields.
 */
export function acceptsType(pattern: TypePattern, type: SqlType, bindings: Bindings, casts: boolean): boolean {
  if (pattern.kind === 'lambda' || pattern.kind === 'unit') return type.kind === 'NULL';
  if (type.kind === 'NULL' || pattern.kind === 'any') return true;
  switch (pattern.kind) {
    case 'type':
      return pattern.type.kind === type.kind || (casts && convertsImplicitly(type, pattern.type));
    case 'decimal':
      return type.kind === 'DECIMAL' || (casts && (type.kind === 'INTEGER' || type.kind === 'BIGINT'));
    case 'generic': {
      const bound = bindings.get(pattern.name);
      if (bound === undefined) {
        bindings.set(pattern.name, type);
        return true;
      }
      return sameType(bound, type);
    }
    case 'array':
      return type.kind === 'ARRAY' && acceptsType(pattern.element, type.element, bindings, casts);
    case 'map':
      return (
        type.kind === 'MAP' &&
        acceptsType(pattern.key, type.key, bindings, casts) &&
        acceptsType(pattern.value, type.value, bindings, casts)
      );
    case 'struct':
      return (
        type.kind === 'STRUCT' &&
        type.fields.length === pattern.fields.length &&
        type.fields.every(
          (field, i) =>
            field.name === pattern.fields[i]!.name && acceptsType(pattern.fields[i]!.type, field.type, bindings, false),
        )
      );
  }
}

const WIDTH: Readonly<Partial<Record<SqlType['kind'], number>>> = { INTEGER: 0, BIGINT: 1, DECIMAL: 2, DOUBLE: 3 };

function convertsImplicitly(from: SqlType, to: SqlType): boolean {
  if (from.kind === 'STRING') {
    return to.kind === 'DATE' || to.kind === 'TIME' || to.kind === 'TIMESTAMP' || to.kind === 'BYTES';
  }
  const a = WIDTH[from.kind];
  const b = WIDTH[to.kind];
  return a !== undefined && b !== undefined && a < b;
}

/**
 * The type an accepted argument must be converted to. Parts that stay unknown because the argument is a bare null
 * and no other argument bound the generic are NULL.
 */
export function parameterType(pattern: TypePattern, argument: SqlType, bindings: Bindings): SqlType {
  switch (pattern.kind) {
    case 'type':
      return pattern.type;
    case 'any':
      return argument;
    case 'decimal':
      if (argument.kind === 'INTEGER') return decimalType(10, 0);
      if (argument.kind === 'BIGINT') return decimalType(19, 0);
      return argument;
    case 'array':
      if (argument.kind !== 'ARRAY') return substitute(pattern, bindings) ?? NULL_TYPE;
      return arrayType(parameterType(pattern.element, argument.element, bindings));
    case 'map':
      if (argument.kind !== 'MAP') return substitute(pattern, bindings) ?? NULL_TYPE;
      return mapType(
        parameterType(pattern.key, argument.key, bindings),
        parameterType(pattern.value, argument.value, bindings),
      );
    default:
      return substitute(pattern, bindings) ?? NULL_TYPE;
  }
}

/** The pattern with its generics filled in; null when one is not bound or the pattern alone does not say the type. */
export function substitute(pattern: TypePattern, bindings: Bindings): SqlType | null {
  switch (pattern.kind) {
    case 'type':
      return pattern.type;
    case 'generic':
      return bindings.get(pattern.name) ?? null;
    case 'array': {
      const element = substitute(pattern.element, bindings);
      return element && arrayType(element);
    }
    case 'map': {
      const key = substitute(pattern.key, bindings);
      const value = substitute(pattern.value, bindings);
      return key && value && mapType(key, value);
    }
    case 'struct': {
      const fields = pattern.fields.map((f) => ({ name: f.name, type: substitute(f.type, bindings) }));
      return fields.some((f) => f.type === null) ? null : structType(fields as StructField[]);
    }
    case 'decimal':
    case 'any':
    case 'unit':
    case 'lambda':
      return null;
  }
}

export function hasGenerics(pattern: TypePattern): boolean {
  switch (pattern.kind) {
    case 'generic':
      return true;
    case 'array':
      return hasGenerics(pattern.element);
    case 'map':
      return hasGenerics(pattern.key) || hasGenerics(pattern.value);
    case 'struct':
      return pattern.fields.some((f) => hasGenerics(f.type));
    case 'lambda':
      return pattern.parameters.some(hasGenerics) || hasGenerics(pattern.result);
    default:
      return false;
  }
}
