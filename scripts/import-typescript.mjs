import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from './prepare.mjs';

const BUNDLE = { bundle: true, write: false, platform: 'node', format: 'esm', logLevel: 'error' };

let imports = 0;

/**
 * Imports a TypeScript module with all it needs, without a build before it.
 * `entry` is relative to the working directory, which must be the root of the project.
 */
export async function importTypeScript(entry) {
  const result = await build({ ...BUNDLE, entryPoints: [entry] });
  const code = Buffer.from(result.outputFiles[0].contents).toString('base64');
  return import(`data:text/javascript;base64,${code}`);
}

/**
 * Imports a bundle that leaves packages out, native ones for example. `entryPoints` are relative to the root of the project.
 * @param name of the file, for stack traces
 * @param options of esbuild
 */
export async function importBundle(name, options) {
  const result = await build({ ...BUNDLE, absWorkingDir: root, target: 'node20', ...options });
  // A file below node_modules, so that packages are found.
  const folder = join(root, 'node_modules/.cache/millrace');
  const file = join(folder, `${name}-${process.pid}-${++imports}.mjs`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, result.outputFiles[0].contents);
  try {
    return await import(pathToFileURL(file).href);
  } finally {
    rmSync(file);
  }
}
