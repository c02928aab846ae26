import { describe, expect, it } from 'vitest';
import { createFunctionRegistry } from '../../../../src/functions/registry.js';
import { functionId, parseFunctionId, plannedFunctions } from '../../../../src/functions/user/function-id.js';
import { loadFolder } from '../../../../src/functions/user/load-folder.js';
import { ModuleStore } from '../../../../src/functions/user/module-store.js';
import { storedRegistry } from '../../../../src/functions/user/stored-registry.js';
import { BIGINT, INTEGER, STRING } from '../../../../src/model/sql-type.js';
import { shapes } from '../call.js';
import { folderOf, RULES, scalarModule, writeFiles } from './modules.js';

const CONTEXT = { now: () => 0, random: () => 0 };

describe('ids', () => {
  it('hold the version behind the signature', () => {
    const id = functionId('F(STRING)', '0123456789abcdef');
    expect(parseFunctionId(id)).toEqual({ signature: 'F(STRING)', version: '0123456789abcdef' });
    expect(parseFunctionId('F(STRING)')).toEqual({ signature: 'F(STRING)', version: null });
  });

  it('are found in the text of a plan, whatever their parameters are', () => {
    const ids = ['F(STRING)@0123456789abcdef', 'G2(STRUCT<a"b STRING>, (T) => R)@fedcba9876543210', 'UCASE(STRING)'];
    const plan = JSON.stringify({ root: { calls: ids.map((signature) => ({ kind: 'call', signature, name: '@' })) } });
    expect(plannedFunctions(plan)).toEqual([
      { name: 'F', version: '0123456789abcdef' },
      { name: 'G2', version: 'fedcba9876543210' },
    ]);
  });
});

describe('versions of a module', () => {
  const files = { 'm.js': scalarModule('F', "(t) => t + '1'") };

  function world() {
    const folder = folderOf(files);
    const root = folderOf({});
    const store = new ModuleStore(root);
    const publish = (text: string): string => {
      writeFiles(folder, { 'm.js': text });
      const { modules, problems } = loadFolder(folder, store, RULES);
      expect(problems).toEqual([]);
      store.setCurrent(modules.map(({ version }) => version));
      return modules[0]!.version;
    };
    /** What a thread computes that is started now, and has the store alone. */
    const thread = storedRegistry(root);
    const run = (id: string): unknown => {
      const { code } = thread.scalar('F', id, [STRING], STRING, CONTEXT);
      return (code as unknown as (t: string) => unknown)('x');
    };
    return { store, publish, thread, run, root };
  }

  it('run side by side, and new statements get the newest', () => {
    const { publish, thread, run } = world();
    const planned = (): string => thread.resolve('f', shapes('STRING')).signature;
    publish(files['m.js']);
    const first = planned();
    publish(scalarModule('F', "(t) => t + '2'"));
    const second = planned();
    expect([run(first), run(second), run(first)]).toEqual(['x1', 'x2', 'x1']);
    expect(thread.find('F', first)).not.toBe(thread.find('F', second));
    expect(thread.all().filter(({ name }) => name === 'F')).toEqual([thread.find('F')]);
  });

  it('are replaced by the present one when they are gone', () => {
    const { publish, run, store } = world();
    const first = publish(files['m.js']);
    publish(scalarModule('F', "(t) => t + '2'"));
    store.remove(first);
    expect(run(functionId('F(STRING)', first))).toBe('x2');
  });

  it('are missed when the present one has no such overload, or gives something else', () => {
    const { publish, run, thread } = world();
    const gone = functionId('F(STRING)', '0'.repeat(16));
    expect(() => run(gone)).toThrow('the plan uses function F(STRING) of a user, and there is none now');
    publish(scalarModule('F', '(n) => n', '(n INT) -> INT'));
    expect(() => run(gone)).toThrow(expect.objectContaining({ code: 'unknown-function-signature' }));
    publish(scalarModule('F', '(t) => t.length', '(t STRING) -> INT'));
    expect(() => run(gone)).toThrow(expect.objectContaining({ code: 'function-changed' }));
    expect(() => thread.scalar('G', `G(INTEGER)@${'0'.repeat(16)}`, [INTEGER], BIGINT, CONTEXT)).toThrow(
      expect.objectContaining({ name: 'SystemError' }),
    );
  });

  it('that cannot be loaded any more say why', () => {
    const { run, root } = world();
    const version = '1'.repeat(16);
    writeFiles(root, {
      [`${version}/module.json`]: '{"module": "m.mjs", "entry": "m.mjs"}',
      [`${version}/code/m.mjs`]: "import 'gone';",
    });
    expect(() => run(functionId('F(STRING)', version))).toThrow(
      expect.objectContaining({ code: 'functions-not-loaded', message: expect.stringContaining("package 'gone'") }),
    );
  });

  it('of built-in functions do not exist', () => {
    const { signature } = createFunctionRegistry().resolve('UCASE', shapes('STRING'));
    expect(signature).toBe('UCASE(STRING)');
  });
});
