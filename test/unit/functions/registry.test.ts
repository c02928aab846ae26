import { describe, expect, it } from 'vitest';
import { defineScalar } from '../../../src/functions/define.js';
import { createFunctionRegistry } from '../../../src/functions/registry.js';
import { formatType, INTEGER, STRING } from '../../../src/model/sql-type.js';
import { registry, resolve, type } from './call.js';

const returns = (name: string, types: string): string => formatType(resolve(name, types).returnType);
const signatureOf = (name: string, types: string): string => resolve(name, types).signature;

describe('choosing an overload', () => {
  it('prefers an exact match', () => {
    expect(signatureOf('ABS', 'INT')).toBe('ABS(INTEGER)');
    expect(signatureOf('abs', 'BIGINT')).toBe('ABS(BIGINT)');
  });

  it('converts implicitly when nothing matches exactly', () => {
    const resolved = resolve('SQRT', 'DECIMAL(4,2)');
    expect(resolved.signature).toBe('SQRT(DOUBLE)');
    expect(resolved.parameterTypes.map((t) => formatType(t!))).toEqual(['DOUBLE']);
  });

  it('converts INT and BIGINT to the decimal that holds them', () => {
    const only = defineScalar({
      name: 'D',
      category: 'OTHER',
      description: '',
      examples: [],
      variants: [{ signature: '(a DECIMAL) -> INT', nulls: 'pass', evaluate: () => 1 }],
    });
    const [parameter] = createFunctionRegistry([only]).resolve('D', [{ kind: 'value', type: INTEGER }]).parameterTypes;
    expect(formatType(parameter!)).toBe('DECIMAL(10, 0)');
  });

  it('finds a call ambiguous when several wider overloads fit', () => {
    for (const name of ['ATAN2', 'LOG', 'POWER']) {
      expect(() => resolve(name, 'INT, BIGINT')).toThrow(
        `Function '${name.toLowerCase()}' cannot be resolved due to ambiguous method parameters (INTEGER, BIGINT).\nUse CAST() to explicitly cast your parameters to one of the supported function calls.\nValid function calls are:\n`,
      );
    }
    expect(signatureOf('POWER', 'INT, DOUBLE')).toBe('POWER(DOUBLE, DOUBLE)');
    expect(() => resolve('ABS', 'NULL')).toThrow('ambiguous method parameters (null).');
  });

  it('never narrows', () => {
    expect(() => resolve('SUBSTRING', 'STRING, BIGINT')).toThrow(
      [
        "Function 'substring' does not accept parameters (STRING, BIGINT).",
        'Valid alternatives are:',
        'substring(VARCHAR str, INT pos)',
        'substring(VARCHAR str, INT pos, INT len)',
        'substring(BYTES bytes, INT pos)',
        'substring(BYTES bytes, INT pos, INT len)',
        'For detailed information on a function run: DESCRIBE FUNCTION <Function-Name>;',
      ].join('\n'),
    );
  });

  it('never converts to a generic parameter', () => {
    expect(() => resolve('COALESCE', 'BIGINT, INT')).toThrow('does not accept parameters (BIGINT, INTEGER)');
    expect(() => resolve('IFNULL', 'BIGINT, INT')).toThrow('does not accept');
    expect(() => resolve('NULLIF', 'BIGINT, INT')).toThrow('does not accept');
    expect(() => resolve('ARRAY_CONTAINS', 'ARRAY<BIGINT>, INT')).toThrow('(ARRAY<BIGINT>, INTEGER)');
    expect(() => resolve('COALESCE', 'DECIMAL(4,2), DECIMAL(5,2)')).toThrow('does not accept');
  });

  it('binds generics to the first full type and fills in untyped nulls', () => {
    expect(returns('COALESCE', 'DECIMAL(4,2), DECIMAL(4,2)')).toBe('DECIMAL(4, 2)');
    const resolved = resolve('IFNULL', 'NULL, STRING');
    expect(resolved.parameterTypes).toEqual([STRING, STRING]);
    expect(returns('ARRAY_DISTINCT', 'ARRAY<ARRAY<INT>>')).toBe('ARRAY<ARRAY<INTEGER>>');
  });

  it('says when only untyped nulls are there', () => {
    expect(() => resolve('COALESCE', 'NULL, NULL')).toThrow('Could not infer the result type');
  });

  it('requires the mandatory part of variadic signatures only', () => {
    expect(() => resolve('COALESCE', '')).toThrow("Function 'COALESCE' does not accept parameters ().");
    expect(signatureOf('ELT', 'INT')).toBe('ELT(INTEGER, STRING...)');
  });

  it('converts texts to bytes and inside arrays', () => {
    const rule = defineScalar({
      name: 'F',
      category: 'OTHER',
      description: '',
      examples: [],
      variants: [{ signature: '(a ARRAY<BIGINT>, b MAP<STRING, DOUBLE>) -> INT', nulls: 'pass', evaluate: () => 1 }],
    });
    const resolved = createFunctionRegistry([rule]).resolve('F', [
      { kind: 'value', type: type('ARRAY<INT>') },
      { kind: 'value', type: type('MAP<STRING,INT>') },
    ]);
    expect(resolved.parameterTypes.map((t) => formatType(t!))).toEqual(['ARRAY<BIGINT>', 'MAP<STRING, DOUBLE>']);
  });

  it('ranks: without variadic, more parameters, fewer generics', () => {
    const f = defineScalar({
      name: 'F',
      displayName: 'f',
      category: 'OTHER',
      description: '',
      examples: [],
      variants: [
        { signature: '(a INT...) -> INT', nulls: 'pass', evaluate: () => 1 },
        { signature: '(a T) -> INT', nulls: 'pass', evaluate: () => 2 },
        { signature: '(a INT, b INT...) -> INT', nulls: 'pass', evaluate: () => 3 },
        { signature: '(a INT, b T) -> INT', nulls: 'pass', evaluate: () => 4 },
        { signature: '(a INT, b INT) -> INT', nulls: 'pass', evaluate: () => 5 },
      ],
    });
    const own = createFunctionRegistry([f]);
    const choose = (count: number) =>
      own.resolve(
        'F',
        Array.from({ length: count }, () => ({ kind: 'value' as const, type: INTEGER })),
      ).signature;
    expect(choose(1)).toBe('F(T)');
    expect(choose(2)).toBe('F(INTEGER, INTEGER)');
    expect(choose(3)).toBe('F(INTEGER, INTEGER...)');
  });

  it('matches a variadic parameter in the middle from both ends', () => {
    const f = defineScalar({
      name: 'F',
      category: 'OTHER',
      description: '',
      examples: [],
      variants: [{ signature: '(a STRING, b ANY..., c INT) -> INT', nulls: 'pass', evaluate: () => 1 }],
    });
    const own = createFunctionRegistry([f]);
    const value = (t: string) => ({ kind: 'value' as const, type: type(t) });
    expect(own.resolve('F', [value('STRING'), value('DATE'), value('STRING'), value('INT')]).signature).toBe(
      'F(STRING, ANY..., INTEGER)',
    );
    expect(() => own.resolve('F', [value('STRING')])).toThrow('does not accept');
    expect(() => own.resolve('F', [value('STRING'), value('INT'), value('STRING')])).toThrow('does not accept');
  });
});

describe('aggregates', () => {
  it('take no implicit conversions', () => {
    expect(() => resolve('AVG', 'DECIMAL(4,2)')).toThrow("Function 'avg' does not accept parameters (DECIMAL(4, 2)).");
  });

  it('need literals as configuration', () => {
    const value = { kind: 'value' as const, type: STRING };
    expect(() => registry.resolve('EARLIEST_BY_OFFSET', [value, { kind: 'value', type: INTEGER, text: 'F0' }])).toThrow(
      "Parameter 2 passed to function EARLIEST_BY_OFFSET must be a literal constant, but was expression: 'F0'",
    );
    expect(() => registry.resolve('LATEST_BY_OFFSET', [value, { kind: 'value', type: INTEGER, literal: 0 }])).toThrow(
      'latestN must be 1 or greater',
    );
    const resolved = registry.resolve('LATEST_BY_OFFSET', [value, { kind: 'value', type: INTEGER, literal: 2 }]);
    expect(resolved.aggregate).toMatchObject({ configuration: [2], tableCapable: false });
    expect(formatType(resolved.returnType)).toBe('ARRAY<STRING>');
    expect(formatType(resolved.aggregate!.stateType)).toBe('ARRAY<STRUCT<`SEQ` BIGINT, `VAL` STRING>>');
  });
});

describe('the registry', () => {
  it('finds by any case and names what was nearly meant', () => {
    expect(registry.find('SubString')?.name).toBe('SUBSTRING');
    expect(registry.find('nothing')).toBeNull();
    expect(() => resolve('nothing_like_it', 'INT')).toThrow("Can't find any functions with the name 'NOTHING_LIKE_IT'");
    expect(() => resolve('SUBSTRIN', 'STRING')).toThrow(expect.objectContaining({ hint: 'Did you mean SUBSTRING?' }));
  });

  it('tells the operator of a plan it cannot run', () => {
    expect(() => registry.scalar('ABS', 'ABS(TIME)', [], INTEGER, { now: () => 0, random: () => 0 })).toThrow(
      'the plan uses function ABS(TIME), which this version does not have',
    );
  });

  it('documents every function, and can read every signature', () => {
    for (const definition of registry.all()) {
      expect(definition.description.length, definition.name).toBeGreaterThan(10);
      expect(definition.examples.length, definition.name).toBeGreaterThan(0);
      expect(definition.name).toBe(definition.name.toUpperCase());
    }
  });
});
