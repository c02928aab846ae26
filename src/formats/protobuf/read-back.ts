import type { SqlType } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import type { NullableRepresentation } from './schema-for.js';

/**
 * What a value of a column is when it has been written with the schema that the columns imply, and read again: where a null cannot be told from
 * the type's default it is that. A null within an array, which cannot be written, stays.
 * @returns null when values stay as they are
 */
export function readBackAs(type: SqlType, nullable: NullableRepresentation): ((value: SqlValue) => SqlValue) | null {
  switch (type.kind) {
    case 'INTEGER':
    case 'BIGINT':
    case 'DOUBLE':
      return scalar(0, nullable);
    case 'BOOLEAN':
      return scalar(false, nullable);
    case 'STRING':
      return scalar('', nullable);
    case 'BYTES':
      return scalar(Buffer.alloc(0), nullable);
    case 'ARRAY': {
      const element = readBackAs(type.element, nullable);
      return (value) => itemsOf(value as readonly SqlValue[] | null, element);
    }
    case 'MAP': {
      // Entries have no optional fields.
      const item = readBackAs(type.value, nullable === 'optional' && isScalar(type.value) ? 'none' : nullable);
      return (value) => entriesOf(value as ReadonlyMap<SqlValue, SqlValue> | null, item);
    }
    case 'STRUCT': {
      const fields = type.fields.map((field) => readBackAs(field.type, nullable));
      if (fields.every((field) => field === null)) return null;
      return (value) => fieldsOf(value as readonly SqlValue[] | null, fields);
    }
    default:
      return null;
  }
}

type ReadBack = (value: SqlValue) => SqlValue;

function isScalar({ kind }: SqlType): boolean {
  return kind !== 'ARRAY' && kind !== 'MAP' && kind !== 'STRUCT';
}

function scalar(absent: SqlValue, nullable: NullableRepresentation): ReadBack | null {
  return nullable === 'none' ? (value) => (value === null ? absent : value) : null;
}

function itemsOf(items: readonly SqlValue[] | null, element: ReadBack | null): SqlValue {
  if (items === null) return [];
  return items.map((item) => (item === null || element === null ? item : element(item)));
}

function entriesOf(entries: ReadonlyMap<SqlValue, SqlValue> | null, item: ReadBack | null): SqlValue {
  const read = new Map<SqlValue, SqlValue>();
  for (const [key, value] of entries ?? []) read.set(key ?? '', item === null ? value : item(value));
  return read;
}

function fieldsOf(row: readonly SqlValue[] | null, fields: readonly (ReadBack | null)[]): SqlValue {
  return row === null ? null : fields.map((field, i) => (field === null ? row[i]! : field(row[i]!)));
}
