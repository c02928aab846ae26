import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { CodeCache, codeCacheFolder, digest } from './code-cache.js';

/** What the bundle exports: what a process or a thread begins with -> what starts it. */
export type Bundle = Readonly<Record<'cli' | 'streamThread' | 'shardThread', () => unknown>>;

/** How long after the start code is kept, in milliseconds: then what a server needs to start has been compiled. */
const KEEP_AFTER = 5_000;

/** Says to the threads of a process where it keeps compiled code. A library's threads are told nothing and keep none. */
const FOLDER = 'millrace.code-cache';

/** Makes this process, and the threads that it starts, keep compiled code where the environment says. */
export function enableCodeCache(): void {
  setEnvironmentData(FOLDER, codeCacheFolder(process.env));
}

/**
 * Runs the bundle, with code that V8 compiled in an earlier process where there is any; where there is none, this
 * process's is kept after `KEEP_AFTER`, or when `keepAtExit` and it ends well before.
 *
 * @param url the bundle, a CommonJS file in ASCII that has no `import()`
 * @param name tells apart what different entries compile
 */
export function runBundle(url: URL, name: string, keepAtExit = false): Bundle {
  const path = fileURLToPath(url);
  const folder = getEnvironmentData(FOLDER);
  const source = readFileSync(path);
  // A source of one byte a character is half as large, and one that is compiled from a cache is not looked at.
  const text = `(function (exports, require, module, __filename, __dirname) {${source.toString('latin1')}\n})`;
  if (typeof folder !== 'string') return evaluate(new Script(text, { filename: path }), path);

  const cache = new CodeCache(folder);
  const key = `${name}-${digest(source).toString('hex').slice(0, 16)}-${process.version}-${process.arch}`;
  const cachedData = cache.read(key);
  const script = new Script(text, { filename: path, cachedData });
  if (cachedData === undefined || script.cachedDataRejected === true) {
    const keep = (): void => cache.write(key, script.createCachedData());
    setTimeout(keep, KEEP_AFTER).unref();
    if (keepAtExit) {
      process.once('exit', (code) => {
        if (code === 0 && process.uptime() * 1000 < KEEP_AFTER) keep();
      });
    }
  }
  return evaluate(script, path);
}

function evaluate(script: Script, path: string): Bundle {
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(path), module, path, dirname(path));
  return module.exports as Bundle;
}
