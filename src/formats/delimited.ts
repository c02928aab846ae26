import type { Column } from '../model/schema.js';
import type { SqlTypeKind } from '../model/sql-type.js';
import { delimitedDeserializer } from './delimited-deserializer.js';
import { delimitedSerializer } from './delimited-serializer.js';
import type { Format, FormatSpec } from './format.js';
import { ignoredBytes, nothing } from './no-columns.js';
import { unknownProperty, unsupportedType } from './refusals.js';

const EXAMPLE = "\nExample valid value: ';'";
const NESTED: readonly SqlTypeKind[] = ['ARRAY', 'MAP', 'STRUCT'];

/** One CSV record (RFC 4180) of as many fields as there are columns; an empty field is null. */
export const delimitedFormat: Format = {
  name: 'DELIMITED',
  support: {
    key: true,
    value: true,
    schemaRegistry: false,
    singleColumn: { default: 'unwrapped', allowed: ['unwrapped'] },
    properties: ['delimiter'],
  },
  refuses(columns: readonly Column[]): string | null {
    const column = columns.find((c) => NESTED.includes(c.type.kind));
    if (column === undefined) return null;
    return `${unsupportedType('DELIMITED', column.type.kind)}, column: \`${column.name.replaceAll('`', '``')}\``;
  },
  refusesProperty(name: string, value: string): string | null {
    if (name !== 'delimiter') return unknownProperty('DELIMITED', name);
    if (value.trim() === '') {
      return `Delimiter cannot be empty, if you meant to have a tab or space for delimiter, please use the special values 'TAB' or 'SPACE'${EXAMPLE}`;
    }
    if (DELIMITER_NAMES.has(value) || (value.length === 1 && value !== '"')) return null;
    return `Invalid delimiter value: '${value}'. Delimiter must be a single character or TAB,SPACE${EXAMPLE}`;
  },
  deserializer(spec, columns, wanted, target) {
    if (columns.length === 0) return ignoredBytes;
    return delimitedDeserializer(delimiterOf(spec), columns, wanted, target);
  },
  serializer(spec, columns, target) {
    if (columns.length === 0) return nothing;
    return delimitedSerializer(delimiterOf(spec), columns, target);
  },
};

const DELIMITER_NAMES: ReadonlyMap<string, string> = new Map([
  ['TAB', '\t'],
  ['SPACE', ' '],
]);

function delimiterOf(spec: FormatSpec): string {
  const delimiter = spec.properties['delimiter'] ?? ',';
  return DELIMITER_NAMES.get(delimiter) ?? delimiter;
}
