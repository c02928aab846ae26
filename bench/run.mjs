/**
 * Runs benchmarks: `npm run bench` all of them, `npm run bench -- NAME [ARGUMENTS...]` one. Each prints ratios against something
 * that runs beside it in the same minute, since bare times say more about the machine than about the code.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { prepare, root } from '../scripts/prepare.mjs';

/** Every benchmark, in the order that they run in. */
const BENCHES = {
  formats: 'decoding and encoding records in each format, beside what one would write by hand',
  functions: 'every built-in function, beside an addition',
  state: 'stores of tasks, beside hand-written SQLite statements',
  pipeline: 'one pipeline over batches in memory, beside a hand-written loop',
  spine: 'the engine on the embedded log, beside a hand-written Node loop; cold start and memory of the server',
  kafka: 'the engine on a real broker, beside Kafka Streams; needs Java and Maven',
};

const [name, ...args] = process.argv.slice(2);
if (name !== undefined && !Object.hasOwn(BENCHES, name)) {
  const lines = Object.entries(BENCHES).map(([known, text]) => `  ${known.padEnd(10)} ${text}`);
  console.error(`there is no benchmark "${name}"; there are\n${lines.join('\n')}`);
  process.exit(2);
}

prepare();
const { build } = await import('esbuild');
for (const bench of name === undefined ? Object.keys(BENCHES) : [name]) {
  const outfile = join(root, `node_modules/.cache/millrace/bench/${bench}.mjs`);
  await build({
    absWorkingDir: root,
    entryPoints: [`bench/${bench}.ts`],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
  });
  console.log(`\n${bench}: ${BENCHES[bench]}`);
  const { status } = spawnSync(process.execPath, [outfile, ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
