import { arrayType, mapType, type SqlType, STRING, structType } from '../../src/model/sql-type.js';
import type { SqlValue } from '../../src/model/value.js';

/** What a format carries of nested types. */
export type Nesting = 'maps with texts as keys' | 'messages';

/** The type with texts as the keys of its maps and, in messages, no arrays or maps as elements of arrays. */
export function carriedType(type: SqlType, nesting: Nesting): SqlType {
  switch (type.kind) {
    case 'ARRAY': {
      const element = carriedType(type.element, nesting);
      const isRepeated = element.kind === 'ARRAY' || element.kind === 'MAP';
      return arrayType(isRepeated && nesting === 'messages' ? structType([{ name: 'L', type: element }]) : element);
    }
    case 'MAP':
      return mapType(STRING, carriedType(type.value, nesting));
    case 'STRUCT':
      return structType(type.fields.map(({ name, type: inner }) => ({ name, type: carriedType(inner, nesting) })));
    default:
      return type;
  }
}

/** The value without nulls in arrays, which not every format can write. */
export function withoutNullItems(value: SqlValue, type: SqlType): SqlValue {
  if (value === null) return null;
  switch (type.kind) {
    case 'ARRAY':
      return (value as SqlValue[]).filter((item) => item !== null).map((item) => withoutNullItems(item, type.element));
    case 'MAP':
      return new Map([...(value as Map<SqlValue, SqlValue>)].map(([k, v]) => [k, withoutNullItems(v, type.value)]));
    case 'STRUCT':
      return type.fields.map((field, i) => withoutNullItems((value as SqlValue[])[i]!, field.type));
    default:
      return value;
  }
}

/** The value with lone surrogates replaced, as UTF-8 has none. */
export function wellFormed(value: SqlValue): SqlValue {
  if (typeof value === 'string') return Buffer.from(value).toString();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (value instanceof Map) return new Map([...value].map(([k, v]) => [wellFormed(k), wellFormed(v)]));
  return value;
}
