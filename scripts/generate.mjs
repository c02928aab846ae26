/** Writes every generated file of the repository, or with --check says which are out of date. `npm run generate`. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

prepare({ build: false });
const { build } = await import('esbuild');
const bundles = ['generate-functions-doc', 'generate-reference'].map((name) => ({
  source: `scripts/${name}.ts`,
  script: join(root, `node_modules/.cache/millrace/${name}.mjs`),
}));
for (const { source, script } of bundles) {
  await build({
    absWorkingDir: root,
    entryPoints: [source],
    outfile: script,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'error',
  });
}
// The reference quotes the grammar, so the grammar is written first.
for (const script of ['scripts/generate-grammar.mjs', ...bundles.map((bundle) => bundle.script)]) {
  const { status } = spawnSync(process.execPath, [script, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
