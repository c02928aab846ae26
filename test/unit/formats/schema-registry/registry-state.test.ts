import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRegistryChange, type RegistryChange } from '../../../../src/formats/schema-registry/registry-change.js';
import { RegistryRefusal } from '../../../../src/formats/schema-registry/registry-refusal.js';
import { RegistryState } from '../../../../src/formats/schema-registry/registry-state.js';
import { memoryRegistry } from '../../../support/schema-registry.js';

const register = (subject: string, version: number, id: number, key = `key ${id}`): RegistryChange => ({
  kind: 'register',
  subject,
  version,
  id,
  type: 'AVRO',
  text: key,
  references: [],
  key,
});

function stateAfter(changes: readonly RegistryChange[]): RegistryState {
  const state = new RegistryState();
  for (const change of changes) state.apply(change);
  return state;
}

/** All that can be asked. */
function contentOf(state: RegistryState): unknown {
  const subjects = [...state.subjects()].sort();
  const schemas = [...state.schemas()].sort((a, b) => a.id - b.id);
  return {
    idMax: state.idMax,
    level: state.ownLevel(null),
    mode: state.ownMode(null),
    subjects: subjects.map((subject) => [
      subject,
      state.versionsOf(subject).map((entry) => [entry, [...state.importersOf(subject, entry.version)].sort()]),
    ]),
    settings: SUBJECTS.map((subject) => [state.ownLevel(subject), state.ownMode(subject)]),
    schemas: schemas.map((schema) => [schema, state.idOf(schema.key), state.usesOf(schema.id)]),
  };
}

const SUBJECTS = ['a', 'b', 'c'];
const TEXTS = ['x', 'y?', 'x y?', 'x y z'];

describe('RegistryState', () => {
  it('counts a schema once, and forgets it with its last version', () => {
    const state = stateAfter([register('a', 1, 1), register('b', 1, 1), register('a', 2, 2)]);
    expect(state.usesOf(1).map(({ subject }) => subject)).toEqual(['a', 'b']);
    state.apply({ kind: 'delete-version', subject: 'a', version: 1, permanent: false });
    state.apply({ kind: 'delete-version', subject: 'a', version: 1, permanent: true });
    expect(state.schema(1)).not.toBeNull();
    state.apply({ kind: 'delete-subject', subject: 'b', permanent: false });
    expect(state.schema(1)).not.toBeNull();
    expect(state.usesOf(1)).toEqual([{ subject: 'b', version: 1, id: 1, deleted: true }]);
    state.apply({ kind: 'delete-subject', subject: 'b', permanent: true });
    expect(state.schema(1)).toBeNull();
    expect(state.idOf('key 1')).toBeNull();
    expect([...state.subjects()]).toEqual(['a']);
    expect(state.idMax).toBe(2);
  });

  it('drops what was set for a subject with the last of its versions', () => {
    const state = stateAfter([
      register('a', 1, 1),
      { kind: 'set-compatibility', subject: 'a', level: 'NONE' },
      { kind: 'set-compatibility', subject: null, level: 'FULL' },
      { kind: 'set-mode', subject: 'a', mode: 'READONLY' },
    ]);
    expect([state.level('a'), state.level('b'), state.mode('a'), state.mode('b')]).toEqual([
      'NONE',
      'FULL',
      'READONLY',
      'READWRITE',
    ]);
    state.apply({ kind: 'delete-version', subject: 'a', version: 1, permanent: false });
    expect([state.level('a'), state.mode('a')]).toEqual(['FULL', 'READWRITE']);
  });

  it('lets READONLY_OVERRIDE win over what subjects say', () => {
    const state = stateAfter([{ kind: 'set-mode', subject: 'a', mode: 'IMPORT' }]);
    expect(state.mode('a')).toBe('IMPORT');
    state.apply({ kind: 'set-mode', subject: null, mode: 'READONLY_OVERRIDE' });
    expect(state.mode('a')).toBe('READONLY_OVERRIDE');
    state.apply({ kind: 'set-mode', subject: null, mode: null });
    expect(state.mode('a')).toBe('IMPORT');
  });

  it('keeps what it has where a change does not fit', () => {
    const changes = [register('a', 1, 1), register('a', 2, 2)];
    const state = stateAfter([
      ...changes,
      register('a', 1, 3),
      register('b', 1, 2, 'another key'),
      { kind: 'delete-version', subject: 'a', version: 1, permanent: true },
      { kind: 'delete-subject', subject: 'a', permanent: true },
      { kind: 'delete-version', subject: 'nobody', version: 1, permanent: false },
    ]);
    expect(contentOf(state)).toEqual(contentOf(stateAfter(changes)));
  });

  it('is what its log says, whatever was done', async () => {
    const subject = fc.constantFrom(...SUBJECTS);
    const permanent = fc.boolean();
    const reference = fc.record({ name: fc.constant('i'), subject, version: fc.integer({ min: 1, max: 3 }) });
    const step = fc.oneof(
      fc.record({
        do: fc.constant('register' as const),
        subject,
        text: fc.constantFrom(...TEXTS),
        references: fc.array(reference, { maxLength: 1 }),
      }),
      fc.record({
        do: fc.constant('delete-version' as const),
        subject,
        version: fc.integer({ min: 1, max: 4 }),
        permanent,
      }),
      fc.record({ do: fc.constant('delete-subject' as const), subject, permanent }),
      fc.record({
        do: fc.constant('level' as const),
        subject,
        level: fc.constantFrom('NONE' as const, 'FULL' as const, null),
      }),
      fc.record({ do: fc.constant('mode' as const), subject, mode: fc.constantFrom('READONLY' as const, null) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { registry, state, log } = memoryRegistry();
        for (const one of steps) {
          const before = contentOf(state);
          const logged = log.length;
          try {
            if (one.do === 'register') {
              const { text, references } = one;
              await registry.registerVersion(one.subject, { type: 'AVRO', text, references, id: null, version: null });
            } else if (one.do === 'delete-version') {
              await registry.deleteVersion(one.subject, one.version, one.permanent);
            } else if (one.do === 'delete-subject') await registry.deleteVersions(one.subject, one.permanent);
            else if (one.do === 'level') await registry.setCompatibility(one.subject, one.level);
            else await registry.setMode(one.subject, one.mode, false);
          } catch (error) {
            expect(error).toBeInstanceOf(RegistryRefusal);
            expect(contentOf(state)).toEqual(before);
          }
          if (log.length > logged) expect(contentOf(state)).not.toEqual(before);
          // Everything that is there can be read, imports too.
          for (const { id } of state.schemas()) expect(await registry.byId(id)).not.toBeNull();
        }
        expect(log.every(isRegistryChange)).toBe(true);
        expect(contentOf(stateAfter(log))).toEqual(contentOf(state));
      }),
      { numRuns: 300 },
    );
  });
});

describe('isRegistryChange', () => {
  it.each([
    null,
    5,
    {},
    { kind: 'rename', subject: 'a' },
    { ...register('a', 1, 1), version: 0 },
    { ...register('a', 1, 1), id: 1.5 },
    { ...register('a', 1, 1), type: 'XML' },
    { ...register('a', 1, 1), references: [{ name: 'x' }] },
    { kind: 'delete-subject', subject: null, permanent: true },
    { kind: 'set-mode', subject: null, mode: 'SLEEP' },
    { kind: 'set-compatibility', subject: 'a' },
  ])('refuses %j', (value) => {
    expect(isRegistryChange(value)).toBe(false);
  });
});
