import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { builtInFunctions, type FunctionRegistry } from '../functions/registry.js';
import type { NameRules } from '../functions/user/check-definition.js';
import { plannedFunctions } from '../functions/user/function-id.js';
import { type LoadedModule, loadFolder } from '../functions/user/load-folder.js';
import { ModuleStore } from '../functions/user/module-store.js';
import { registryWith } from '../functions/user/stored-registry.js';
import { SystemError } from '../model/errors.js';
import { parse } from '../parser/parse.js';
import { FolderWatch } from './folder-watch.js';

export interface FunctionFolderOptions {
  /** The folder of modules; null when there is none. */
  readonly folder: string | null;
  /** Where versions of modules are kept, beside the plans that name them; null: in a folder that is gone with the engine. */
  readonly store: string | null;
  /** Told of what an operator should know. */
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void;
}

/** A persistent query, as the catalog has it. */
export interface KeptQuery {
  readonly id: string;
  readonly plan: string;
}

/** Files that modules can be made of; mounted configurations are swapped by a link that begins with two dots. */
const WATCHED = /\.(?:[cm]?js|m?ts|json|wasm)$|^\.\./;

/**
 * The functions of users in one engine: what their folder holds when the engine starts, and each time it changes. New statements use the
 * newest version that is right as a whole; a plan keeps the one it was made with.
 */
export class FunctionFolder {
  /** The folder of the store, for other threads; null where there is none. */
  readonly store: string | null;
  /** Built-in functions and those of users. */
  readonly registry: FunctionRegistry;
  readonly #options: FunctionFolderOptions;
  readonly #kept: ModuleStore | null;
  readonly #watch: FolderWatch;
  #modules: readonly LoadedModule[];
  readonly #checked = new WeakSet<KeptQuery>();
  /** What was last said of a folder that is wrong. */
  #said = '';

  /** @throws SystemError `bad-functions` that lists everything that is wrong with the folder */
  constructor(options: FunctionFolderOptions) {
    const { folder, log } = options;
    this.#options = options;
    this.store = options.store ?? (folder === null ? null : mkdtempSync(join(tmpdir(), 'millrace-functions-')));
    this.#kept = this.store === null ? null : new ModuleStore(this.store);
    this.registry = registryWith(this.#kept);
    this.#watch = new FolderWatch(
      (name) => WATCHED.test(name),
      () => this.#reload(),
      (error) => log('warn', `changes in ${folder} are not seen before the next start: ${error.message}`),
    );
    try {
      this.#modules = this.#load();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * Makes the functions those of new statements, follows the folder, and forgets versions that nothing needs. The caller is the one who may
   * write to the store.
   * @param queries all persistent queries
   */
  begin(queries: readonly KeptQuery[]): void {
    const { folder, log } = this.#options;
    const versions = this.#modules.map(({ version }) => version);
    this.#kept?.setCurrent(versions);
    this.check(queries);
    const planned = queries.flatMap(({ plan }) => plannedFunctions(plan).map(({ version }) => version));
    this.#kept?.retain(new Set([...versions, ...planned]));
    if (folder === null) return;
    const jars = readdirSync(folder).filter((name) => name.endsWith('.jar'));
    if (jars.length > 0) log('warn', `${folder} holds extensions in Java, which cannot run here: ${jars.join(', ')}`);
    if (this.#modules.length > 0) log('info', `functions of ${folder}: ${namesOf(this.#modules).join(', ')}`);
    this.#watch.setFolders(this.#folders());
  }

  /** Says, once a query, which queries run with other functions than they were made with: plans may come from other nodes. */
  check(queries: readonly KeptQuery[]): void {
    for (const query of queries) {
      if (this.#kept === null || this.#checked.has(query)) continue;
      this.#checked.add(query);
      for (const { name, version } of plannedFunctions(query.plan)) {
        if (this.#kept.has(version)) continue;
        this.#options.log(
          'warn',
          `query ${query.id} was created with another version of function ${name}, which is not kept here: the present one is used`,
        );
      }
    }
  }

  close(): void {
    this.#watch.close();
    if (this.#options.store === null && this.store !== null) rmSync(this.store, { recursive: true, force: true });
  }

  #load(): readonly LoadedModule[] {
    const { folder } = this.#options;
    if (folder === null || this.#kept === null) return [];
    let loaded: ReturnType<typeof loadFolder>;
    try {
      loaded = loadFolder(resolve(folder), this.#kept, NAME_RULES);
    } catch (error) {
      throw new SystemError(`the folder of functions "${folder}" cannot be read: ${(error as Error).message}`, {
        code: 'bad-functions',
        hint: 'It is named by --functions-dir or ksql.extension.dir.',
      });
    }
    if (loaded.problems.length === 0) return loaded.modules;
    const list = loaded.problems.map((problem) => `\n  ${problem.replaceAll('\n', ' ')}`).join('');
    throw new SystemError(`the functions in "${folder}" cannot be used:${list}`, { code: 'bad-functions' });
  }

  #reload(): void {
    const { folder, log } = this.#options;
    let modules: readonly LoadedModule[];
    try {
      modules = this.#load();
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.#said) log('error', `${message}\nthe functions that were read before stay in use`);
      this.#said = message;
      return;
    }
    this.#said = '';
    const before = new Map(this.#modules.map((module) => [module.module, module]));
    const changed = modules.filter(({ module, version }) => before.get(module)?.version !== version);
    const names = new Set(namesOf(modules));
    const gone = namesOf(this.#modules).filter((name) => !names.has(name));
    this.#modules = modules;
    this.#watch.setFolders(this.#folders());
    if (changed.length === 0 && gone.length === 0) return;
    this.#kept!.setCurrent(modules.map(({ version }) => version));
    const parts = [
      ...(changed.length === 0 ? [] : [`new versions of ${namesOf(changed).join(', ')}`]),
      ...(gone.length === 0 ? [] : [`without ${gone.join(', ')}`]),
    ];
    log('info', `functions of ${folder} have changed: ${parts.join('; ')}; running queries keep theirs`);
  }

  #folders(): readonly string[] {
    const { folder } = this.#options;
    if (folder === null) return [];
    const below = this.#modules.flatMap(({ folders }) => folders);
    return [...new Set(['', ...below])].map((path) => resolve(folder, path));
  }
}

function namesOf(modules: readonly LoadedModule[]): readonly string[] {
  return modules.flatMap(({ functions }) => functions).sort();
}

const BUILT_IN: ReadonlySet<string> = new Set(builtInFunctions.map(({ name }) => name));

const NAME_RULES: NameRules = {
  isBuiltIn: (name) => BUILT_IN.has(name),
  isCallable: (name) => parse(`SELECT ${name}() FROM S;`).diagnostics.length === 0,
};
