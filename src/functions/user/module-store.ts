import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SystemError } from '../../model/errors.js';
import type { FunctionDefinition } from '../define.js';
import * as library from '../library.js';
import type { UserFunctions } from '../registry.js';
import { VERSION_LENGTH } from './function-id.js';
import { guardDefinition } from './guard.js';
import { readExports } from './module-exports.js';
import type { ModuleSnapshot } from './snapshot.js';
import { thrownText } from './user-function-error.js';

const VERSION = new RegExp(`^[0-9a-f]{${VERSION_LENGTH}}$`);

const NONE: readonly FunctionDefinition[] = [];

/** Where code in this thread finds what 'millrace' exports; the package of that name in the store hands it on. */
const LIBRARY = Symbol.for('millrace.functions');

/**
 * The folder that keeps modules of functions, every version that a plan may name in a folder of its own:
 *
 *     current.json                   the versions that new statements use
 *     VERSION/module.json            what the version is of, and which file to load
 *     VERSION/node_modules           a link to the packages of the module
 *     VERSION/code/...               its files
 *     VERSION/code/node_modules/millrace
 *
 * Written by the engine's main thread; every thread loads what its plans name from it, so that all run the same code. A version that was
 * loaded stays loaded.
 */
export class ModuleStore implements UserFunctions {
  readonly #root: string;
  readonly #loaded = new Map<string, readonly FunctionDefinition[]>();
  /** Only one store of a folder says what is current; it need not look there. */
  #isWriter = false;
  #currentText = '';
  #current = NONE;

  constructor(root: string) {
    this.#root = resolve(root);
  }

  /** Keeps a version, unless it is there. */
  write(snapshot: ModuleSnapshot): void {
    const { module, version, entry, files, type, packages } = snapshot;
    const target = join(this.#root, version);
    if (existsSync(target)) {
      linkPackages(target, packages);
      return;
    }
    const making = join(this.#root, `.${version}-${process.pid}`);
    rmSync(making, { recursive: true, force: true });
    const code = join(making, 'code');
    for (const [path, content] of files) {
      mkdirSync(dirname(join(code, path)), { recursive: true });
      writeFileSync(join(code, path), content);
    }
    writeFileSync(join(code, 'package.json'), JSON.stringify({ type }));
    writeLibrary(join(code, 'node_modules/millrace'));
    linkPackages(making, packages);
    writeFileSync(join(making, 'module.json'), JSON.stringify({ module, entry }));
    renameSync(making, target);
  }

  /** Forgets a version. It may be running. */
  remove(version: string): void {
    rmSync(join(this.#root, version), { recursive: true, force: true });
  }

  has(version: string): boolean {
    return existsSync(join(this.#root, version, 'module.json'));
  }

  /** The versions that are kept. */
  versions(): readonly string[] {
    return existsSync(this.#root) ? readdirSync(this.#root).filter((name) => VERSION.test(name)) : [];
  }

  /** Forgets all versions but these, and what an interrupted write has left. */
  retain(versions: ReadonlySet<string>): void {
    if (!existsSync(this.#root)) return;
    for (const name of readdirSync(this.#root)) {
      if (name.startsWith('.') || (VERSION.test(name) && !versions.has(name))) this.remove(name);
    }
  }

  /** Says which versions new statements use from now on, in every thread. */
  setCurrent(versions: readonly string[]): void {
    this.#current = versions.flatMap((version) => this.version(version) ?? []);
    this.#isWriter = true;
    if (versions.length === 0 && !existsSync(this.#root)) return;
    mkdirSync(this.#root, { recursive: true });
    const making = join(this.#root, `.current-${process.pid}`);
    writeFileSync(making, JSON.stringify({ versions }));
    renameSync(making, join(this.#root, 'current.json'));
  }

  current(): readonly FunctionDefinition[] {
    if (this.#isWriter) return this.#current;
    let text: string;
    try {
      text = readFileSync(join(this.#root, 'current.json'), 'utf8');
    } catch {
      return NONE;
    }
    if (text !== this.#currentText) {
      const { versions } = JSON.parse(text) as { readonly versions: readonly string[] };
      this.#current = versions.flatMap((version) => this.version(version) ?? []);
      this.#currentText = text;
    }
    return this.#current;
  }

  version(version: string): readonly FunctionDefinition[] | null {
    const known = this.#loaded.get(version);
    if (known !== undefined) return known;
    if (!VERSION.test(version) || !this.has(version)) return null;
    const { module } = this.#describe(version);
    let exported: unknown;
    try {
      exported = this.load(version);
    } catch (error) {
      throw new SystemError(`version ${version} of the functions in ${module} cannot be loaded: ${thrownText(error)}`, {
        code: 'functions-not-loaded',
        hint: 'check the packages that the module imports',
      });
    }
    const origin = { module, version };
    const definitions = readExports(exported).definitions.map(({ definition }) => guardDefinition(definition, origin));
    this.#loaded.set(version, definitions);
    return definitions;
  }

  /** The exports of a version that is kept. @throws whatever its code throws */
  load(version: string): unknown {
    (globalThis as Record<symbol, unknown>)[LIBRARY] = library;
    return createRequire(import.meta.url)(this.#entry(version));
  }

  /** Where the text of a version is no JavaScript: `text.js line 3`; null when Node cannot say. */
  syntaxErrorPlace(version: string): string | null {
    const code = join(this.#root, version, 'code');
    const files = readdirSync(code, { recursive: true, encoding: 'utf8' }).filter(
      (path) => /\.[cm]?js$/.test(path) && !path.startsWith('node_modules'),
    );
    const entry = this.#entry(version);
    for (const file of new Set([entry, ...files.map((path) => join(code, path))])) {
      const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' });
      const found = /^(\S+):(\d+)\n/m.exec(this.withoutPaths(version, stderr));
      if (found !== null) return `${found[1]} line ${found[2]}`;
    }
    return null;
  }

  /** A text in which files of a version have the names that they had in their folder. */
  withoutPaths(version: string, text: string): string {
    const code = join(this.#root, version, 'code');
    return text.replaceAll(pathToFileURL(`${code}/`).href, '').replaceAll(code + sep, '');
  }

  #entry(version: string): string {
    return join(this.#root, version, 'code', this.#describe(version).entry);
  }

  #describe(version: string): { readonly module: string; readonly entry: string } {
    return JSON.parse(readFileSync(join(this.#root, version, 'module.json'), 'utf8'));
  }
}

/** The packages may have moved since the version was written. */
function linkPackages(folder: string, packages: string | null): void {
  const link = join(folder, 'node_modules');
  if (packages !== null && linkTarget(link) === packages) return;
  rmSync(link, { force: true });
  if (packages !== null) symlinkSync(packages, link, 'junction');
}

function linkTarget(link: string): string | null {
  try {
    return readlinkSync(link);
  } catch {
    return null;
  }
}

/** The package `millrace` for modules in the store: what this version of the program exports to them. */
function writeLibrary(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const names = Object.keys(library).join(', ');
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'millrace', type: 'module', exports: './index.js' }),
  );
  writeFileSync(
    join(folder, 'index.js'),
    `export const { ${names} } = globalThis[Symbol.for('${LIBRARY.description}')];\n`,
  );
}
