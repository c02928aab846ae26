import { assert } from '../model/errors.js';
import type { Column } from '../model/schema.js';
import type { Format } from './format.js';
import { jsonDeserializer } from './json-deserializer.js';
import { jsonSerializer } from './json-serializer.js';
import { ignoredBytes, nothing } from './no-columns.js';
import { hasTextKeys, unknownProperty } from './refusals.js';

/** One JSON object with a member a column, or the bare value of a single column. */
export const jsonFormat: Format = {
  name: 'JSON',
  support: {
    key: true,
    value: true,
    schemaRegistry: false,
    singleColumn: { default: 'wrapped', allowed: ['wrapped', 'unwrapped'] },
    properties: [],
  },
  refuses(columns: readonly Column[]): string | null {
    return columns.every((column) => hasTextKeys(column.type)) ? null : 'JSON only supports MAP types with STRING keys';
  },
  refusesProperty(name: string): string | null {
    return unknownProperty('JSON', name);
  },
  deserializer(spec, columns, wanted, target) {
    if (columns.length === 0 && target === 'key') return ignoredBytes;
    assert(!spec.unwrapped || columns.length === 1, 'only a single column is unwrapped');
    return jsonDeserializer(columns, wanted, spec.unwrapped, target);
  },
  serializer(spec, columns, target) {
    if (columns.length === 0 && target === 'key') return nothing;
    assert(!spec.unwrapped || columns.length === 1, 'only a single column is unwrapped');
    return jsonSerializer(columns, spec.unwrapped);
  },
};
