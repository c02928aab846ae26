/**
 * `npm run conformance`: runs the test runner over the conformance corpus and compares what passes with the floor in
 * test/conformance-floor.json. Fails when fewer cases pass than it says, or when one that passed no longer does.
 *
 * The corpus lies beside the project, in ../shared/qtt, or where MILLRACE_QTT says. Options: `--update` raises the floor, `--summary`
 * groups the failures by reason, `--failures` lists them, `--filter TEXT` runs only cases whose id contains it.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { root } from './prepare.mjs';

const FLOOR = join(root, 'test/conformance-floor.json');
const KINDS = ['query', 'sql', 'rest'];

const { values: options } = parseArgs({
  options: {
    update: { type: 'boolean', default: false },
    summary: { type: 'boolean', default: false },
    failures: { type: 'boolean', default: false },
    filter: { type: 'string' },
  },
});
const corpus = process.env.MILLRACE_QTT ?? join(root, '../shared/qtt');
if (existsSync(corpus)) {
  await run();
} else {
  console.log(`conformance: skipped, the corpus is not in ${corpus} (MILLRACE_QTT names another folder)`);
}

async function run() {
  const started = performance.now();
  const results = await runCorpus();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const passed = results.filter(({ status }) => status === 'passed').map(({ id }) => id);
  console.log(`conformance: ${passed.length} of ${results.length} cases pass (${seconds} s)`);
  if (options.filter === undefined) compare(passed.sort());
}

/** The results of all cases. Failures are printed as asked. */
async function runCorpus() {
  const { runTests } = await importRunner();
  const paths = KINDS.map((kind) => join(corpus, kind)).filter((path) => existsSync(path));
  const results = [];
  await runTests({
    paths,
    reporters: [
      { result: (result) => results.push(result), end: () => {} },
      ...(options.summary || options.failures ? ['plain'] : []),
    ],
    summary: options.summary,
    dialect: 'ksqldb',
    filter: options.filter ?? null,
    write: (line) => console.log(line),
  });
  return results;
}

/** The runner from the sources, so that nothing has to be built before. */
async function importRunner() {
  const outfile = join(root, 'node_modules/.cache/millrace/conformance-runner.mjs');
  mkdirSync(dirname(outfile), { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: ['src/testing/run-tests.ts'],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
  });
  return import(pathToFileURL(outfile).href);
}

function compare(passed) {
  const floor = existsSync(FLOOR) ? JSON.parse(readFileSync(FLOOR, 'utf8')) : { passed: 0, ids: [] };
  const now = new Set(passed);
  const lost = floor.ids.filter((id) => !now.has(id));
  for (const id of lost) console.error(`conformance: passed before and no longer does: ${id}`);
  if (options.update) {
    if (lost.length > 0) {
      console.error('conformance: the floor is not changed: it only rises');
      process.exitCode = 1;
      return;
    }
    writeFileSync(FLOOR, `${JSON.stringify({ passed: passed.length, ids: passed }, null, 2)}\n`);
    console.log(`conformance: the floor is ${passed.length} now, it was ${floor.passed}`);
    return;
  }
  if (lost.length > 0 || passed.length < floor.passed) {
    console.error(`conformance: below the floor of ${floor.passed}`);
    process.exitCode = 1;
  } else if (passed.length > floor.passed) {
    console.log(`conformance: above the floor of ${floor.passed}: run with --update to raise it`);
  }
}
