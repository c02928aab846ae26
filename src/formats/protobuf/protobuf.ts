import { assert } from '../../model/errors.js';
import type { Column } from '../../model/schema.js';
import type { SqlType } from '../../model/sql-type.js';
import {
  type Format,
  type FormatSpec,
  type FormatSupport,
  FULL_NAME,
  fullNameOf,
  type SchemaFormat,
} from '../format.js';
import { ignoredBytes, nothing } from '../no-columns.js';
import { emptyProperty, unknownProperty } from '../refusals.js';
import { NO_SCHEMAS } from '../schema-registry/schema-registry.js';
import { canonicalProto } from './canonical.js';
import { protoIncompatibilities } from './compatibility.js';
import { contentOfProto, messageOf } from './content-of.js';
import { bareDeserializer, ProtobufDeserializer, structDeserializer } from './deserializer.js';
import { parseProto } from './parse-proto.js';
import type { MessageType } from './proto-schema.js';
import { readBackAs } from './read-back.js';
import { isIdentifier, type NullableRepresentation, STRUCT_DEPTH_MAX, schemaForColumns } from './schema-for.js';
import { framePrefix, protobufSerializer, structSerializer } from './serializer.js';

/** Messages with the frame of Confluent's registry in front; a single column is the field of a message like any other. */
export const protobufFormat: SchemaFormat = {
  name: 'PROTOBUF',
  schemaType: 'PROTOBUF',
  support: {
    key: true,
    value: true,
    schemaRegistry: true,
    singleColumn: { default: 'wrapped', allowed: ['wrapped'] },
    properties: [FULL_NAME, 'nullableRepresentation'],
  },
  refuses(columns: readonly Column[]): string | null {
    return refusedColumn('PROTOBUF', columns);
  },
  refusesProperty(name: string, value: string): string | null {
    if (name === FULL_NAME) return refusedName(value);
    return name === 'nullableRepresentation' ? refusedRepresentation(value) : unknownProperty('PROTOBUF', name);
  },
  deserializer(_spec, columns, wanted, target, schemas = NO_SCHEMAS) {
    if (columns.length === 0 && target === 'key') return ignoredBytes;
    return new ProtobufDeserializer(columns, wanted, target, schemas);
  },
  serializer(spec, columns, target) {
    if (columns.length === 0 && target === 'key') return nothing;
    assert(spec.schema !== undefined, 'what is written in PROTOBUF has a schema');
    const message = messageOf(spec.schema, fullNameOf(spec));
    return protobufSerializer(message, columns, framePrefix(spec.schema.id, parseProto(spec.schema), message), target);
  },
  readBack: (spec, type) => readBackAs(type, representationOf(spec)),
  schemaFor(spec, columns) {
    return schemaForColumns(columns, fullNameOf(spec), representationOf(spec));
  },
  contentOf: contentOfProto,
  incompatibilities: protoIncompatibilities,
  canonical: canonicalProto,
};

/** Bare messages, whose schema is the one that the columns imply; a column alone that is no STRUCT is field 1 of a message either way. */
export const protobufNosrFormat: Format = {
  name: 'PROTOBUF_NOSR',
  support: {
    key: true,
    value: true,
    schemaRegistry: false,
    singleColumn: { default: 'wrapped', allowed: ['wrapped', 'unwrapped'] },
    properties: ['nullableRepresentation'],
  } satisfies FormatSupport,
  refuses(columns: readonly Column[]): string | null {
    return refusedColumn('PROTOBUF_NOSR', columns);
  },
  refusesProperty(name: string, value: string): string | null {
    return name === 'nullableRepresentation' ? refusedRepresentation(value) : unknownProperty('PROTOBUF_NOSR', name);
  },
  deserializer(spec, columns, wanted, target) {
    if (columns.length === 0 && target === 'key') return ignoredBytes;
    const struct = wholeStruct(spec, columns);
    const message = impliedMessage(spec, columns);
    return struct === null
      ? bareDeserializer(message, columns, wanted, target)
      : structDeserializer(message, struct.fields, wanted, target);
  },
  serializer(spec, columns, target) {
    if (columns.length === 0 && target === 'key') return nothing;
    const struct = wholeStruct(spec, columns);
    const message = impliedMessage(spec, columns);
    if (struct !== null) return structSerializer(message, struct.fields, target);
    const wrapped = protobufSerializer(message, columns, Buffer.alloc(0), target);
    if (!spec.unwrapped) return wrapped;
    return { write: (sink, value) => (value === null ? false : wrapped.write(sink, value!)) };
  },
  readBack: (spec, type) => (spec.unwrapped ? null : readBackAs(type, representationOf(spec))),
};

/** The type of the single column that is a message as a whole; null when the columns are fields. */
function wholeStruct(spec: FormatSpec, columns: readonly Column[]): (SqlType & { readonly kind: 'STRUCT' }) | null {
  assert(!spec.unwrapped || columns.length === 1, 'only a single column is unwrapped');
  const [column] = columns;
  return spec.unwrapped && column?.type.kind === 'STRUCT' ? column.type : null;
}

/** A value alone is never told from its default: a null is a record without it. */
function impliedMessage(spec: FormatSpec, columns: readonly Column[]): MessageType {
  const struct = wholeStruct(spec, columns);
  const fields = struct === null ? columns : struct.fields;
  const nullable = spec.unwrapped && struct === null ? 'none' : representationOf(spec);
  return messageOf(schemaForColumns(fields, null, nullable), null);
}

function representationOf(spec: FormatSpec): NullableRepresentation {
  const said = spec.properties['nullableRepresentation']?.toLowerCase();
  return said === 'optional' || said === 'wrapper' ? said : 'none';
}

function refusedRepresentation(value: string): string | null {
  return /^(?:optional|wrapper)$/i.test(value)
    ? null
    : `Invalid value ${value} for the representation of nulls: it must be one of OPTIONAL, WRAPPER`;
}

function refusedName(value: string): string | null {
  if (value.trim() === '') return emptyProperty(FULL_NAME, value);
  return value.split('.').every(isIdentifier) ? null : `Invalid Protobuf name '${value}'`;
}

function refusedColumn(format: string, columns: readonly Column[]): string | null {
  for (const { name, type } of columns) {
    const refused = refusedFieldName(format, name) ?? refusedType(format, type, 1);
    if (refused !== null) return refused;
  }
  return null;
}

function refusedFieldName(format: string, name: string): string | null {
  if (isIdentifier(name)) return null;
  return `${format} format does not support the name \`${name.replaceAll('`', '``')}\`: names begin with a letter or _, and have only letters, digits and _`;
}

function refusedType(format: string, type: SqlType, depth: number): string | null {
  if (depth > STRUCT_DEPTH_MAX) return `${format} format supports at most ${STRUCT_DEPTH_MAX} types within each other`;
  switch (type.kind) {
    case 'ARRAY':
      if (type.element.kind === 'ARRAY' || type.element.kind === 'MAP') {
        return `${format} format does not support ARRAY or MAP types within ARRAY types`;
      }
      return refusedType(format, type.element, depth + 1);
    case 'MAP':
      if (type.key.kind !== 'STRING') return 'PROTOBUF format only supports MAP types with STRING keys';
      return refusedType(format, type.value, depth + 1);
    case 'STRUCT':
      for (const field of type.fields) {
        const refused = refusedFieldName(format, field.name) ?? refusedType(format, field.type, depth + 1);
        if (refused !== null) return refused;
      }
      return null;
    default:
      return null;
  }
}
