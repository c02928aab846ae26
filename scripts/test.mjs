/**
 * `npm test`: all tests, or those that the arguments (vitest's) choose, on what is there after {@link prepare}. With `--update` golden
 * cases write down what came out instead of comparing it, and plans that this release has not kept yet are kept.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

prepare();
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
const updates = process.argv.includes('--update');
const child = spawn(process.execPath, [vitest, 'run', ...process.argv.slice(2).filter((word) => word !== '--update')], {
  cwd: root,
  stdio: 'inherit',
  env: updates ? { ...process.env, MILLRACE_UPDATE_CASES: '1' } : process.env,
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  console.log('The tests on a real Kafka were skipped: npm run test:kafka runs them.');
  process.exitCode = code ?? (signal === null ? 1 : 130);
});
