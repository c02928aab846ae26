import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';

/** Files that are kept: a few entries of a few versions. */
const FILES_MAX = 24;
const DIGEST_BYTES = 32;
/** What the names of this class's files end with, drafts too: the folder may hold files of others. */
const SUFFIX = '.v8code';
const OWN = /\.v8code(?:\.\d+-\d+)?$/;

/**
 * Code that V8 has compiled, kept for the next start, in files of one folder. A file is a SHA-256 of what follows, then
 * what V8 wrote: V8 itself only compares its own version, its flags and the length of the source.
 *
 * Whoever can write a file here runs code as its reader, so the folder must belong to this user and be closed to others.
 * No failure leaves this class: without the cache code is compiled as ever.
 */
export class CodeCache {
  readonly #folder: string;

  /** @param folder made at the first `write`, for this user alone */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What was kept under a name; undefined when nothing was, when it is damaged, or when others may write the folder. */
  read(name: string): Buffer | undefined {
    try {
      if (!isOwnFolder(this.#folder)) return undefined;
      const file = readFileSync(join(this.#folder, name + SUFFIX));
      const code = file.subarray(DIGEST_BYTES);
      return digest(code).equals(file.subarray(0, DIGEST_BYTES)) ? code : undefined;
    } catch {
      return undefined;
    }
  }

  /** Keeps code under a name, whole or not at all, and removes the oldest of its files beyond `FILES_MAX`. */
  write(name: string, code: Uint8Array): void {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      if (!isOwnFolder(this.#folder)) return;
      const path = join(this.#folder, name + SUFFIX);
      const draft = `${path}.${process.pid}-${threadId}`;
      writeFileSync(draft, Buffer.concat([digest(code), code]), { mode: 0o600 });
      renameSync(draft, path);
      this.#removeOldest();
    } catch {
      // A folder that is not to be written costs the next start a fifth of a second and nothing else.
    }
  }

  #removeOldest(): void {
    const files = readdirSync(this.#folder)
      .filter((name) => OWN.test(name))
      .map((name) => join(this.#folder, name))
      .map((path) => ({ path, time: statSync(path).mtimeMs }))
      .sort((a, b) => b.time - a.time);
    for (const { path } of files.slice(FILES_MAX)) rmSync(path, { force: true });
  }
}

/**
 * Where compiled code is kept: the folder that `MILLRACE_CODE_CACHE` names, else the user's folder for caches; undefined
 * when that variable says `off`, or when this user has no home.
 */
export function codeCacheFolder(env: NodeJS.ProcessEnv): string | undefined {
  const wish = env.MILLRACE_CODE_CACHE;
  if (wish === 'off') return undefined;
  if (wish !== undefined && wish !== '') return wish;
  if (process.platform === 'win32' && env.LOCALAPPDATA) return join(env.LOCALAPPDATA, 'millrace', 'code');
  if (process.platform !== 'darwin' && env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'millrace/code');
  try {
    return join(homedir(), process.platform === 'darwin' ? 'Library/Caches' : '.cache', 'millrace/code');
  } catch {
    return undefined;
  }
}

/** A SHA-256, by which code and its source are told from others. */
export function digest(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function isOwnFolder(folder: string): boolean {
  const stats = lstatSync(folder);
  if (process.getuid === undefined) return stats.isDirectory();
  return stats.isDirectory() && stats.uid === process.getuid() && (stats.mode & 0o022) === 0;
}
