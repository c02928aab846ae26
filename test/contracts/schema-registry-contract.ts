import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EmbeddedRegistry } from '../../src/formats/schema-registry/embedded-registry.js';
import type { SchemaRegistry, SchemaText } from '../../src/formats/schema-registry/schema-registry.js';

export interface RegistryAdapter {
  readonly registry: SchemaRegistry;
  /** The registry itself, for what the port does not have. Its schemas are of the test's own format. */
  readonly behind: EmbeddedRegistry;
  close(): Promise<void>;
}

const schema = (text: string, imports: Readonly<Record<string, string>> = {}): SchemaText => ({
  type: 'PROTOBUF',
  text,
  imports: Object.entries(imports).map(([name, imported]) => ({ name, text: imported })),
});

/** What everybody may rely on who is given a registry, wherever it is. */
export function schemaRegistryContract(name: string, open: () => Promise<RegistryAdapter>): void {
  describe(`the schema registry, ${name}`, () => {
    let adapter: RegistryAdapter;
    let registry: SchemaRegistry;

    beforeEach(async () => {
      adapter = await open();
      registry = adapter.registry;
    });

    afterEach(() => adapter.close());

    it('registers a schema, and finds it again', async () => {
      const registered = await registry.register('orders-value', schema('id total?'));
      expect(registered).toEqual({ subject: 'orders-value', version: 1, schema: { ...schema('id total?'), id: 1 } });
      expect(await registry.latest('orders-value')).toEqual(registered);
      expect(await registry.byId(1)).toEqual(registered.schema);
      expect(await registry.subjectsOf(1)).toEqual(['orders-value']);
    });

    it('registers the same schema once', async () => {
      await registry.register('a', schema('x'));
      const results = await Promise.all([1, 2, 3].map(() => registry.register('a', schema(' x'))));
      expect(results.map(({ version, schema: { id } }) => [version, id])).toEqual([
        [1, 1],
        [1, 1],
        [1, 1],
      ]);
      expect(await registry.register('b', schema('x'))).toMatchObject({ version: 1, schema: { id: 1 } });
      expect(await registry.subjectsOf(1)).toEqual(['a', 'b']);
    });

    it('knows the latest version', async () => {
      await registry.register('a', schema('x y'));
      await registry.register('a', schema('x'));
      expect(await registry.latest('a')).toMatchObject({ version: 2, schema: { text: 'x' } });
      await adapter.behind.deleteVersion('a', 2, false);
      expect(await registry.latest('a')).toMatchObject({ version: 1, schema: { text: 'x y' } });
    });

    it('says that there is nothing', async () => {
      expect(await registry.latest('nobody')).toBeNull();
      expect(await registry.byId(1)).toBeNull();
      expect(await registry.subjectsOf(1)).toEqual([]);
      await registry.deleteSubject('nobody');
    });

    it('takes any name of a subject', async () => {
      for (const subject of ['a/b', 'a%2Fb', 'ä ö', 'a?b#c', 'a+b&c=d', '..x', ':.ctx:s', '"\\\'']) {
        const { version } = await registry.register(subject, schema('x'));
        expect([subject, version]).toEqual([subject, 1]);
        expect((await registry.latest(subject))?.subject).toBe(subject);
      }
      expect(await registry.subjectsOf(1)).toHaveLength(8);
    });

    it('says why a schema may not follow another', async () => {
      await registry.register('a', schema('x'));
      await expect(registry.register('a', schema('x y'))).rejects.toMatchObject({
        name: 'StatementError',
        code: 'incompatible-schema',
        message: expect.stringMatching(/for subject "a", details: \[field y is missing, \{oldSchemaVersion: 1\}, /),
      });
      expect(await registry.latest('a')).toMatchObject({ version: 1 });
    });

    it('says what is no schema', async () => {
      await expect(registry.register('a', schema('x !'))).rejects.toMatchObject({
        name: 'StatementError',
        code: 'invalid-schema',
        message: expect.stringContaining('for subject "a": Invalid schema of type PROTOBUF, details: this is no word'),
      });
    });

    it('passes on what is refused otherwise', async () => {
      await adapter.behind.setMode('a', 'READONLY', false);
      await expect(registry.register('a', schema('x'))).rejects.toMatchObject({
        name: 'SystemError',
        code: 'registry-error',
        retriable: false,
        message: expect.stringContaining('Subject a is in read-only mode'),
      });
    });

    it('deletes subjects, whose schemas can still be read', async () => {
      await registry.register('a', schema('x y'));
      await registry.register('a', schema('x'));
      await registry.deleteSubject('a');
      expect(await registry.latest('a')).toBeNull();
      expect(await registry.byId(1)).toMatchObject({ text: 'x y' });
      expect(await registry.subjectsOf(1)).toEqual([]);
      await registry.deleteSubject('a');
      expect(await registry.register('a', schema('x'))).toMatchObject({ version: 3, schema: { id: 2 } });
      expect(await registry.latest('a')).toMatchObject({ version: 3 });
    });

    it('does not delete what others import', async () => {
      await registry.register('top', schema('@base x', { base: 'b' }));
      await expect(registry.deleteSubject('base')).rejects.toMatchObject({
        code: 'registry-error',
        message: expect.stringContaining('One or more references exist'),
      });
    });

    it('registers imports under their own names, with what each needs', async () => {
      const top = schema('@dir/left @right t', { base: 'x', 'dir/left': '@base l', right: '@base r', unused: 'u' });
      const registered = await registry.register('top', top);
      expect(registered).toEqual({ subject: 'top', version: 1, schema: { ...top, id: 5 } });
      expect(adapter.behind.subjects('', 'with')).toEqual(['base', 'dir/left', 'right', 'top', 'unused']);
      expect(adapter.behind.version('dir/left', 'latest', false).references).toEqual([
        { name: 'base', subject: 'base', version: 1 },
      ]);
      const { unused: _, ...used } = { base: 'x', 'dir/left': '@base l', right: '@base r', unused: 'u' };
      expect(await registry.byId(5)).toEqual({ ...schema(top.text, used), id: 5 });
      expect(await registry.register('top', top)).toMatchObject({ version: 1, schema: { id: 5 } });
      expect(await registry.register('other', schema(top.text, used))).toMatchObject({ schema: { id: 5 } });
    });

    it('registers a schema that it has read with the imports that it had', async () => {
      const at = (text: string, references: readonly { name: string; subject: string; version: number }[] = []) => ({
        ...{ type: 'PROTOBUF' as const, text, references, normalize: false },
        ...{ id: null, version: null },
      });
      await adapter.behind.registerVersion('somewhere', at('x'));
      await adapter.behind.registerVersion('top', at('@base t', [{ name: 'base', subject: 'somewhere', version: 1 }]));
      const { schema: read } = (await registry.latest('top'))!;
      expect(read.imports).toEqual([{ name: 'base', text: 'x' }]);
      const again = await registry.register('copy', read);
      expect(again.schema.id).toBe(read.id);
      expect(await registry.register('top', read)).toMatchObject({ version: 1 });
      expect(adapter.behind.subjects('', 'with')).toEqual(['copy', 'somewhere', 'top']);
    });
  });
}
