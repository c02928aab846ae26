import type { Column } from '../model/schema.js';
import type { Format } from './format.js';
import { ignoredBytes, nothing } from './no-columns.js';
import { listColumns, unknownProperty } from './refusals.js';

/** The format of keys without columns: bytes are ignored when read, and null is written. */
export const noneFormat: Format = {
  name: 'NONE',
  support: {
    key: true,
    value: false,
    schemaRegistry: false,
    singleColumn: { default: 'unwrapped', allowed: ['unwrapped'] },
    properties: [],
  },
  refuses(columns: readonly Column[]): string | null {
    return columns.length === 0
      ? null
      : `The 'NONE' format can only be used when no columns are defined. Got: ${listColumns(columns)}`;
  },
  refusesProperty(name: string): string | null {
    return unknownProperty('NONE', name);
  },
  deserializer: () => ignoredBytes,
  serializer: () => nothing,
};
