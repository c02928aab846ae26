import { StatementError } from '../../model/errors.js';
import type { Literal, Property } from '../../parser/ast.js';

type PropertyKind = 'string' | 'int' | 'long' | 'boolean';
type StatementSite = 'create' | 'createAs' | 'insertInto';

interface PropertyRule {
  readonly kind: PropertyKind;
  readonly sites: readonly StatementSite[];
}

const EVERYWHERE: readonly StatementSite[] = ['create', 'createAs'];

/** Every property of a WITH clause, and where it may stand. */
const PROPERTIES: Readonly<Record<string, PropertyRule>> = {
  KAFKA_TOPIC: { kind: 'string', sites: EVERYWHERE },
  PARTITIONS: { kind: 'int', sites: EVERYWHERE },
  REPLICAS: { kind: 'int', sites: EVERYWHERE },
  RETENTION_MS: { kind: 'long', sites: EVERYWHERE },
  KEY_FORMAT: { kind: 'string', sites: EVERYWHERE },
  VALUE_FORMAT: { kind: 'string', sites: EVERYWHERE },
  FORMAT: { kind: 'string', sites: EVERYWHERE },
  KEY_DELIMITER: { kind: 'string', sites: EVERYWHERE },
  VALUE_DELIMITER: { kind: 'string', sites: EVERYWHERE },
  WRAP_SINGLE_VALUE: { kind: 'boolean', sites: EVERYWHERE },
  TIMESTAMP: { kind: 'string', sites: EVERYWHERE },
  TIMESTAMP_FORMAT: { kind: 'string', sites: EVERYWHERE },
  WINDOW_TYPE: { kind: 'string', sites: ['create'] },
  WINDOW_SIZE: { kind: 'string', sites: ['create'] },
  KEY_SCHEMA_ID: { kind: 'int', sites: EVERYWHERE },
  VALUE_SCHEMA_ID: { kind: 'int', sites: EVERYWHERE },
  KEY_SCHEMA_FULL_NAME: { kind: 'string', sites: EVERYWHERE },
  VALUE_SCHEMA_FULL_NAME: { kind: 'string', sites: EVERYWHERE },
  VALUE_AVRO_SCHEMA_FULL_NAME: { kind: 'string', sites: EVERYWHERE },
  KEY_PROTOBUF_NULLABLE_REPRESENTATION: { kind: 'string', sites: EVERYWHERE },
  VALUE_PROTOBUF_NULLABLE_REPRESENTATION: { kind: 'string', sites: EVERYWHERE },
  SOURCED_BY_CONNECTOR: { kind: 'string', sites: ['create'] },
  SOURCE_CONNECTOR: { kind: 'string', sites: ['create'] },
  QUERY_ID: { kind: 'string', sites: ['insertInto'] },
};

/** Names of all properties, for completion and documentation. */
export const PROPERTY_NAMES: readonly string[] = Object.keys(PROPERTIES);

/** A WITH clause whose names and value types have been checked. */
export class WithProperties {
  readonly #values = new Map<string, string>();

  private constructor() {}

  /** @throws StatementError for unknown names, wrong types, and pairs that exclude each other. */
  static read(properties: readonly Property[], site: StatementSite): WithProperties {
    const result = new WithProperties();
    for (const property of properties) {
      if (property.name === 'CLEANUP_POLICY') {
        throw new StatementError(
          'Invalid config variable in the WITH clause: CLEANUP_POLICY. The CLEANUP_POLICY config is automatically inferred based on the type of source (STREAM or TABLE).',
          { code: 'invalid-property', span: property.span },
        );
      }
    }
    const unknown = properties.filter((p) => !PROPERTIES[p.name]?.sites.includes(site));
    if (unknown.length > 0) {
      throw new StatementError(
        `Invalid config variable(s) in the WITH clause: ${unknown.map((p) => p.name).join(',')}`,
        { code: 'unknown-property', span: unknown[0]!.span },
      );
    }
    for (const property of properties) {
      result.#values.set(property.name, checkedText(property, PROPERTIES[property.name]!.kind));
    }
    result.#checkPairs();
    return result;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string | null {
    return this.#values.get(name) ?? null;
  }

  number(name: string): number | null {
    const text = this.#values.get(name);
    return text === undefined ? null : Number(text);
  }

  boolean(name: string): boolean | null {
    const text = this.#values.get(name);
    return text === undefined ? null : text.toLowerCase() === 'true';
  }

  #checkPairs(): void {
    for (const side of ['KEY', 'VALUE']) {
      if (this.has('FORMAT') && this.has(`${side}_FORMAT`)) {
        throw new StatementError(
          `Cannot supply both '${side}_FORMAT' and 'FORMAT' properties, as 'FORMAT' sets both key and value formats. Either use just 'FORMAT', or use 'KEY_FORMAT' and 'VALUE_FORMAT'.`,
          { code: 'conflicting-properties' },
        );
      }
    }
    if (this.has('VALUE_AVRO_SCHEMA_FULL_NAME') && this.has('VALUE_SCHEMA_FULL_NAME')) {
      throw new StatementError(
        "Cannot supply both 'VALUE_AVRO_SCHEMA_FULL_NAME' and 'VALUE_SCHEMA_FULL_NAME' properties. Please only set 'VALUE_SCHEMA_FULL_NAME'.",
        { code: 'conflicting-properties' },
      );
    }
    for (const side of ['KEY', 'VALUE'] as const) this.#checkDelimiter(`${side}_DELIMITER`);
    if (this.has('KAFKA_TOPIC') && this.text('KAFKA_TOPIC')!.trim() === '') {
      throw new StatementError('Invalid value  for property KAFKA_TOPIC: String must be non-empty', {
        code: 'invalid-property',
      });
    }
  }

  #checkDelimiter(name: string): void {
    const value = this.text(name);
    if (value === null) return;
    const complaint =
      value === 'TAB' || value === 'SPACE' || (value.length === 1 && value.trim().length === 1)
        ? null
        : value.trim() === ''
          ? "Delimiter cannot be empty, if you meant to have a tab or space for delimiter, please use the special values 'TAB' or 'SPACE'"
          : `Invalid delimiter value: '${value}'. Delimiter must be a single character or TAB,SPACE`;
    if (complaint !== null) {
      throw new StatementError(
        `Failed to prepare statement: Configuration ${name} is invalid: ${complaint}\nExample valid value: ';'`,
        { code: 'invalid-property', problem: 'syntax' },
      );
    }
  }
}

/** The value's text if its literal fits the property's kind. */
function checkedText(property: Property, kind: PropertyKind): string {
  const text = literalText(property.value);
  const fits =
    kind === 'string'
      ? property.value.kind === 'string'
      : kind === 'boolean'
        ? /^(true|false)$/i.test(text)
        : /^[+-]?\d+$/.test(text) && inRange(BigInt(text), kind);
  if (fits) return text;
  const complaint =
    kind === 'string'
      ? `Expected value to be a string, but it was a ${javaClass(property.value)}`
      : kind === 'boolean'
        ? 'Expected value to be either true or false'
        : `Not a number of type ${kind.toUpperCase()}`;
  throw new StatementError(`Invalid value ${text} for property ${property.name}: ${complaint}`, {
    code: 'invalid-property',
    span: property.span,
  });
}

function inRange(value: bigint, kind: 'int' | 'long'): boolean {
  return BigInt.asIntN(kind === 'int' ? 32 : 64, value) === value;
}

function literalText(literal: Literal): string {
  switch (literal.kind) {
    case 'null':
      return 'null';
    case 'boolean':
    case 'integer':
    case 'double':
    case 'string':
      return String(literal.value);
    case 'decimal':
      return literal.text;
  }
}

function javaClass(literal: Literal): string {
  const names: Readonly<Record<Literal['kind'], string>> = {
    null: 'null',
    boolean: 'java.lang.Boolean',
    integer: 'java.lang.Integer',
    decimal: 'java.math.BigDecimal',
    double: 'java.lang.Double',
    string: 'java.lang.String',
  };
  return names[literal.kind];
}
