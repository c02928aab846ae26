import { type FormatSpec, fullNameOf, type SchemaContent, type SchemaFormat } from '../../formats/format.js';
import { type RegisteredSchema, subjectOf } from '../../formats/schema-registry/schema-registry.js';
import { StatementError } from '../../model/errors.js';
import type { Column } from '../../model/schema.js';
import type { SqlType } from '../../model/sql-type.js';
import type { SchemaView } from '../schema-view.js';

export type Side = 'KEY' | 'VALUE';

/** What a schema of the registry says of one half of a source's records. */
export interface InferredColumns {
  readonly columns: readonly Column[];
  readonly schema: RegisteredSchema;
  /** Fields that SQL has no type for, which are no columns: as paths with the reason. */
  readonly skipped: readonly string[];
}

/**
 * The columns of a source that the statement does not list: the fields of the topic's latest schema, or of the schema with the given id. Names are
 * in capitals as unquoted ones are, but those of a schema that was named by its id stay as they are.
 * @param spec what is known of the format so far; `unwrapped` when a schema is one column as a whole
 * @throws StatementError when there is no such schema, or it holds no columns
 */
export function inferColumns(
  side: Side,
  topic: string,
  format: SchemaFormat,
  spec: Pick<FormatSpec, 'properties' | 'unwrapped'>,
  schemaId: number | null,
  schemas: SchemaView,
): InferredColumns {
  const target = side === 'KEY' ? 'key' : 'value';
  const subject = subjectOf(topic, target);
  const schema = schemaId === null ? (schemas.latest(subject)?.schema ?? null) : schemas.byId(schemaId);
  if (schema === null) throw noSchema(target, topic, subject, schemaId);
  const { type, skipped } = contentOf(side, format, spec, schema);
  const named = (name: string): string => (schemaId === null ? name.toUpperCase() : name);
  const role = side === 'KEY' ? 'key' : 'value';
  if (spec.unwrapped) {
    const name = side === 'KEY' ? 'ROWKEY' : 'ROWVAL';
    return { schema, columns: [{ name, type: renamed(type, named), role }], skipped };
  }
  if (type.kind !== 'STRUCT') {
    throw new StatementError(
      "Schema returned from schema registry is anonymous type. To use this schema with ksqlDB, set 'WRAP_SINGLE_VALUE=false' in the WITH clause properties.",
      { code: 'anonymous-schema' },
    );
  }
  return {
    schema,
    columns: type.fields.map((field) => ({ name: named(field.name), type: renamed(field.type, named), role })),
    skipped,
  };
}

/** @throws StatementError when the schema is of another format, or cannot be read */
function contentOf(
  side: Side,
  format: SchemaFormat,
  spec: Pick<FormatSpec, 'properties'>,
  schema: RegisteredSchema,
): SchemaContent {
  if (schema.type !== format.schemaType) {
    const half = side === 'KEY' ? 'Key' : 'Value';
    throw new StatementError(
      `${half} schema is not in the expected format. You may want to set ${side}_FORMAT to '${formatOfType(schema.type)}'.`,
      { code: 'schema-format', hint: `The schema with id ${schema.id} is of type ${schema.type}.` },
    );
  }
  return format.contentOf(schema, fullNameOf(spec));
}

function formatOfType(type: RegisteredSchema['type']): string {
  return type === 'JSON' ? 'JSON_SR' : type;
}

/** Fields of structs are named as columns are. */
function renamed(type: SqlType, named: (name: string) => string): SqlType {
  switch (type.kind) {
    case 'ARRAY':
      return { ...type, element: renamed(type.element, named) };
    case 'MAP':
      return { ...type, key: renamed(type.key, named), value: renamed(type.value, named) };
    case 'STRUCT':
      return {
        ...type,
        fields: type.fields.map((field) => ({ name: named(field.name), type: renamed(field.type, named) })),
      };
    default:
      return type;
  }
}

function noSchema(target: 'key' | 'value', topic: string, subject: string, schemaId: number | null): StatementError {
  const id = schemaId === null ? '' : `Schema Id: ${schemaId}\n`;
  return new StatementError(
    `Schema for message ${target}s on topic '${topic}' does not exist in the Schema Registry.\nSubject: ${subject}\n${id}` +
      'Possible causes: the topic does not exist; its messages were not written with a serializer of the Schema Registry; the schema is in another Schema Registry; ' +
      'you have no permission to read the subject.',
    {
      code: 'unknown-schema',
      hint: 'List the columns in the statement, or register the schema first.',
    },
  );
}
