import { AssertionError } from '../../model/errors.js';
import { JsonNumber, type JsonObject, type JsonValue, writeJson } from '../../model/json-text.js';
import type { Column } from '../../model/schema.js';
import type { SqlType, StructField } from '../../model/sql-type.js';
import {
  CONNECT_DATE,
  CONNECT_DECIMAL,
  CONNECT_TIME,
  CONNECT_TIMESTAMP,
  PRECISION_PARAMETER,
} from '../connect-names.js';

/**
 * The schema that ksqlDB registers for these columns: each may be null, and its position is noted as Kafka Connect does.
 * @param title names the object; null for none
 */
export function jsonSchemaText(columns: readonly Column[], unwrapped: boolean, title: string | null): string {
  if (unwrapped) return writeJson(nullable(columns[0]!.type));
  return writeJson(structSchema(columns, title));
}

function structSchema(fields: readonly StructField[], title: string | null = null): JsonObject {
  const properties: JsonObject = new Map(
    fields.map(({ name, type }, i) => [name, new Map([['connect.index', number(i)], ...nullable(type)])]),
  );
  return object({ type: 'object', ...(title === null ? {} : { title }), properties });
}

function nullable(type: SqlType): JsonObject {
  return object({ oneOf: [object({ type: 'null' }), typeSchema(type)] });
}

function typeSchema(type: SqlType): JsonObject {
  switch (type.kind) {
    case 'BOOLEAN':
      return object({ type: 'boolean' });
    case 'INTEGER':
      return object({ type: 'integer', 'connect.type': 'int32' });
    case 'BIGINT':
      return object({ type: 'integer', 'connect.type': 'int64' });
    case 'DOUBLE':
      return object({ type: 'number', 'connect.type': 'float64' });
    case 'DECIMAL':
      return object({
        type: 'number',
        title: CONNECT_DECIMAL,
        'connect.version': number(1),
        'connect.type': 'bytes',
        'connect.parameters': object({ scale: String(type.scale), [PRECISION_PARAMETER]: String(type.precision) }),
      });
    case 'STRING':
      return object({ type: 'string' });
    case 'BYTES':
      return object({ type: 'string', 'connect.type': 'bytes' });
    case 'DATE':
      return logical(CONNECT_DATE, 'int32');
    case 'TIME':
      return logical(CONNECT_TIME, 'int32');
    case 'TIMESTAMP':
      return logical(CONNECT_TIMESTAMP, 'int64');
    case 'ARRAY':
      return object({ type: 'array', items: nullable(type.element) });
    // The keys of ksqlDB's maps may be null, and Connect writes such maps as lists of entries.
    case 'MAP': {
      const entry = structSchema([
        { name: 'key', type: type.key },
        { name: 'value', type: type.value },
      ]);
      return object({ type: 'array', items: entry, 'connect.type': 'map' });
    }
    case 'STRUCT':
      return structSchema(type.fields);
    case 'NULL':
      throw new AssertionError('no column has the type of NULL');
  }
}

function logical(title: string, connectType: string): JsonObject {
  return object({ type: 'integer', title, 'connect.version': number(1), 'connect.type': connectType });
}

function object(members: Readonly<Record<string, JsonValue>>): JsonObject {
  return new Map(Object.entries(members));
}

function number(value: number): JsonNumber {
  return new JsonNumber(String(value));
}
