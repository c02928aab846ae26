import { assert } from '../../model/errors.js';
import type { SqlType, StructField } from '../../model/sql-type.js';
import type { SchemaText } from '../schema-registry/schema-registry.js';
import { block, type ProtoStatement, printProto, statement } from './proto-text.js';
import { DATE_MESSAGE, DECIMAL_MESSAGE, TIME_MESSAGE, TIMESTAMP_MESSAGE } from './well-known.js';

/** How a primitive value that is null is told from its type's default: not at all, by `optional`, or by a message around it. */
export type NullableRepresentation = 'none' | 'optional' | 'wrapper';

/** A struct within a struct within ... a record: as deep as protoc allows messages to be declared. */
export const STRUCT_DEPTH_MAX = 30;

const IDENTIFIER = /^[A-Za-z_]\w*$/;

export function isIdentifier(name: string): boolean {
  return IDENTIFIER.test(name);
}

/** The name of the field for a column or field of a struct: its own, or, where that is no identifier, its bytes in hexadecimal digits. */
export function fieldName(name: string): string {
  return isIdentifier(name) ? name : `_${Buffer.from(name).toString('hex')}`;
}

/**
 * The .proto file that ksqlDB, by way of Connect, writes columns with: one message, with those of its structs and maps within it.
 * @param fullName the message's name with its package; null for Connect's default
 */
export function schemaForColumns(
  columns: readonly StructField[],
  fullName: string | null,
  nullable: NullableRepresentation,
): SchemaText {
  return { type: 'PROTOBUF', text: new SchemaWriter(nullable).file(columns, fullName), imports: [] };
}

class SchemaWriter {
  readonly #nullable: NullableRepresentation;
  readonly #imports = new Set<string>();
  #names = 0;

  constructor(nullable: NullableRepresentation) {
    this.#nullable = nullable;
  }

  file(columns: readonly StructField[], fullName: string | null): string {
    const name = fullName ?? this.#nextName();
    const dot = name.lastIndexOf('.');
    const message = this.#message(name.slice(dot + 1), columns);
    return printProto([
      statement('syntax = "proto3"'),
      ...(dot > 0 ? [statement(`package ${name.slice(0, dot)}`)] : []),
      ...[...this.#imports].map((file) => statement(`import "${file}"`)),
      message,
    ]);
  }

  #nextName(): string {
    this.#names++;
    return `ConnectDefault${this.#names}`;
  }

  #message(name: string, fields: readonly StructField[]): ProtoStatement {
    const taken = new Set(fields.map((field) => fieldName(field.name)));
    const body = fields.flatMap((field, i) => this.#field(fieldName(field.name), field.type, i + 1, taken, true));
    return block(`message ${name}`, body);
  }

  /** The field, and the message that it needs. */
  #field(
    name: string,
    type: SqlType,
    number: number,
    taken: ReadonlySet<string>,
    mayBeOptional: boolean,
  ): ProtoStatement[] {
    const repeated = type.kind === 'ARRAY' || type.kind === 'MAP';
    const label = repeated ? 'repeated ' : mayBeOptional && this.#nullable === 'optional' ? 'optional ' : '';
    const own = type.kind === 'ARRAY' ? type.element : type;
    const inner = this.#innerMessage(own, taken);
    const typeName = inner === null ? this.#typeName(own) : inner.head.slice('message '.length);
    const field = statement(`${label}${typeName} ${name} = ${number}`, this.#options(own));
    return inner === null ? [field] : [field, inner];
  }

  #innerMessage(type: SqlType, taken: ReadonlySet<string>): ProtoStatement | null {
    if (type.kind === 'STRUCT') return this.#message(untaken(this.#nextName(), taken), type.fields);
    if (type.kind !== 'MAP') return null;
    const name = untaken(`${this.#nextName()}Entry`, taken);
    const parts = new Set(['key', 'value']);
    // Connect knows no optional fields in entries.
    return block(`message ${name}`, [
      ...this.#field('key', type.key, 1, parts, false),
      ...this.#field('value', type.value, 2, parts, false),
    ]);
  }

  #typeName(type: SqlType): string {
    switch (type.kind) {
      case 'INTEGER':
        return this.#scalar('int32', 'Int32Value');
      case 'BIGINT':
        return this.#scalar('int64', 'Int64Value');
      case 'DOUBLE':
        return this.#scalar('double', 'DoubleValue');
      case 'BOOLEAN':
        return this.#scalar('bool', 'BoolValue');
      case 'STRING':
        return this.#scalar('string', 'StringValue');
      case 'BYTES':
        return this.#scalar('bytes', 'BytesValue');
      case 'DECIMAL':
        this.#imports.add('confluent/meta.proto');
        return this.#imported('confluent/type/decimal.proto', DECIMAL_MESSAGE);
      case 'DATE':
        return this.#imported('google/type/date.proto', DATE_MESSAGE);
      case 'TIME':
        return this.#imported('google/type/timeofday.proto', TIME_MESSAGE);
      case 'TIMESTAMP':
        return this.#imported('google/protobuf/timestamp.proto', TIMESTAMP_MESSAGE);
      default:
        assert(false, 'PROTOBUF columns are checked before a schema is made');
    }
  }

  #scalar(plain: string, wrapper: string): string {
    if (this.#nullable !== 'wrapper') return plain;
    return this.#imported('google/protobuf/wrappers.proto', `google.protobuf.${wrapper}`);
  }

  #imported(file: string, name: string): string {
    this.#imports.add(file);
    return name;
  }

  #options(type: SqlType): string[] {
    if (type.kind !== 'DECIMAL') return [];
    const param = (key: string, value: number): string => `    {\n      value: "${value}",\n      key: "${key}"\n    }`;
    const params = [param('precision', type.precision), param('scale', type.scale)];
    return [`(confluent.field_meta) = {\n  params: [\n${params.join(',\n')}\n  ]\n}`];
  }
}

/** A message must not be named as a field beside it is. */
function untaken(name: string, taken: ReadonlySet<string>): string {
  return taken.has(name) ? untaken(`${name}Message`, taken) : name;
}
