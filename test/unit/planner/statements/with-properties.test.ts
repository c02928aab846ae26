import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Property } from '../../../../src/parser/ast.js';
import { PROPERTY_NAMES, WithProperties } from '../../../../src/planner/analysis/with-properties.js';
import { statementOf } from '../planning.js';

function properties(clause: string): readonly Property[] {
  return (statementOf(`CREATE STREAM S (A INT) WITH (${clause});`) as { readonly properties: readonly Property[] })
    .properties;
}

const read = (clause: string, site: 'create' | 'createAs' | 'insertInto' = 'create') =>
  WithProperties.read(properties(clause), site);

describe('a WITH clause', () => {
  it('takes names in any case, quoted or not', () => {
    const found = read(`kafka_topic='t', "Value_Format"='json', partitions=3, WRAP_SINGLE_VALUE=TRUE`);
    expect(found.text('KAFKA_TOPIC')).toBe('t');
    expect(found.text('VALUE_FORMAT')).toBe('json');
    expect(found.text('PARTITIONS')).toBe('3');
    expect(found.boolean('WRAP_SINGLE_VALUE')).toBe(true);
    expect(found.text('KEY_FORMAT')).toBeNull();
    expect(found.has('REPLICAS')).toBe(false);
  });

  it.each([
    ["COLOUR='red'", 'create', 'unknown-property'],
    ["QUERY_ID='x'", 'create', 'unknown-property'],
    ["KAFKA_TOPIC='x'", 'insertInto', 'unknown-property'],
    ["WINDOW_TYPE='SESSION'", 'createAs', 'unknown-property'],
    ["PARTITIONS='three'", 'create', 'invalid-property'],
    ['PARTITIONS=1.5', 'create', 'invalid-property'],
    ["WRAP_SINGLE_VALUE='perhaps'", 'create', 'invalid-property'],
    ["CLEANUP_POLICY='delete'", 'create', 'invalid-property'],
    ["FORMAT='JSON', VALUE_FORMAT='JSON'", 'create', 'conflicting-properties'],
    ["FORMAT='JSON', KEY_FORMAT='JSON'", 'createAs', 'conflicting-properties'],
  ] as const)('%s in %s is refused', (clause, site, code) => {
    expect(() => read(clause, site)).toThrow(expect.objectContaining({ code }));
  });

  it('knows each name at one place at least', () => {
    for (const name of PROPERTY_NAMES) {
      const accepted = (['create', 'createAs', 'insertInto'] as const).filter((site) => {
        try {
          read(`${name}='1'`, site);
          return true;
        } catch (error) {
          return (error as { code: string }).code !== 'unknown-property';
        }
      });
      expect(accepted, name).not.toEqual([]);
    }
  });

  it('refuses any name it does not know, and nothing else happens', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z_]{1,20}$/), (name) => {
        fc.pre(!PROPERTY_NAMES.includes(name.toUpperCase()) && name.toUpperCase() !== 'CLEANUP_POLICY');
        expect(() => read(`"${name}"='x'`)).toThrow(
          expect.objectContaining({ code: 'unknown-property', message: expect.stringContaining(name.toUpperCase()) }),
        );
      }),
    );
  });
});
