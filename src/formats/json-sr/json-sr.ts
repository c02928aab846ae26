import { assert } from '../../model/errors.js';
import { FULL_NAME, fullNameOf, type SchemaFormat } from '../format.js';
import { jsonFormat } from '../json.js';
import { jsonDeserializer } from '../json-deserializer.js';
import { ignoredBytes, nothing } from '../no-columns.js';
import { emptyProperty, unknownProperty } from '../refusals.js';
import { FRAME_BYTES, frameId } from '../schema-registry/framing.js';
import { canonicalSchema } from './canonical.js';
import { schemaIncompatibilities } from './compare-schemas.js';
import { jsonSrSerializer } from './json-sr-serializer.js';
import { shapeOf } from './shape.js';
import { jsonSchemaText } from './write-schema.js';

/** The JSON of the `JSON` format behind the id of a JSON schema. The schema is not needed to read it. */
export const jsonSrFormat: SchemaFormat = {
  name: 'JSON_SR',
  schemaType: 'JSON',
  support: {
    key: true,
    value: true,
    schemaRegistry: true,
    singleColumn: { default: 'wrapped', allowed: ['wrapped', 'unwrapped'] },
    properties: [FULL_NAME],
  },
  refuses: (columns, target) => jsonFormat.refuses(columns, target),
  refusesProperty(name, value) {
    if (name !== FULL_NAME) return unknownProperty('JSON_SR', name);
    return value.trim() === '' ? emptyProperty(name, value) : null;
  },
  deserializer(spec, columns, wanted, target) {
    if (columns.length === 0 && target === 'key') return ignoredBytes;
    assert(!spec.unwrapped || columns.length === 1, 'only a single column is unwrapped');
    const body = jsonDeserializer(columns, wanted, spec.unwrapped, target, 'entries too');
    return {
      scan(bytes, start, end) {
        frameId(bytes, start, end, 'JSON_SR', target);
        return body.scan(bytes, start + FRAME_BYTES, end);
      },
      read: body.read,
    };
  },
  serializer(spec, columns, target) {
    if (columns.length === 0 && target === 'key') return nothing;
    assert(!spec.unwrapped || columns.length === 1, 'only a single column is unwrapped');
    assert(spec.schema !== undefined, 'JSON_SR writes a registered schema');
    const { shape } = shapeOf(spec.schema, spec.unwrapped ? null : fullNameOf(spec));
    return jsonSrSerializer(columns, spec.unwrapped, spec.schema.id, shape, target);
  },
  schemaFor(spec, columns) {
    return { type: 'JSON', text: jsonSchemaText(columns, spec.unwrapped, fullNameOf(spec)), imports: [] };
  },
  contentOf(schema, fullName) {
    const { shape, skipped } = shapeOf(schema, fullName);
    return { type: shape.type, skipped };
  },
  incompatibilities: schemaIncompatibilities,
  canonical: canonicalSchema,
};
