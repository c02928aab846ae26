/** Writes every generated file of the repository, or with --check says which are out of date. `npm run generate`. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

prepare({ build: false });
const { build } = await import('esbuild');
const functions = join(root, 'node_modules/.cache/millrace/generate-functions-doc.mjs');
await build({
  absWorkingDir: root,
  entryPoints: ['scripts/generate-functions-doc.ts'],
  outfile: functions,
  bundle: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
  logLevel: 'error',
});
for (const script of ['scripts/generate-grammar.mjs', functions]) {
  const { status } = spawnSync(process.execPath, [script, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
