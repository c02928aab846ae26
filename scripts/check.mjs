/**
 * `npm run check`: format and lint, types, generated files, then the architecture, unit, contract and property tests: what must
 * hold before every commit. Runs all of it, whatever fails, and names what did.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

const bin = (path) => join(root, 'node_modules', path);

const CHECKS = [
  ['format and lint', [bin('@biomejs/biome/bin/biome'), 'ci', '--max-diagnostics=50']],
  ['types', [bin('typescript/bin/tsc'), '--noEmit', '-p', '.']],
  ['generated files', ['scripts/generate.mjs', '--check']],
  ['tests', [bin('vitest/vitest.mjs'), 'run']],
];

prepare();
const failed = [];
for (const [name, command] of CHECKS) {
  const started = performance.now();
  console.log(`\n--- ${name}`);
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) failed.push(name);
  console.log(
    `--- ${name}: ${status === 0 ? 'ok' : 'FAILED'} (${((performance.now() - started) / 1000).toFixed(1)} s)`,
  );
}
if (failed.length > 0) {
  console.error(`\nfailed: ${failed.join(', ')}`);
  process.exitCode = 1;
} else {
  console.log('\nall checks passed');
}
