import { beforeEach, describe, expect, it } from 'vitest';
import type { EmbeddedRegistry } from '../../../../src/formats/schema-registry/embedded-registry.js';
import type { SchemaReference } from '../../../../src/formats/schema-registry/registry-change.js';
import type { RegisterRequest } from '../../../../src/formats/schema-registry/registry-operations.js';
import type { SchemaRequest } from '../../../../src/formats/schema-registry/registry-schemas.js';
import { memoryRegistry, type RegistryUnderTest, WORDS_FORMATS } from '../../../support/schema-registry.js';

let test: RegistryUnderTest;
let registry: EmbeddedRegistry;

beforeEach(() => {
  test = memoryRegistry();
  registry = test.registry;
});

const schema = (text: string, references: readonly SchemaReference[] = []): SchemaRequest => ({
  type: 'AVRO',
  text,
  references,
});

const registerAs = (subject: string, text: string, more: Partial<RegisterRequest> = {}) =>
  registry.registerVersion(subject, { ...schema(text), id: null, version: null, ...more });

const reference = (name: string, subject: string, version: number): SchemaReference => ({ name, subject, version });

/** The refusal of something that must be refused. */
const refusal = async (work: () => unknown): Promise<string> => {
  try {
    await work();
  } catch (error) {
    const { errorCode, message } = error as { errorCode: number; message: string };
    return `${errorCode} ${message}`;
  }
  throw new Error('nothing was refused');
};

describe('registering', () => {
  it('gives one id to schemas that mean the same, in every subject', async () => {
    expect(await registerAs('a', 'x y?')).toMatchObject({ id: 1, version: 1 });
    expect(await registerAs('a', ' y?  x')).toMatchObject({ id: 1, version: 1 });
    expect(await registerAs('b', 'y? x')).toMatchObject({ id: 1, version: 1 });
    expect(await registerAs('b', 'x')).toMatchObject({ id: 2, version: 2 });
    expect(test.log).toHaveLength(3);
  });

  it('gives other ids to the same text of another type or with other imports', async () => {
    await registerAs('i', 'x');
    await registerAs('i', 'x y?');
    expect(await registerAs('a', 'x', { type: 'JSON' })).toMatchObject({ id: 3 });
    expect(await registerAs('b', 'x @i', { references: [reference('i', 'i', 1)] })).toMatchObject({ id: 4 });
    expect(await registerAs('b', 'x @i', { references: [reference('i', 'i', 2)] })).toMatchObject({
      id: 5,
      version: 2,
    });
  });

  it('keeps the text as it was sent, unless it is to be normalized', async () => {
    await registerAs('a', 'x  y?');
    await registerAs('b', 'z  w', { normalize: true });
    expect(registry.schema(1).text).toBe('x  y?');
    expect(registry.schema(2).text).toBe('w z');
  });

  it('counts versions on after deleted ones, and from 1 again when nothing is left', async () => {
    await registerAs('a', 'x');
    await registry.deleteVersions('a', false);
    expect(await registerAs('a', 'x')).toMatchObject({ id: 1, version: 2 });
    await registry.deleteVersions('a', false);
    await registry.deleteVersions('a', true);
    expect(await registerAs('a', 'x')).toMatchObject({ id: 2, version: 1 });
  });

  it('refuses what is no schema', async () => {
    expect(await refusal(() => registerAs('a', 'x !'))).toBe(
      '42201 Invalid schema of type AVRO, details: this is no word',
    );
    expect(await refusal(() => registerAs('a', ' '))).toBe('42201 Empty schema');
    expect(await refusal(() => registerAs('a', 'x '.repeat(500_000)))).toBe('42209 Schema is larger than 900000 bytes');
    expect(test.log).toEqual([]);
  });

  it('refuses subjects that are none', async () => {
    expect(await refusal(() => registerAs('  ', 'x'))).toBe("42208 The specified subject '  ' is not a valid subject.");
    for (const subject of ['', '__GLOBAL', '__EMPTY', 'a\nb', 'a'.repeat(1_001)]) {
      expect(await refusal(() => registerAs(subject, 'x'))).toContain('42208 ');
    }
    expect(await registerAs('t/a b%2F.ü-value', 'x')).toMatchObject({ id: 1 });
  });

  it('recognises a text whose key was made by other rules', async () => {
    await registerAs('a', 'y x');
    const other = memoryRegistry({
      ...WORDS_FORMATS,
      AVRO: { ...WORDS_FORMATS.AVRO, canonical: ({ text }) => `new ${text}` },
    });
    for (const change of test.log) other.state.apply(change);
    const request: RegisterRequest = { ...schema('y x'), id: null, version: null };
    expect(await other.registry.registerVersion('a', request)).toMatchObject({ id: 1, version: 1 });
  });
});

describe('compatibility', () => {
  const check =
    (level: Parameters<EmbeddedRegistry['setCompatibility']>[1], texts: readonly string[], next: string) =>
    async () => {
      await registry.setCompatibility('a', 'NONE');
      for (const text of texts) await registerAs('a', text);
      await registry.setCompatibility('a', level);
      const reasons = registry.reasonsAgainst('a', schema(next));
      const registered = await registerAs('a', next).then(
        () => true,
        (error: Error) => {
          expect(error.message).toBe(
            `Schema being registered is incompatible with an earlier schema for subject "a", details: [${reasons.join(', ')}]`,
          );
          return false;
        },
      );
      expect(registered).toBe(reasons.length === 0);
      return reasons;
    };

  // A field that a reader needs makes it unable to read what was written without it.
  it.each([
    ['NONE', ['x'], 'y', []],
    ['BACKWARD', ['x'], 'x y', ['field y is missing', '{oldSchemaVersion: 1}', "{compatibility: 'BACKWARD'}"]],
    ['BACKWARD', ['x y'], 'x', []],
    ['BACKWARD', ['x', 'x y'], 'y', []],
    [
      'BACKWARD_TRANSITIVE',
      ['x', 'x y'],
      'y',
      ['field y is missing', '{oldSchemaVersion: 1}', "{compatibility: 'BACKWARD_TRANSITIVE'}"],
    ],
    ['FORWARD', ['x y'], 'x', ['field y is missing', '{oldSchemaVersion: 1}', "{compatibility: 'FORWARD'}"]],
    ['FORWARD', ['x'], 'x y', []],
    ['FORWARD', ['x y', 'x'], 'x z', []],
    [
      'FORWARD_TRANSITIVE',
      ['x y', 'x'],
      'x z',
      ['field y is missing', '{oldSchemaVersion: 1}', "{compatibility: 'FORWARD_TRANSITIVE'}"],
    ],
    ['FULL', ['x'], 'x y?', []],
    [
      'FULL',
      ['x'],
      'y',
      ['field y is missing', 'field x is missing', '{oldSchemaVersion: 1}', "{compatibility: 'FULL'}"],
    ],
    ['FULL', ['x y', 'x'], 'x z?', []],
    [
      'FULL_TRANSITIVE',
      ['x y', 'x'],
      'x z?',
      ['field y is missing', '{oldSchemaVersion: 1}', "{compatibility: 'FULL_TRANSITIVE'}"],
    ],
  ] as const)('%s after %j lets %j pass or not', async (level, texts, next, reasons) => {
    expect(await check(level, texts, next)()).toEqual(reasons);
  });

  it('is BACKWARD unless something else was set', async () => {
    await registerAs('a', 'x');
    expect(await refusal(() => registerAs('a', 'x y'))).toContain('409 ');
    await registry.setCompatibility(null, 'FORWARD');
    expect(await registerAs('a', 'x y')).toMatchObject({ version: 2 });
    await registry.setCompatibility('a', 'BACKWARD');
    expect(await refusal(() => registerAs('a', 'x y z'))).toContain('409 ');
  });

  it('does not matter to deleted versions', async () => {
    await registerAs('a', 'x');
    await registerAs('a', 'x?');
    await registry.deleteVersion('a', 2, false);
    await registry.setCompatibility('a', 'FORWARD');
    expect(await refusal(() => registerAs('a', 'y'))).toContain('{oldSchemaVersion: 1}');
  });

  it('cannot hold between types', async () => {
    await registerAs('a', 'x');
    expect(await refusal(() => registerAs('a', 'x', { type: 'JSON' }))).toContain(
      'details: [Incompatible because of different schema type, {oldSchemaVersion: 1}',
    );
  });

  it('lists so many reasons and no more', async () => {
    await registerAs('a', 'x');
    const wide = Array.from({ length: 70 }, (_, i) => `f${i}`).join(' ');
    const reasons = registry.reasonsAgainst('a', schema(wide));
    expect(reasons.length).toBe(53);
    expect(reasons[50]).toBe('and 20 more');
  });

  it('is asked of one version', async () => {
    await registry.setCompatibility('a', 'NONE');
    await registerAs('a', 'x');
    await registerAs('a', 'x y');
    await registry.setCompatibility('a', 'BACKWARD');
    expect(registry.reasonsAgainstVersion('a', 2, schema('y'))).toEqual([]);
    expect(registry.reasonsAgainstVersion('a', 'latest', schema('y'))).toEqual([]);
    expect(registry.reasonsAgainstVersion('a', 1, schema('y'))).not.toEqual([]);
    expect(registry.reasonsAgainstVersion('nobody', 'latest', schema('y'))).toEqual([]);
    expect(await refusal(() => registry.reasonsAgainstVersion('a', 3, schema('y')))).toBe('40402 Version 3 not found.');
  });

  it('is set, told and taken back', async () => {
    expect(registry.compatibility(null, false)).toBe('BACKWARD');
    expect(await refusal(() => registry.compatibility('a', false))).toBe(
      "40408 Subject 'a' does not have subject-level compatibility configured",
    );
    expect(registry.compatibility('a', true)).toBe('BACKWARD');
    expect(await registry.setCompatibility('a', 'FULL')).toBe('BACKWARD');
    expect(registry.compatibility('a', false)).toBe('FULL');
    expect(await registry.setCompatibility('a', null)).toBe('FULL');
    expect(await refusal(() => registry.setCompatibility('a', null))).toBe("40401 Subject 'a' not found.");
    expect(await registry.setCompatibility(null, null)).toBe('BACKWARD');
  });
});

describe('deleting', () => {
  beforeEach(async () => {
    await registerAs('a', 'x');
    await registerAs('a', 'x y?');
  });

  it('hides a version first, and removes it when it is deleted again', async () => {
    expect(await registry.deleteVersion('a', 1, false)).toBe(1);
    expect(registry.versions('a', 'without')).toEqual([2]);
    expect(registry.versions('a', 'with')).toEqual([1, 2]);
    expect(registry.versions('a', 'only')).toEqual([1]);
    expect(registry.version('a', 1, true)).toMatchObject({ text: 'x' });
    expect(registry.schema(1).text).toBe('x');
    expect(registry.usesOf(1, false)).toEqual([]);
    expect(registry.usesOf(1, true)).toMatchObject([{ subject: 'a', version: 1 }]);
    expect(await refusal(() => registry.version('a', 1, false))).toBe('40402 Version 1 not found.');
    expect(await refusal(() => registry.deleteVersion('a', 1, false))).toBe(
      "40406 Subject 'a' Version 1 was soft deleted. Set permanent=true to delete permanently",
    );
    expect(await registry.deleteVersion('a', 1, true)).toBe(1);
    expect(registry.versions('a', 'with')).toEqual([2]);
    expect(await refusal(() => registry.schema(1))).toBe('40403 Schema 1 not found');
    expect(await refusal(() => registry.deleteVersion('a', 1, true))).toBe('40402 Version 1 not found.');
  });

  it('takes nothing away that was not hidden before', async () => {
    expect(await refusal(() => registry.deleteVersion('a', 'latest', true))).toBe(
      "40407 Subject 'a' Version 2 was not deleted first before being permanently deleted",
    );
    expect(await refusal(() => registry.deleteVersions('a', true))).toBe(
      "40405 Subject 'a' was not deleted first before being permanently deleted",
    );
  });

  it('does the same with subjects', async () => {
    await registry.deleteVersion('a', 1, false);
    expect(await registry.deleteVersions('a', false)).toEqual([2]);
    expect(registry.subjects('', 'without')).toEqual([]);
    expect(registry.subjects('', 'with')).toEqual(['a']);
    expect(registry.subjects('', 'only')).toEqual(['a']);
    expect(await refusal(() => registry.versions('a', 'without'))).toBe("40401 Subject 'a' not found.");
    expect(await refusal(() => registry.deleteVersions('a', false))).toBe(
      "40404 Subject 'a' was soft deleted. Set permanent=true to delete permanently",
    );
    expect(await registry.deleteVersions('a', true)).toEqual([1, 2]);
    expect(registry.subjects('', 'with')).toEqual([]);
    expect(await refusal(() => registry.deleteVersions('a', true))).toBe("40401 Subject 'a' not found.");
  });

  it('leaves alone what others import', async () => {
    await registerAs('user', '@i z', { references: [reference('i', 'a', 2)] });
    const refused = '42206 One or more references exist to the schema {magic=1,keytype=SCHEMA,subject=a,version=2}.';
    expect(registry.importersOf('a', 2)).toEqual([3]);
    expect(registry.importersOf('a', 1)).toEqual([]);
    expect(await refusal(() => registry.deleteVersion('a', 2, false))).toBe(refused);
    expect(await refusal(() => registry.deleteVersions('a', false))).toBe(refused);
    await registry.deleteVersions('user', false);
    expect(registry.importersOf('a', 2)).toEqual([]);
    await registry.deleteVersions('a', false);
    // The deleted one can still be read, so what it imports has to stay.
    expect(await refusal(() => registry.deleteVersions('a', true))).toBe(refused);
    expect(await registry.byId(3)).toMatchObject({ imports: [{ name: 'i', text: 'x y?' }] });
    await registry.deleteVersions('user', true);
    expect(await registry.deleteVersions('a', true)).toEqual([1, 2]);
  });
});

describe('imports', () => {
  it('must be there, of the same type, and not deleted', async () => {
    await registerAs('i', 'x');
    const using = (version: number, type: 'AVRO' | 'JSON' = 'AVRO') =>
      registerAs('a', '@i', { type, references: [reference('i', 'i', version)] });
    expect(await refusal(() => using(2))).toBe(
      '42201 Invalid schema of type AVRO, details: No schema reference found for subject "i" and version 2',
    );
    expect(await refusal(() => using(1, 'JSON'))).toContain('the schema of reference "i" is of type AVRO');
    expect(await using(-1)).toMatchObject({ references: [reference('i', 'i', 1)] });
    await registry.deleteVersions('a', false);
    await registry.deleteVersions('i', false);
    expect(await refusal(() => using(1))).toContain('42201 ');
    expect(registry.lookUp('a', schema('@i', [reference('i', 'i', 1)]), true)).toMatchObject({ version: 1 });
  });

  it('come in the order in which they need each other, each once', async () => {
    await registerAs('base', 'x');
    await registerAs('left', '@base l', { references: [reference('base', 'base', 1)] });
    await registerAs('right', '@base r', { references: [reference('base', 'base', 1)] });
    const { id } = await registerAs('top', '@left @right t', {
      references: [reference('right', 'right', 1), reference('left', 'left', 1)],
    });
    expect((await registry.byId(id))?.imports.map(({ name }) => name)).toEqual(['base', 'right', 'left']);
  });

  it('are not followed without end', async () => {
    await registerAs('s0', 'x');
    for (let i = 1; i <= 100; i++) await registerAs(`s${i}`, `@s x`, { references: [reference('s', `s${i - 1}`, 1)] });
    expect(await refusal(() => registerAs('deeper', '@s x', { references: [reference('s', 's100', 1)] }))).toContain(
      'deeper than 100',
    );
  });
});

describe('modes', () => {
  it('READONLY refuses changes, but not what is there already', async () => {
    await registerAs('a', 'x');
    await registry.setMode('a', 'READONLY', false);
    const refused = '42205 Subject a is in read-only mode';
    expect(await registerAs('a', 'x')).toMatchObject({ version: 1 });
    expect(await refusal(() => registerAs('a', 'x y?'))).toBe(refused);
    expect(await refusal(() => registry.deleteVersions('a', false))).toBe(refused);
    expect(await refusal(() => registry.setCompatibility('a', 'NONE'))).toBe(refused);
    await registerAs('b', 'x');
    await registry.setMode(null, 'READONLY_OVERRIDE', false);
    expect(await refusal(() => registerAs('b', 'x y?'))).toBe('42205 Subject b is in read-only mode');
    expect(await refusal(() => registry.setCompatibility(null, 'NONE'))).toBe(
      '42205 The registry is in read-only mode',
    );
    await registry.setMode(null, 'READWRITE', false);
    expect(await registerAs('b', 'x y?')).toMatchObject({ version: 2 });
  });

  it('IMPORT takes ids and versions of another registry, and does not compare', async () => {
    expect(await refusal(() => registerAs('a', 'x', { id: 7 }))).toBe('42205 Subject a is not in import mode');
    expect(await registry.setMode('a', 'IMPORT', false)).toBe('READWRITE');
    expect(await refusal(() => registerAs('a', 'x'))).toBe('42205 Subject a is not in read-write mode');
    expect(await registerAs('a', 'x', { id: 7, version: 3 })).toMatchObject({ id: 7, version: 3 });
    expect(await registerAs('a', 'x', { id: 7, version: 3 })).toMatchObject({ id: 7, version: 3 });
    expect(await registerAs('a', 'y', { id: 5, version: 1 })).toMatchObject({ id: 5, version: 1 });
    expect(registry.versions('a', 'without')).toEqual([1, 3]);
    expect(await refusal(() => registerAs('a', 'z', { id: 7, version: 4 }))).toBe(
      '42205 Overwrite new schema with id 7 is not permitted.',
    );
    expect(await refusal(() => registerAs('a', 'z', { id: 9, version: 3 }))).toBe(
      '42205 Overwrite of version 3 of subject a is not permitted.',
    );
    await registry.setMode('a', null, false);
    expect(await registerAs('a', 'x w?')).toMatchObject({ id: 8, version: 4 });
  });

  it('IMPORT may use up all ids and versions', async () => {
    await registry.setMode('a', 'IMPORT', false);
    await registerAs('a', 'x', { id: 2_147_483_647, version: 2_147_483_647 });
    await registry.setMode('a', null, false);
    const refused = '42205 There are no ids or versions left';
    expect(await refusal(() => registerAs('b', 'y'))).toBe(refused);
    expect(await refusal(() => registerAs('a', 'x y?'))).toBe(refused);
    expect(await registerAs('b', 'x')).toMatchObject({ id: 2_147_483_647, version: 1 });
  });

  it('IMPORT is for what is empty, unless it is forced', async () => {
    await registerAs('a', 'x');
    const refused = '42205 Cannot import since found existing subjects';
    expect(await refusal(() => registry.setMode('a', 'IMPORT', false))).toBe(refused);
    expect(await refusal(() => registry.setMode(null, 'IMPORT', false))).toBe(refused);
    await registry.setMode('a', 'IMPORT', true);
    expect(registry.mode('a', false)).toBe('IMPORT');
  });

  it('are told and taken back', async () => {
    expect(registry.mode(null, false)).toBe('READWRITE');
    expect(await refusal(() => registry.mode('a', false))).toBe(
      "40409 Subject 'a' does not have subject-level mode configured",
    );
    expect(registry.mode('a', true)).toBe('READWRITE');
    await registry.setMode('a', 'READONLY', false);
    expect(await registry.setMode('a', null, false)).toBe('READONLY');
    expect(await refusal(() => registry.setMode('a', null, false))).toBe("40401 Subject 'a' not found.");
  });

  it('allow no gap in versions outside of IMPORT', async () => {
    expect(await refusal(() => registerAs('a', 'x', { version: 2 }))).toContain(
      'Version is not one more than previous',
    );
    expect(await registerAs('a', 'x', { version: 1 })).toMatchObject({ version: 1 });
  });
});

describe('looking up', () => {
  it('finds a version by what its schema means', async () => {
    await registerAs('a', 'x y?');
    await registerAs('a', 'x');
    expect(registry.lookUp('a', schema('y? x'), false)).toMatchObject({ version: 1, id: 1, text: 'x y?' });
    expect(await refusal(() => registry.lookUp('a', schema('z'), false))).toBe('40403 Schema not found');
    expect(await refusal(() => registry.lookUp('b', schema('x'), false))).toBe("40401 Subject 'b' not found.");
    await registry.deleteVersion('a', 1, false);
    expect(await refusal(() => registry.lookUp('a', schema('x y?'), false))).toBe('40403 Schema not found');
    expect(registry.lookUp('a', schema('x y?'), true)).toMatchObject({ version: 1 });
  });

  it('lists subjects by their prefix, in order, and all versions or the latest', async () => {
    for (const subject of ['t2', 't1', 's']) await registerAs(subject, 'x');
    await registerAs('t2', 'x y?');
    await registry.deleteVersions('t1', false);
    expect(registry.subjects('t', 'without')).toEqual(['t2']);
    expect(registry.subjects('t', 'with')).toEqual(['t1', 't2']);
    const names = (latest: boolean) => registry.allVersions('', false, latest).map((v) => `${v.subject} ${v.version}`);
    expect(names(false)).toEqual(['s 1', 't2 1', 't2 2']);
    expect(names(true)).toEqual(['s 1', 't2 2']);
  });
});

describe('other spellings', () => {
  it('are turned into text when they come in, and written when they are asked for', async () => {
    const spelled = memoryRegistry(WORDS_FORMATS, {
      PROTOBUF: {
        textOf: ({ text }) => text.replaceAll('~', ' '),
        formatted: ({ text }, format) => (format === 'tilde' ? text.replaceAll(' ', '~') : null),
      },
    }).registry;
    const sent = { ...schema('x~y'), type: 'PROTOBUF' as const, id: null, version: null };
    await spelled.registerVersion('a', sent);
    expect(spelled.lookUp('a', sent, false).text).toBe('x y');
    expect(spelled.formatted(spelled.schema(1), 'tilde')).toBe('x~y');
    expect(spelled.formatted(spelled.schema(1), 'other')).toBe('x y');
    expect(spelled.formatted(spelled.schema(1), '')).toBe('x y');
  });
});
