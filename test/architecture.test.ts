import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MILLRACE_VERSION } from '../src/engine/version.js';

/* How the source hangs together: who may import whom, where outside libraries live, and that nothing lies about unused. */

const root = join(import.meta.dirname, '..');
const src = join(root, 'src');

/**
 * What each folder may import: folders, or files without `.ts`. The longest name that fits a file holds for it, so a
 * subfolder may have more than its parent; a folder may always import itself.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: [],
  parser: ['model'],
  functions: ['model'],
  formats: ['model'],
  catalog: ['model'],
  storage: ['model'],
  state: ['model'],
  'state/sqlite': ['model', 'storage'],
  broker: ['model'],
  'broker/embedded': ['model', 'storage'],
  planner: ['model', 'parser/ast', 'functions', 'formats', 'catalog'],
  executor: [
    'model',
    'parser/ast',
    'planner/expression',
    'planner/physical',
    'planner/pull',
    'functions',
    'formats',
    'state',
    'broker',
  ],
  'executor/thread': [
    'model',
    'parser/ast',
    'planner/expression',
    'planner/physical',
    'functions',
    'formats',
    'state',
    'broker',
    'storage',
  ],
  'executor/shard': [
    'model',
    'parser/ast',
    'planner/expression',
    'planner/physical',
    'functions',
    'formats',
    'state',
    'broker',
    'storage',
  ],
  engine: ['model', 'parser', 'planner', 'functions', 'formats', 'catalog', 'state', 'broker', 'executor'],
  'engine/create-engine': ['model', 'functions', 'formats/schema-registry', 'state', 'broker', 'storage', 'executor'],
  'engine/open-cluster': ['model', 'functions', 'formats/schema-registry', 'broker', 'storage', 'executor'],
  server: ['model', 'engine'],
  testing: [
    'model',
    'parser',
    'planner',
    'functions',
    'formats',
    'catalog',
    'state',
    'broker',
    'storage',
    'executor',
    'engine',
    'server',
  ],
  cli: ['model', 'parser', 'engine', 'server', 'testing'],
  index: ['model', 'engine', 'functions/library'],
  launch: [],
};

/** Where each outside library may be named. Node's own modules are not listed: they may be used anywhere but in `model`. */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  chevrotain: ['parser'],
  'fastest-levenshtein': ['parser', 'planner'],
  re2js: ['functions'],
  avsc: ['formats/avro'],
  protobufjs: ['formats/protobuf'],
  'better-sqlite3': ['storage'],
  '@node-rs/crc32': ['broker'],
  kafkajs: ['broker/kafka'],
  hono: ['server'],
  '@hono/node-server': ['server'],
  commander: ['cli'],
  'string-width': ['cli'],
};

/** Adapters, which only these may name: everybody else sees the ports. */
const ADAPTERS = ['state/sqlite', 'state/memory', 'broker/embedded', 'broker/kafka'];
const MAY_NAME_ADAPTERS = [
  ...ADAPTERS,
  'executor/thread',
  'executor/task',
  'executor/shard',
  'engine/create-engine',
  'engine/open-cluster',
  'testing',
];

/** Where execution starts: bundles, and scripts that print what the source says about itself. */
const ENTRIES = [
  'cli/main',
  'index',
  'executor/thread/worker',
  'executor/shard/shard-worker',
  'launch/cli',
  'launch/stream-thread',
  'launch/shard-thread',
];

const LINES_MAX = 800;

interface SourceFile {
  /** Below src, without `.ts`. */
  readonly name: string;
  readonly text: string;
  readonly imports: readonly string[];
  readonly packages: readonly string[];
}

const files = new Map(
  typeScriptFiles(src).map((path) => {
    const file = readSource(path);
    return [file.name, file];
  }),
);

function typeScriptFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function readSource(path: string): SourceFile {
  const text = readFileSync(path, 'utf8');
  const specifiers = [
    ...text.matchAll(/^(?:import|export|\}) .*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm),
  ].map((match) => match[1] ?? match[2] ?? match[3]!);
  return {
    name: nameOf(path),
    text,
    imports: specifiers.filter((s) => s.startsWith('.')).map((s) => nameOf(resolve(dirname(path), s))),
    packages: specifiers.filter((s) => !s.startsWith('.')),
  };
}

function nameOf(path: string): string {
  return relative(src, path)
    .replaceAll('\\', '/')
    .replace(/\.[jt]s$/, '');
}

const isWithin = (name: string, folder: string): boolean => name === folder || name.startsWith(`${folder}/`);

const folderOf = (name: string): string => name.split('/')[0]!;

function ruleFor(name: string): string | undefined {
  return Object.keys(MAY_IMPORT)
    .filter((folder) => isWithin(name, folder))
    .sort((a, b) => b.length - a.length)[0];
}

describe('imports', () => {
  test('go only where the table allows', () => {
    const broken: string[] = [];
    for (const { name, imports } of files.values()) {
      const rule = ruleFor(name);
      if (rule === undefined) broken.push(`${name} lies in a folder that the table does not know`);
      else {
        for (const target of imports) {
          const allowed = [folderOf(name), ...MAY_IMPORT[rule]!];
          if (!allowed.some((folder) => isWithin(target, folder))) broken.push(`${name} -> ${target}`);
        }
      }
    }
    expect(broken).toEqual([]);
  });

  test('name files that exist', () => {
    const missing = [...files.values()].flatMap(({ name, imports }) =>
      imports.filter((target) => !files.has(target)).map((target) => `${name} -> ${target}`),
    );
    expect(missing).toEqual([]);
  });

  test('of outside libraries stay in their homes', () => {
    const broken: string[] = [];
    for (const { name, packages } of files.values()) {
      for (const specifier of packages) {
        if (specifier.startsWith('node:')) {
          if (isWithin(name, 'model') && specifier !== 'node:buffer') broken.push(`${name} -> ${specifier}`);
          continue;
        }
        const library = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
        if (!HOMES[library]?.some((folder) => isWithin(name, folder))) broken.push(`${name} -> ${specifier}`);
      }
    }
    expect(broken).toEqual([]);
  });

  test('of adapters are left to those who put the engine together', () => {
    const broken: string[] = [];
    for (const { name, imports } of files.values()) {
      if (MAY_NAME_ADAPTERS.some((folder) => isWithin(name, folder))) continue;
      for (const target of imports) {
        if (ADAPTERS.some((folder) => isWithin(target, folder))) broken.push(`${name} -> ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });

  test('between folders never form a circle', () => {
    const targets = new Map<string, Set<string>>();
    for (const { name, imports } of files.values()) {
      const from = folderOf(name);
      for (const to of imports.map(folderOf)) {
        if (from !== to) targets.set(from, (targets.get(from) ?? new Set()).add(to));
      }
    }
    const done = new Set<string>();
    const visit = (folder: string, path: readonly string[]): void => {
      if (path.includes(folder)) throw new Error(`a circle of folders: ${[...path, folder].join(' -> ')}`);
      if (done.has(folder)) return;
      for (const target of targets.get(folder) ?? []) visit(target, [...path, folder]);
      done.add(folder);
    };
    for (const folder of targets.keys()) visit(folder, []);
  });
});

describe('files', () => {
  test('are all reached from an entry', () => {
    const scripts = typeScriptFiles(join(root, 'scripts')).flatMap((path) => readSource(path).imports);
    const reached = new Set([...ENTRIES, ...scripts.filter((name) => files.has(name))]);
    for (const name of reached) for (const target of files.get(name)?.imports ?? []) reached.add(target);
    expect([...files.keys()].filter((name) => !reached.has(name))).toEqual([]);
  });

  test(`have at most ${LINES_MAX} lines`, () => {
    const long = [...files.values()].map(({ name, text }) => [name, text.split('\n').length] as const);
    expect(long.filter(([, lines]) => lines > LINES_MAX)).toEqual([]);
  });
});

describe('package.json', () => {
  const { version, dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

  test('has the version that the engine tells', () => {
    expect(MILLRACE_VERSION).toBe(version);
  });

  test('pins every package exactly', () => {
    const all = Object.entries({ ...dependencies, ...devDependencies });
    expect(all.filter(([, range]) => !/^\d+\.\d+\.\d+$/.test(range as string))).toEqual([]);
  });

  test('lists every library that the source has a home for', () => {
    expect(Object.keys(HOMES).filter((library) => !(library in dependencies) && !(library in devDependencies))).toEqual(
      [],
    );
    expect(Object.keys(dependencies).filter((library) => !(library in HOMES))).toEqual([]);
  });
});
