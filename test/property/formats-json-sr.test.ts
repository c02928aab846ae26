import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FormatSpec } from '../../src/formats/format.js';
import { jsonSrFormat } from '../../src/formats/json-sr/json-sr.js';
import { decodeRow, encodeRow } from '../../src/formats/row-codec.js';
import { parseJsonLossless, writeJson } from '../../src/model/json-text.js';
import type { Column } from '../../src/model/schema.js';
import { type SqlType, structType } from '../../src/model/sql-type.js';
import type { Row } from '../../src/model/value.js';
import { carriedType } from '../support/carried.js';
import { rowsOf, sqlTypes } from '../support/sql-values.js';

const RUNS = Math.ceil(Number(process.env['PROPERTY_RUNS'] ?? 20_000) / 10);

/** JSON has MAPs with STRING keys alone. */
const carried = sqlTypes(2).map((type) => carriedType(type, 'maps with texts as keys'));

const columnsOf = (types: readonly SqlType[]): readonly Column[] =>
  types.map((type, i) => ({ name: i % 2 === 0 ? `C${i}` : `c "${i}`, type, role: 'value' }));

function specOf(columns: readonly Column[], unwrapped: boolean): FormatSpec {
  const spec: FormatSpec = { name: 'JSON_SR', properties: {}, unwrapped };
  return { ...spec, schema: { ...jsonSrFormat.schemaFor(spec, columns), id: 42 } };
}

const table = fc
  .array(carried, { minLength: 1, maxLength: 4 })
  .chain((types) => fc.tuple(fc.constant(columnsOf(types)), rowsOf(types), fc.boolean()))
  .map(([columns, row, unwrapped]): [readonly Column[], Row, boolean] =>
    unwrapped ? [columns.slice(0, 1), row.slice(0, 1), true] : [columns, row, false],
  );

describe('columns and the schema that is made of them', () => {
  it('say the same', () => {
    fc.assert(
      fc.property(table, ([columns, , unwrapped]) => {
        const { schema } = specOf(columns, unwrapped);
        const { type, skipped } = jsonSrFormat.contentOf(schema!, null);
        expect(skipped).toEqual([]);
        expect(type).toEqual(
          unwrapped ? columns[0]!.type : structType(columns.map(({ name, type }) => ({ name, type }))),
        );
        expect(jsonSrFormat.incompatibilities(schema!, schema!)).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  it('rows that are written are read', () => {
    fc.assert(
      fc.property(table, ([columns, row, unwrapped]) => {
        const spec = specOf(columns, unwrapped);
        const bytes = encodeRow(jsonSrFormat, spec, columns, row);
        if (bytes === null) expect(row).toEqual([null]);
        else expect(decodeRow(jsonSrFormat, spec, columns, bytes)).toEqual(row);
      }),
      { numRuns: RUNS },
    );
  });
});

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
interface Rules {
  readonly type?: string;
  readonly enum?: readonly Json[];
  readonly minLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly multipleOf?: number;
  readonly items?: Schema;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly not?: Schema;
}
type Schema = boolean | Rules;

const NAMES = ['a', 'b', 'c'];
const { schema } = fc.letrec<{ schema: Schema }>((tie) => {
  const sub = tie('schema');
  const properties = fc.dictionary(fc.constantFrom(...NAMES), sub, { maxKeys: 3, noNullPrototype: true });
  return {
    schema: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom<Schema>(true, { type: 'null' }, { type: 'boolean' }, { type: 'string' }, { type: 'integer' }),
      fc.record({ type: fc.constant('string'), minLength: fc.nat(2) }),
      fc.record(
        {
          type: fc.constantFrom('integer', 'number'),
          minimum: fc.integer({ min: -2, max: 2 }),
          maximum: fc.integer({ min: -1, max: 4 }),
          multipleOf: fc.constantFrom(1, 2, 4, 0.5),
        },
        { requiredKeys: ['type'] },
      ),
      fc.record({ enum: fc.uniqueArray(fc.constantFrom<Json>(null, 'a', 'bc', 1, true), { minLength: 1 }) }),
      fc.record(
        { type: fc.constant('array'), items: sub, maxItems: fc.nat(2), uniqueItems: fc.boolean() },
        { requiredKeys: ['type'] },
      ),
      fc.tuple(properties, fc.subarray(NAMES), fc.option(fc.oneof(fc.constant(false), sub), { nil: undefined })).map(
        ([named, required, additional]): Schema => ({
          type: 'object',
          properties: named,
          required: required.filter((name) => name in named),
          ...(additional === undefined ? {} : { additionalProperties: additional }),
        }),
      ),
      fc.array(sub, { minLength: 1, maxLength: 3 }).map((anyOf): Schema => ({ anyOf })),
      sub.map((not): Schema => ({ not })),
    ),
  };
});

const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<Json>(null, true, false, '', 'a', 'bc', 'abc', 0, 1, 2, 3, -1, 0.5, 1.25, 4),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...NAMES, 'd'), tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

/** Whether a value is one of the schema's: JSON Schema for the keywords above. */
function isValid(rules: Schema, value: Json): boolean {
  if (typeof rules === 'boolean') return rules;
  if (rules.anyOf !== undefined && !rules.anyOf.some((part) => isValid(part, value))) return false;
  if (rules.not !== undefined && isValid(rules.not, value)) return false;
  if (rules.enum !== undefined && !rules.enum.includes(value)) return false;
  if (rules.type !== undefined && !hasType(rules.type, value)) return false;
  if (typeof value === 'string') return value.length >= (rules.minLength ?? 0);
  if (typeof value === 'number') {
    const { minimum = -1e9, maximum = 1e9, multipleOf = 2 ** -20 } = rules;
    return value >= minimum && value <= maximum && Number.isInteger(value / multipleOf);
  }
  if (Array.isArray(value)) {
    const texts = new Set(value.map((item) => JSON.stringify(item)));
    if (rules.uniqueItems === true && texts.size < value.length) return false;
    return value.length <= (rules.maxItems ?? 9) && value.every((item) => isValid(rules.items ?? true, item));
  }
  if (value === null || typeof value !== 'object') return true;
  if (rules.required?.some((name) => !(name in value))) return false;
  return Object.entries(value).every(([name, member]) =>
    isValid(rules.properties?.[name] ?? rules.additionalProperties ?? true, member),
  );
}

function hasType(type: string, value: Json): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return value !== null && typeof value === 'object' && !Array.isArray(value);
  return typeof value === type;
}

/** Values that are likely to be of the schema. */
function likelyValue(rules: Schema): fc.Arbitrary<Json> {
  if (typeof rules === 'boolean') return json;
  if (rules.anyOf !== undefined) return fc.oneof(...rules.anyOf.map(likelyValue));
  if (rules.enum !== undefined) return fc.constantFrom(...rules.enum);
  switch (rules.type) {
    case 'integer':
    case 'number':
      return fc.integer({ min: -4, max: 10 }).map((n) => n / (rules.type === 'integer' ? 1 : 2));
    case 'string':
      return fc.constantFrom('', 'a', 'bc', 'abc');
    case 'array':
      return fc.array(likelyValue(rules.items ?? true), { maxLength: 3 });
    case 'object': {
      const others = likelyValue(rules.additionalProperties ?? true);
      const named = Object.entries({ a: others, b: others, d: others }).concat(
        Object.entries(rules.properties ?? {}).map(([name, of]) => [name, likelyValue(of)]),
      );
      return fc.record(Object.fromEntries(named), { requiredKeys: [], noNullPrototype: true }) as fc.Arbitrary<Json>;
    }
    default:
      return json;
  }
}

function withValues([writer, reader]: readonly [Schema, Schema]): fc.Arbitrary<[Schema, Schema, Json[]]> {
  const values = fc.array(fc.oneof({ weight: 6, arbitrary: likelyValue(writer) }, json), {
    minLength: 10,
    maxLength: 10,
  });
  return values.map((chosen) => [writer, reader, chosen]);
}

const textOf = (of: Schema) => ({ type: 'JSON' as const, text: JSON.stringify(of), imports: [] });

describe('schemas of others', () => {
  /** Changes that a newer version of a schema has: another schema in the place of a part, or rules left out or put in. */
  const pair = fc.oneof(
    fc.tuple(schema, schema),
    fc
      .tuple(schema, schema, fc.array(fc.nat(20), { minLength: 1, maxLength: 3 }), fc.boolean())
      .map(([of, other, steps, newer]): [Schema, Schema] =>
        newer ? [of, changed(of, other, steps)] : [changed(of, other, steps), of],
      ),
  );

  function changed(of: Schema, other: Schema, steps: readonly number[]): Schema {
    if (typeof of === 'boolean' || steps.length === 0) return other;
    const words = Object.keys(of) as (keyof Rules)[];
    const word = words[steps[0]! % words.length]!;
    const rest = steps.slice(1);
    const part = of[word];
    if (word === 'properties') {
      const named = part as Readonly<Record<string, Schema>>;
      const name = NAMES[steps[0]! % NAMES.length]!;
      if (named[name] === undefined || rest.length > 0) {
        return { ...of, properties: { ...named, [name]: changed(named[name] ?? true, other, rest) } };
      }
      const { [name]: _, ...left } = named;
      return { ...of, properties: left, required: of.required?.filter((n) => n !== name) ?? [] };
    }
    if (word === 'anyOf') return { anyOf: [...(part as readonly Schema[]), other] };
    if (word === 'items' || word === 'additionalProperties' || word === 'not') {
      return { ...of, [word]: changed(part as Schema, other, rest) };
    }
    if (word === 'type') return { anyOf: [of, other] };
    if (typeof part === 'number' && rest.length > 0)
      return { ...of, [word]: word === 'multipleOf' ? part * 2 : part + 1 };
    if (word === 'enum') return { enum: [...(part as readonly Json[]), 'abc'] };
    const { [word]: _, ...left } = of;
    return left;
  }

  it('take what was written with one they are compatible with', () => {
    let compatible = 0;
    fc.assert(
      fc.property(pair.chain(withValues), ([writer, reader, values]) => {
        if (jsonSrFormat.incompatibilities(textOf(reader), textOf(writer)).length > 0) return;
        compatible++;
        for (const value of values) {
          if (isValid(writer, value)) expect(isValid(reader, value), JSON.stringify(value)).toBe(true);
        }
      }),
      { numRuns: RUNS * 2 },
    );
    expect(compatible).toBeGreaterThan(RUNS / 10);
  });

  it('are the same in another spelling', () => {
    fc.assert(
      fc.property(schema, (of) => {
        const canonical = jsonSrFormat.canonical(textOf(of));
        expect(jsonSrFormat.canonical({ type: 'JSON', text: canonical, imports: [] })).toBe(canonical);
        const spaced = writeJson(parseJsonLossless(JSON.stringify(of)), 2);
        expect(jsonSrFormat.canonical({ type: 'JSON', text: spaced, imports: [] })).toBe(canonical);
        expect(jsonSrFormat.incompatibilities(textOf(of), { type: 'JSON', text: canonical, imports: [] })).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });
});
