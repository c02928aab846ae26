import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix, resolve } from 'node:path';
import { VERSION_LENGTH } from './function-id.js';
import type { TypeStripper } from './strip-types.js';

/** One module of functions with every file of the folder that it imports, as it was when it was read. */
export interface ModuleSnapshot {
  /** The file's name within the folder. */
  readonly module: string;
  /** A hash over all files. */
  readonly version: string;
  /** The file to load, among `files`. */
  readonly entry: string;
  /** What Node is to run, by paths below the folder. */
  readonly files: ReadonlyMap<string, Buffer | string>;
  /** What a `.js` file is. */
  readonly type: 'module' | 'commonjs';
  /** Where its packages are: the nearest node_modules; null when there is none. */
  readonly packages: string | null;
}

/** Finds what reads TypeScript, when the first file needs it; null when there is nothing. */
export type StripperSource = () => TypeStripper | null;

/** A module that cannot be taken: the message says why, without the module's name. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
}

const MODULES_MAX = 1000;
const FILES_MAX = 1000;
const BYTES_MAX = 16 * 1024 * 1024;

const MODULE = /^[^._][^/]*\.(?:[cm]?js|m?ts)$/;
const NO_MODULE = /\.d\.m?ts$|\.(?:test|spec|config)\.[cm]?[jt]s$/;
const TYPESCRIPT = /\.m?ts$/;
const CODE = /\.(?:[cm]?js|m?ts)$/;

/** Where code names another file: behind `from`, `import`, `require(` and `new URL(`. */
const SPECIFIER = /(\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*|\bnew\s+URL\s*\(\s*)(['"])(\.{1,2}\/[^'"\n]+)\2/g;

/**
 * The modules of a folder by name: its own `.js`, `.mjs`, `.cjs`, `.ts` and `.mts` files, without those that begin with `_` or a dot and
 * without declarations, tests and configurations.
 * @throws Error of the file system
 */
export function modulesOf(folder: string): readonly string[] {
  const names = readdirSync(folder)
    .filter((name) => MODULE.test(name) && !NO_MODULE.test(name) && statSync(join(folder, name)).isFile())
    .sort();
  if (names.length > MODULES_MAX) throw new SnapshotError(`${names.length} modules; the limit is ${MODULES_MAX}`);
  return names;
}

/**
 * Reads a module and what it imports of its folder, once, so that all that is made of it is of one moment.
 * @throws SnapshotError
 */
export function snapshotModule(folder: string, module: string, stripperSource: StripperSource): ModuleSnapshot {
  const sources = readClosure(folder, module);
  const type = moduleType(folder);
  const hash = createHash('sha256').update(type);
  const files = new Map<string, Buffer | string>();
  for (const [path, bytes] of [...sources].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`\0${path}\0${bytes.length}\0`).update(bytes);
    files.set(
      emittedName(path),
      CODE.test(path) ? emitted(folder, path, bytes.toString('utf8'), stripperSource) : bytes,
    );
  }
  return {
    module,
    version: hash.digest('hex').slice(0, VERSION_LENGTH),
    entry: emittedName(module),
    files,
    type,
    packages: nearest(folder, 'node_modules'),
  };
}

function readClosure(folder: string, module: string): ReadonlyMap<string, Buffer> {
  const sources = new Map<string, Buffer>();
  const waiting = [module];
  let bytes = 0;
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (sources.has(path)) continue;
    const content = readFileSync(join(folder, path));
    bytes += content.length;
    if (sources.size >= FILES_MAX || bytes > BYTES_MAX) {
      throw new SnapshotError(`it imports more than ${FILES_MAX} files, or more than ${BYTES_MAX} bytes`);
    }
    sources.set(path, content);
    if (!CODE.test(path)) continue;
    for (const [, , , specifier] of content.toString('utf8').matchAll(SPECIFIER)) {
      const target = targetOf(folder, path, specifier!);
      if (target === null) continue;
      if (target.startsWith('../')) {
        throw new SnapshotError(`${path} imports ${specifier}, which lies outside of the folder of functions`);
      }
      waiting.push(target);
    }
  }
  return sources;
}

/** The file that a specifier means, as a path below the folder with `/`; null when there is none. */
function targetOf(folder: string, from: string, specifier: string): string | null {
  const path = posix.join(posix.dirname(from), specifier);
  const candidates = [
    path,
    path.replace(/js$/, 'ts'),
    ...['.js', '.ts', '.cjs', '.mjs', '.json', '/index.js', '/index.ts'].map((end) => path + end),
  ];
  return candidates.find((candidate) => isFile(join(folder, candidate))) ?? null;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** The name under which Node runs a file: TypeScript becomes an ES module. */
function emittedName(path: string): string {
  return TYPESCRIPT.test(path) ? `${path}.mjs` : path;
}

function emitted(folder: string, path: string, source: string, stripperSource: StripperSource): string {
  const text = source.replace(SPECIFIER, (whole, before: string, quote: string, specifier: string) => {
    const target = targetOf(folder, path, specifier);
    if (target === null || !TYPESCRIPT.test(target)) return whole;
    const relative = posix.relative(posix.dirname(path), emittedName(target));
    return `${before}${quote}${relative.startsWith('.') ? relative : `./${relative}`}${quote}`;
  });
  if (!TYPESCRIPT.test(path)) return text;
  const stripper = stripperSource();
  if (stripper === null) {
    throw new SnapshotError(
      `TypeScript cannot be read by Node ${process.versions.node} alone: install esbuild for this folder (npm install esbuild), run Node 22.13 or later, or write the module in JavaScript`,
    );
  }
  try {
    return stripper(text, path);
  } catch (error) {
    throw new SnapshotError(`${path} is not TypeScript that can be read: ${(error as Error).message.trim()}`);
  }
}

/** ES modules, unless the package around the folder says that its `.js` files are CommonJS. */
function moduleType(folder: string): 'module' | 'commonjs' {
  const file = nearest(folder, 'package.json');
  if (file === null) return 'module';
  try {
    const { type } = JSON.parse(readFileSync(file, 'utf8')) as { readonly type?: unknown };
    return type === 'commonjs' ? 'commonjs' : 'module';
  } catch {
    return 'module';
  }
}

/** The file or folder of this name in the folder or above. */
function nearest(folder: string, name: string): string | null {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const path = join(at, name);
    if (existsSync(path)) return path;
    if (dirname(at) === at) return null;
  }
}
