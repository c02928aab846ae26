import { describe, expect, it } from 'vitest';
import { jsonSrFormat } from '../../../src/formats/json-sr/json-sr.js';

const schema = (of: unknown) => ({ type: 'JSON' as const, text: JSON.stringify(of), imports: [] });
/** The changes from what was written to what is read, as `place CHANGE`. */
const changes = (writer: unknown, reader: unknown): string[] =>
  jsonSrFormat
    .incompatibilities(schema(reader), schema(writer))
    .map((problem) => problem.replace(/^(.*?): .*\((\w+)\)$/, '$1 $2'));

const text = { type: 'string' };
const whole = { type: 'integer' };
const object = (properties: Record<string, unknown>, more: object = {}) => ({ type: 'object', properties, ...more });
const closed = { additionalProperties: false };

describe('what readers may change', () => {
  it.each<[string, unknown, unknown]>([
    ['nothing', object({ a: text }), object({ a: text })],
    ['words', { type: 'string', title: 'a' }, { type: 'string', title: 'b', description: 'c', default: 'd' }],
    ['integer to number', whole, { type: 'number' }],
    ['anything for something', text, {}],
    ['something for nothing', false, text],
    ['null as well', text, { oneOf: [{ type: 'null' }, text] }],
    ['a union of one', { anyOf: [text] }, text],
    ['one more of a union', { oneOf: [text, whole] }, { oneOf: [whole, { type: 'null' }, text] }],
    ['oneOf to anyOf', { oneOf: [text, whole] }, { anyOf: [text, whole] }],
    ['fewer schemas for all', { allOf: [text, { minLength: 1 }] }, { allOf: [text] }],
    [
      'parts of a union that give way to each other',
      { anyOf: [whole, { type: 'number' }] },
      { anyOf: [{ type: 'number' }, whole] },
    ],
    ['a property gone that others may be like', object({ a: text, b: text }), object({ a: text })],
    [
      'a property gone that fits the rule for others',
      object({ a: whole }, closed),
      object({}, { additionalProperties: { type: 'number' } }),
    ],
    ['a property gone that could not be', object({ a: false }, closed), object({}, closed)],
    ['a new property of a closed object', object({ a: text }, closed), object({ a: text, b: text }, closed)],
    ['a new property that may be anything', object({}), object({ a: true })],
    [
      'a new property as the rule for others was',
      object({}, { additionalProperties: text }),
      object({ a: text }, { additionalProperties: text }),
    ],
    [
      'a new property as the pattern for it was',
      object({}, { patternProperties: { '^a': text }, ...closed }),
      object({ ab: text }, { patternProperties: { '^a': text }, ...closed }),
    ],
    [
      'a new required property with a default',
      object({}, closed),
      object({ a: { type: 'string', default: '' } }, { ...closed, required: ['a'] }),
    ],
    ['a required property no more', object({ a: text }, { required: ['a'] }), object({ a: text })],
    ['a closed object open', object({ a: text }, closed), object({ a: text })],
    [
      'a wider rule for others',
      object({}, { additionalProperties: whole }),
      object({}, { additionalProperties: { type: 'number' } }),
    ],
    [
      'bounds further out',
      { type: 'number', minimum: 0, maximum: 10 },
      { type: 'number', minimum: -1.5, maximum: 1e2 },
    ],
    ['bounds gone', { minLength: 1, maxLength: 2, pattern: 'a' }, { type: 'string' }],
    ['a divisor of the divisor', { type: 'number', multipleOf: 0.3 }, { type: 'number', multipleOf: 0.1 }],
    ['more values', { enum: ['a', 'b'] }, { enum: ['b', 'c', 'a'] }],
    [
      'one more item of a tuple',
      { type: 'array', items: [text], additionalItems: false },
      { type: 'array', items: [text, whole], additionalItems: false },
    ],
    ['an item less of a tuple', { type: 'array', prefixItems: [text, whole] }, { type: 'array', prefixItems: [text] }],
    ['items that need not differ', { type: 'array', items: text, uniqueItems: true }, { type: 'array', items: text }],
    ['fewer dependencies', { dependencies: { a: ['b', 'c'] } }, { dependencies: { a: ['b'] } }],
    ['less excluded', { not: { type: 'number' } }, { not: whole }],
    ['the same by reference', object({ a: text }), { properties: { a: { $ref: '#/$defs/t' } }, $defs: { t: text } }],
    ['the same with itself in it', object({ a: { $ref: '#' } }), object({ a: { $ref: '#' } })],
  ])('%s', (_, writer, reader) => {
    expect(changes(writer, reader)).toEqual([]);
  });
});

describe('what readers may not change', () => {
  it.each<[string, unknown, unknown, string[]]>([
    ['the type', object({ a: text }), object({ a: whole }), ['#/properties/a TYPE_CHANGED']],
    ['number to integer', { type: 'number' }, whole, ['# TYPE_NARROWED']],
    ['null no more', { oneOf: [{ type: 'null' }, text] }, text, ['# TYPE_CHANGED']],
    [
      'one less of a union',
      { oneOf: [text, whole, { type: 'null' }] },
      { oneOf: [text, whole] },
      ['# SUM_TYPE_NARROWED'],
    ],
    [
      'others in a union',
      { oneOf: [text, whole] },
      { oneOf: [text, { type: 'boolean' }] },
      ['# COMBINED_TYPE_SUBSCHEMAS_CHANGED'],
    ],
    ['anyOf to allOf', { anyOf: [text, whole] }, { allOf: [text, whole] }, ['# COMBINED_TYPE_CHANGED']],
    [
      'more schemas for all',
      { allOf: [text, { pattern: 'a' }] },
      { allOf: [text, { pattern: 'a' }, { pattern: 'b' }] },
      ['# PRODUCT_TYPE_EXTENDED'],
    ],
    [
      'a new property of an open object',
      object({ a: text }),
      object({ a: text, b: text }),
      ['#/properties/b PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL'],
    ],
    [
      'a property gone from a closed object',
      object({ a: text, b: text }, closed),
      object({ a: text }, closed),
      ['#/properties/b PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL'],
    ],
    [
      'a property gone that does not fit the rule for others',
      object({ b: text }),
      object({}, { additionalProperties: whole }),
      [
        '#/properties/b PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL',
        '#/additionalProperties ADDITIONAL_PROPERTIES_NARROWED',
      ],
    ],
    [
      'a new property that the rule for others does not fit',
      object({}, { additionalProperties: whole }),
      object({ a: text }),
      ['#/properties/a PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL'],
    ],
    [
      'a new required property',
      object({}, closed),
      object({ a: text }, { ...closed, required: ['a'] }),
      ['#/properties/a REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL'],
    ],
    [
      'a new required property that may be anything',
      object({}),
      object({ a: true }, { required: ['a'] }),
      ['#/properties/a REQUIRED_ATTRIBUTE_ADDED'],
    ],
    [
      'a property that is required now',
      object({ a: text }),
      object({ a: text }, { required: ['a'] }),
      ['#/properties/a REQUIRED_ATTRIBUTE_ADDED'],
    ],
    [
      'an open object closed',
      object({ a: text }),
      object({ a: text }, closed),
      ['#/additionalProperties ADDITIONAL_PROPERTIES_REMOVED'],
    ],
    [
      'bounds closer',
      { type: 'number', minimum: 0, maximum: 10 },
      { type: 'number', minimum: 1, maximum: 9.5 },
      ['# MINIMUM_INCREASED', '# MAXIMUM_DECREASED'],
    ],
    [
      'new bounds',
      { type: 'number' },
      { type: 'number', exclusiveMinimum: 0, maximum: 3, exclusiveMaximum: true, multipleOf: 2 },
      ['# EXCLUSIVE_MINIMUM_ADDED', '# EXCLUSIVE_MAXIMUM_ADDED', '# MULTIPLE_OF_ADDED'],
    ],
    [
      'other divisors',
      { properties: { a: { multipleOf: 2 }, b: { multipleOf: 2 } } },
      { properties: { a: { multipleOf: 4 }, b: { multipleOf: 3 } } },
      ['#/properties/a MULTIPLE_OF_EXPANDED', '#/properties/b MULTIPLE_OF_CHANGED'],
    ],
    [
      'shorter texts',
      { maxLength: 3 },
      { minLength: 1, maxLength: 2, pattern: 'a' },
      ['# MIN_LENGTH_ADDED', '# MAX_LENGTH_DECREASED', '# PATTERN_ADDED'],
    ],
    ['another pattern', { pattern: 'a' }, { pattern: 'b' }, ['# PATTERN_CHANGED']],
    ['fewer values', { enum: ['a', 'b'] }, { enum: ['a'] }, ['# ENUM_ARRAY_NARROWED']],
    ['other values', { enum: ['a', 'b'] }, { enum: ['a', 'c'] }, ['# ENUM_ARRAY_CHANGED']],
    ['a rule for items', { type: 'array' }, { type: 'array', items: text }, ['#/items SCHEMA_ADDED']],
    ['other items', { type: 'array', items: text }, { type: 'array', items: whole }, ['#/items TYPE_CHANGED']],
    [
      'a new item of an open tuple',
      { type: 'array', prefixItems: [text] },
      { type: 'array', prefixItems: [text, whole] },
      ['#/items/1 ITEM_ADDED_TO_OPEN_CONTENT_MODEL'],
    ],
    [
      'an item less of a closed tuple',
      { type: 'array', prefixItems: [text, whole], items: false },
      { type: 'array', prefixItems: [text], items: false },
      ['#/items/1 ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL'],
    ],
    [
      'items that must differ, and be few',
      { type: 'array' },
      { type: 'array', uniqueItems: true, maxItems: 2 },
      ['# MAX_ITEMS_ADDED', '# UNIQUE_ITEMS_ADDED'],
    ],
    [
      'more dependencies',
      { dependencies: { a: ['b'] } },
      { dependentRequired: { a: ['b', 'c'], d: ['a'] }, dependentSchemas: { e: { required: ['a'] } } },
      [
        '#/dependencies/a DEPENDENCY_ARRAY_EXTENDED',
        '#/dependencies/d DEPENDENCY_ARRAY_ADDED',
        '#/dependencies/e DEPENDENCY_SCHEMA_ADDED',
      ],
    ],
    ['more excluded', { not: whole }, { not: { type: 'number' } }, ['# NOT_TYPE_EXTENDED']],
    [
      'deep in a list',
      { type: 'array', items: object({ a: { items: text } }) },
      { type: 'array', items: object({ a: { items: whole } }) },
      ['#/items/properties/a/items TYPE_CHANGED'],
    ],
    [
      'behind a reference to itself',
      object({ a: { $ref: '#' }, b: text }),
      object({ a: { $ref: '#' }, b: whole }),
      ['#/properties/b TYPE_CHANGED'],
    ],
  ])('%s', (_, writer, reader, expected) => {
    expect(changes(writer, reader)).toEqual(expected);
  });

  it('says it in words', () => {
    expect(jsonSrFormat.incompatibilities(schema(object({ a: whole })), schema(object({ a: text })))).toEqual([
      '#/properties/a: string has become integer (TYPE_CHANGED)',
    ]);
  });

  it('ends also where schemas exclude themselves, and refuses what has no end', () => {
    const strange = { not: { $ref: '#' } };
    expect(changes(strange, strange)).toEqual([]);
    const chain = (last: unknown) => {
      const parts = Array.from({ length: 900 }, (_, i) => [
        `l${i}`,
        { type: 'array', items: { $ref: `#/$defs/l${i + 1}` } },
      ]);
      return { $ref: '#/$defs/l0', $defs: { ...Object.fromEntries(parts), l900: last } };
    };
    expect(() => changes(chain(text), chain(whole))).toThrow('it is too large to be compared');
  });
});
