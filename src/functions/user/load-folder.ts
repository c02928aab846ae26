import { statSync } from 'node:fs';
import type { FunctionDefinition } from '../define.js';
import { definitionProblems, type NameRules } from './check-definition.js';
import { readExports } from './module-exports.js';
import type { ModuleStore } from './module-store.js';
import { type ModuleSnapshot, modulesOf, SnapshotError, snapshotModule } from './snapshot.js';
import { findTypeStripper, type TypeStripper } from './strip-types.js';
import { thrownText } from './user-function-error.js';

/** A module of the folder, kept and checked. */
export interface LoadedModule {
  readonly module: string;
  readonly version: string;
  /** Names of its functions. */
  readonly functions: readonly string[];
  /** Folders, relative to that of the modules, in which its files lie: a change there may change it. */
  readonly folders: readonly string[];
}

export interface LoadedFolder {
  readonly modules: readonly LoadedModule[];
  /** Everything that is wrong, a line each, beginning with the module. With any, nothing of the folder is to be used. */
  readonly problems: readonly string[];
}

/**
 * Takes every module of a folder into the store and checks what it defines. Versions that are wrong are not kept.
 * @throws Error of the file system when the folder cannot be read
 */
export function loadFolder(folder: string, store: ModuleStore, rules: NameRules): LoadedFolder {
  if (!statSync(folder).isDirectory()) throw new Error('it is no folder');
  const problems: string[] = [];
  const modules: LoadedModule[] = [];
  /** Function -> the module that has it. */
  const owners = new Map<string, string>();
  let stripper: TypeStripper | null | undefined;
  const stripperSource = (): TypeStripper | null => {
    if (stripper === undefined) stripper = findTypeStripper(folder);
    return stripper;
  };
  for (const name of modulesOf(folder)) {
    const snapshot = takeSnapshot(() => snapshotModule(folder, name, stripperSource));
    if (typeof snapshot === 'string') {
      problems.push(`${name}: ${snapshot}`);
      continue;
    }
    const isNew = !store.has(snapshot.version);
    store.write(snapshot);
    const { definitions, problems: found } = checkModule(store, snapshot, rules, owners);
    problems.push(...found.map((problem) => `${name}: ${problem}`));
    if (found.length > 0) {
      if (isNew) store.remove(snapshot.version);
      continue;
    }
    const functions = definitions.map((definition) => definition.name);
    modules.push({ module: name, version: snapshot.version, functions, folders: foldersOf(snapshot) });
  }
  return { modules, problems };
}

function takeSnapshot(take: () => ModuleSnapshot): ModuleSnapshot | string {
  try {
    return take();
  } catch (error) {
    if (error instanceof SnapshotError) return error.message;
    return `it cannot be read: ${thrownText(error)}`;
  }
}

function checkModule(
  store: ModuleStore,
  { module, version }: ModuleSnapshot,
  rules: NameRules,
  owners: Map<string, string>,
): { readonly definitions: readonly FunctionDefinition[]; readonly problems: readonly string[] } {
  let exported: unknown;
  try {
    exported = store.load(version);
  } catch (error) {
    return { definitions: [], problems: [loadProblem(error, store, version)] };
  }
  const { definitions, strangers } = readExports(exported);
  const problems = strangers.map(
    (name) => `export ${name} is no definition; make it with defineScalar, defineAggregate or defineTableFunction`,
  );
  if (definitions.length === 0 && strangers.length === 0) problems.push('it exports no function of SQL');
  for (const { exported: name, definition } of definitions) {
    const label = typeof definition.name === 'string' ? `function ${definition.name}` : 'a function without a name';
    const about = `export ${name}, ${label}: `;
    problems.push(...checkDefinition(definition, rules).map((problem) => about + problem));
    const owner = owners.get(definition.name);
    if (owner !== undefined) problems.push(`${about}${owner} has a function of this name already`);
    owners.set(definition.name, module);
  }
  return { definitions: definitions.map(({ definition }) => definition), problems };
}

/** A definition may be any object with any traps. */
function checkDefinition(definition: FunctionDefinition, rules: NameRules): readonly string[] {
  try {
    return definitionProblems(definition, rules);
  } catch (error) {
    return [`it cannot be checked: ${thrownText(error)}`];
  }
}

function loadProblem(error: unknown, store: ModuleStore, version: string): string {
  const { code } = error as { readonly code?: unknown };
  if (code === 'ERR_REQUIRE_ASYNC_MODULE') return 'it awaits something while it is loaded; modules of functions cannot';
  if (error instanceof SyntaxError) {
    const place = store.syntaxErrorPlace(version);
    return `${place === null ? '' : `${place}: `}${error.message}`;
  }
  const [text] = store.withoutPaths(version, thrownText(error)).split('\n');
  return `it cannot be loaded: ${text}`;
}

function foldersOf({ files }: ModuleSnapshot): readonly string[] {
  return [...new Set([...files.keys()].map((path) => path.split('/').slice(0, -1).join('/')))];
}
