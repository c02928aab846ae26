import type { SqlType } from '../model/sql-type.js';
import type { SqlValue } from '../model/value.js';

/** Something that JavaScript's Set and Map find by value: equal keys mean equal SQL values of one type. */
export type ValueKey = string | number | bigint | boolean | null;

/** The function from values of a type to their keys; null is a key of its own. */
export function valueKeyOf(type: SqlType): (value: SqlValue) => ValueKey {
  switch (type.kind) {
    case 'DOUBLE':
      return (value) => (Object.is(value, -0) ? '-0' : (value as number | null));
    case 'BYTES':
    case 'ARRAY':
    case 'MAP':
    case 'STRUCT':
      return (value) => (value === null ? null : keyText(type, value));
    default:
      return (value) => value as ValueKey;
  }
}

/** An unambiguous text: every part is led by its length or a mark. */
function keyText(type: SqlType, value: SqlValue): string {
  if (value === null) return 'n';
  switch (type.kind) {
    case 'BYTES':
      return measured((value as Buffer).toString('latin1'));
    case 'ARRAY':
      return measured((value as SqlValue[]).map((element) => keyText(type.element, element)).join(''));
    case 'STRUCT':
      return measured(type.fields.map((field, i) => keyText(field.type, (value as SqlValue[])[i]!)).join(''));
    case 'MAP': {
      const entries = Array.from(
        value as Map<SqlValue, SqlValue>,
        ([key, held]) => keyText(type.key, key) + keyText(type.value, held),
      );
      return measured(entries.sort().join(''));
    }
    case 'DOUBLE':
      return measured(Object.is(value, -0) ? '-0' : String(value));
    default:
      return measured(String(value));
  }
}

function measured(text: string): string {
  return `${text.length}:${text}`;
}
