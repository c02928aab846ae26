import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadFolder } from '../../../../src/functions/user/load-folder.js';
import { ModuleStore } from '../../../../src/functions/user/module-store.js';
import { folderOf, RULES, scalarModule, writeFiles } from './modules.js';

function load(files: Readonly<Record<string, string>>) {
  const folder = folderOf(files);
  const store = new ModuleStore(folderOf({}));
  return { folder, store, ...loadFolder(folder, store, RULES) };
}

const problemsOf = (files: Readonly<Record<string, string>>): readonly string[] => load(files).problems;

/** A module whose one definition is changed by code. */
const changed = (code: string): string =>
  `import { defineScalar, defineAggregate, defineTableFunction, BIGINT } from 'millrace';
const base = {
  name: 'F',
  description: 'A function.',
  variants: [{ signature: '(a STRING) -> STRING', nulls: 'propagate', evaluate: (a) => a }],
};
export const f = ${code};
`;

describe('modules', () => {
  it('are ES modules and CommonJS modules that export definitions, singly or in lists, under any name', () => {
    const { modules, problems } = load({
      'a.js': scalarModule('A1', '(t) => t'),
      'b.mjs': `import { defineScalar } from 'millrace';
        const one = (name) => defineScalar({ name, description: '', variants: [{ signature: '() -> INT', nulls: 'pass', evaluate: () => 1 }] });
        export const family = [one('B1'), one('B2')];
        export default one('B3');
        export const helper = () => 1;
        export const LIMIT = 5;`,
      'c.cjs': `const { defineScalar } = require('millrace');
        const variants = [{ signature: '() -> INT', nulls: 'pass', evaluate: () => 1 }];
        exports.c = defineScalar({ name: 'C1', description: '', variants });`,
      'd.cjs': `const { defineScalar } = require('millrace');
        const variants = [{ signature: '() -> INT', nulls: 'pass', evaluate: () => 1 }];
        module.exports = defineScalar({ name: 'D1', description: '', variants });`,
    });
    expect(problems).toEqual([]);
    expect(modules.map(({ functions }) => functions)).toEqual([['A1'], ['B3', 'B1', 'B2'], ['C1'], ['D1']]);
  });

  it('are not helpers, tests, configurations, declarations and other files', () => {
    const { modules, problems } = load({
      'a.js': scalarModule('A1', '(t) => t'),
      '_helper.js': 'throw new Error("loaded");',
      '.hidden.js': 'throw new Error("loaded");',
      'a.test.js': 'throw new Error("loaded");',
      'vitest.config.js': 'throw new Error("loaded");',
      'a.d.ts': 'export {};',
      'sub/b.js': 'throw new Error("loaded");',
      'old.jar': '',
      'README.md': '',
    });
    expect([modules.map(({ module }) => module), problems]).toEqual([['a.js'], []]);
  });

  it('import files of their folder, which are part of their version, and packages that are installed there', () => {
    const files = {
      'a.js': `import { twice } from './lib/twice.js';\nimport factor from 'factor';\n${scalarModule('A1', '(t) => twice(t) + factor')}`,
      'lib/twice.js': `import table from '../table.json' with { type: 'json' };\nexport const twice = (t) => t.repeat(table.times);`,
      'table.json': '{"times": 2}',
      'node_modules/factor/package.json': '{"name": "factor", "main": "index.js"}',
      'node_modules/factor/index.js': 'module.exports = "!";',
    };
    const { folder, store, modules, problems } = load(files);
    expect(problems).toEqual([]);
    const [first] = modules;
    expect(first!.folders).toEqual(['', 'lib']);
    writeFiles(folder, { 'table.json': '{"times": 3}' });
    const again = loadFolder(folder, store, RULES).modules[0]!;
    expect(again.version).not.toBe(first!.version);
    const run = (version: string): unknown => {
      const { f } = store.load(version) as { f: { variants: { evaluate: (t: string) => string }[] } };
      return f.variants[0]!.evaluate('ab');
    };
    expect([run(first!.version), run(again.version)]).toEqual(['abab!', 'ababab!']);
  });

  it('have the same version wherever they are read', () => {
    const files = { 'a.js': scalarModule('A1', '(t) => t') };
    expect(load(files).modules[0]!.version).toBe(load(files).modules[0]!.version);
  });

  it('are CommonJS in .js files when the package around them says so', () => {
    const { problems, modules } = load({
      'package.json': '{"type": "commonjs"}',
      'a.js': `const { defineScalar } = require('millrace');
        exports.a = defineScalar({ name: 'A1', description: '', variants: [{ signature: '() -> INT', nulls: 'pass', evaluate: () => 1 }] });`,
    });
    expect([problems, modules[0]?.functions]).toEqual([[], ['A1']]);
  });
});

describe('problems', () => {
  it('are all told, each with its module', () => {
    expect(
      problemsOf({
        'a.js': 'export const a = ;',
        'b.js': 'export const b = 1;',
        'c.js': scalarModule('UCASE', '(t) => t'),
        'd.js': scalarModule('D1', '(t) => t'),
        'e.js': scalarModule('D1', '(t) => t'),
        'f.js': 'await null;',
        'g.js': "throw new Error('at load');",
        'h.js': "import './gone.js';",
        'i.js': "import { nothing } from 'millrace';",
        'j.js': "import './lib/wrong.js';",
        'lib/wrong.js': '\nconst = 1;',
      }),
    ).toEqual([
      "a.js: a.js line 1: Unexpected token ';'",
      'b.js: it exports no function of SQL',
      'c.js: export f, function UCASE: there is a built-in function of this name, which cannot be replaced',
      'e.js: export f, function D1: d.js has a function of this name already',
      'f.js: it awaits something while it is loaded; modules of functions cannot',
      'g.js: it cannot be loaded: at load',
      "h.js: it cannot be loaded: Cannot find module 'gone.js' imported from h.js",
      "i.js: The requested module 'millrace' does not provide an export named 'nothing'",
      "j.js: lib/wrong.js line 2: Unexpected token '='",
    ]);
  });

  it('are files outside of the folder', () => {
    const folder = folderOf({ 'mine/m.js': "import '../outside.js';", 'outside.js': '' });
    expect(loadFolder(join(folder, 'mine'), new ModuleStore(folderOf({})), RULES).problems).toEqual([
      'm.js: m.js imports ../outside.js, which lies outside of the folder of functions',
    ]);
  });

  it.each([
    ["defineScalar({ ...base, name: 'shout' })", 'its name is not of upper-case letters, digits and _; write SHOUT'],
    ["defineScalar({ ...base, name: 'A-B' })", 'its name is not of upper-case letters, digits and _'],
    ["defineScalar({ ...base, name: 'SELECT' })", 'its name is a word of SQL that cannot be called'],
    ['defineScalar({ ...base, description: undefined })', 'its description is no text'],
    ['defineScalar({ ...base, author: 5 })', 'its author is no text'],
    ['defineScalar({ ...base, variants: [] })', 'it has no variants'],
    ['defineScalar({ ...base, variants: [{}] })', 'variant 1 has no signature'],
    [
      "defineScalar({ ...base, variants: [{ ...base.variants[0], signature: '(a STRNG) -> STRING' }] })",
      'variant "(a STRNG) -> STRING": unknown type STRNG in (a STRNG) -> STRING',
    ],
    [
      "defineScalar({ ...base, variants: [base.variants[0], { ...base.variants[0], signature: '(b STRING) -> INT' }] })",
      'variant "(b STRING) -> INT": another variant has the same parameters',
    ],
    [
      'defineScalar({ ...base, variants: [{ ...base.variants[0], nulls: undefined }] })',
      "variant \"(a STRING) -> STRING\": its nulls is none of 'propagate', 'pass', 'fail'",
    ],
    [
      'defineScalar({ ...base, variants: [{ ...base.variants[0], evaluate: undefined }] })',
      'variant "(a STRING) -> STRING": it needs either evaluate or bind',
    ],
    [
      'defineScalar({ ...base, variants: [{ ...base.variants[0], evaluate: undefined, bind: () => 5 }] })',
      'variant "(a STRING) -> STRING": its bind gave no function',
    ],
    [
      "defineScalar({ ...base, variants: [{ ...base.variants[0], signature: '(a DECIMAL) -> DECIMAL' }] })",
      'variant "(a DECIMAL) -> DECIMAL": the type of its result is open; give it a resultType',
    ],
    [
      "defineScalar({ ...base, variants: [{ ...base.variants[0], signature: '(a STRING) -> ARRAY<T>' }] })",
      'variant "(a STRING) -> ARRAY<T>": no parameter says what T of the result is; give it a resultType',
    ],
    [
      "defineScalar({ ...base, variants: [{ ...base.variants[0], resultType: () => 'INT' }] })",
      'variant "(a STRING) -> STRING": its resultType gave no SQL type',
    ],
    [
      "defineAggregate({ ...base, variants: [{ signature: '(a BIGINT) -> BIGINT', tableCapable: true, bind: () => ({ stateType: BIGINT, resultType: BIGINT, resultIsState: true, initial: () => 0, add: (s) => s, merge: (a) => a, result: (s) => s }) }] })",
      'variant "(a BIGINT) -> BIGINT": the code of the aggregate lacks the function undo',
    ],
    [
      "defineAggregate({ ...base, variants: [{ signature: '(a BIGINT) -> BIGINT', bind: () => ({}) }] })",
      'variant "(a BIGINT) -> BIGINT": its tableCapable is neither true nor false',
    ],
    [
      "defineTableFunction({ ...base, variants: [{ signature: '(a STRING) -> STRING' }] })",
      'variant "(a STRING) -> STRING": its bind is no function',
    ],
    [
      "defineTableFunction({ ...base, variants: [{ signature: '(a STRING) -> STRING', bind: () => { throw new Error('unbound'); } }] })",
      'variant "(a STRING) -> STRING": it cannot be bound: unbound',
    ],
  ])('of a definition: %s', (code, problem) => {
    const [found, ...more] = problemsOf({ 'm.js': changed(code) });
    expect(found?.replace(/^m\.js: export f, function \S+: /, '')).toBe(problem);
    expect(more).toEqual([]);
  });

  it('of an object that nothing has made', () => {
    expect(problemsOf({ 'm.js': changed('base') })).toEqual([
      'm.js: export f is no definition; make it with defineScalar, defineAggregate or defineTableFunction',
    ]);
  });

  it('leave nothing in the store', () => {
    const { store } = load({ 'a.js': scalarModule('UCASE', '(t) => t'), 'b.js': scalarModule('B1', '(t) => t') });
    expect(store.versions()).toHaveLength(1);
  });
});
