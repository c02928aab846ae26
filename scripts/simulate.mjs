/**
 * `npm run simulate`: runs the real code of a shard on a simulated cluster, with a seed for each run (docs/simulation.md). Fails when an oracle
 * finds something, and prints how to see it again.
 *
 *     --seeds N      so many seeds, 10,000 by default
 *     --from S       the first of them, 1 by default
 *     --mutant NAME  a planted fault instead of the code as it is, several with commas, `all` for all: each must be found within the seeds
 *     --seed S       one run only
 *     --trace        with all that happens
 *     --every        goes on after the first seed that finds something, and counts them
 *
 *     --alone        no planted faults
 *
 * Without --mutant, --seed and --alone, all planted faults follow.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { importBundle } from './import-typescript.mjs';
import { root } from './prepare.mjs';

const UNDER_TEST = join(root, 'src/executor/shard');
/** Lines of a trace that are shown of a run that failed. */
const TRACE_LINES = 60;

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '1' },
    mutant: { type: 'string' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    every: { type: 'boolean', default: false },
    alone: { type: 'boolean', default: false },
  },
});
const from = Number(options.seed ?? options.from);
const count = options.seed === undefined ? Number(options.seeds) : 1;

const { MUTANTS, SCALED } = await load([]);
const sound = await load(SCALED);
const chosen = chooseMutants();
if (options.mutant === undefined) await runSound();
for (const mutant of chosen) await runMutant(mutant);

function chooseMutants() {
  const { mutant, seed, alone } = options;
  if (mutant === undefined) return seed === undefined && !alone ? MUTANTS : [];
  if (mutant === 'all') return MUTANTS;
  return mutant.split(',').map((name) => {
    const found = MUTANTS.find((m) => m.name === name);
    if (found !== undefined) return found;
    console.error(`there is no planted fault "${name}": ${MUTANTS.map((m) => m.name).join(', ')}`);
    process.exit(2);
  });
}

/** The code as it is: every seed must pass. */
async function runSound() {
  const started = performance.now();
  const before = process.cpuUsage();
  let steps = 0;
  let commits = 0;
  const found = new Map();
  for (let seed = from; seed < from + count; seed++) {
    const result = await sound.simulate(seed);
    steps += result.steps;
    commits += result.commits;
    if (result.violation !== null && options.every) {
      const kind = result.violation.replace(/\{[^}]*\}|\d+/g, '#');
      const seeds = found.get(kind) ?? [];
      if (seeds.length === 0) found.set(kind, seeds);
      seeds.push(seed);
    } else if (result.violation !== null) {
      console.error(`seed ${seed}: ${result.violation}`);
      await printTrace(sound, seed, {});
      console.error(`again: npm run simulate -- --seed ${seed} --trace`);
      process.exitCode = 1;
      return;
    }
    if (options.trace && count === 1) await printTrace(sound, seed, {});
  }
  for (const [kind, seeds] of found) {
    console.error(`${seeds.length} seeds, the first is ${seeds[0]}: ${kind}`);
    process.exitCode = 1;
  }
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  console.log(
    `simulation: ${count} seeds${found.size > 0 ? '' : ' pass'}, ${commits} commits, ${steps} events, ${seconds.toFixed(1)} s, ${Math.round((count * 1e6) / (user + system))} seeds a second of one processor`,
  );
}

/** A planted fault: some seed must fail. */
async function runMutant(mutant) {
  const code = mutant.changes.length === 0 ? sound : await load([...SCALED, ...mutant.changes]);
  const { planted } = mutant;
  let found = 0;
  let first = null;
  let seed = from;
  for (; seed < from + count && (first === null || options.every); seed++) {
    const { violation } = await code.simulate(seed, { planted });
    if (violation === null) continue;
    found++;
    first ??= { seed, violation };
  }
  if (first === null) {
    console.error(`${mutant.name}: NOT FOUND in ${count} seeds: ${mutant.what}`);
    process.exitCode = 1;
    return;
  }
  const rate = options.every ? `, ${found} of ${count} seeds find it` : '';
  console.log(`${mutant.name.padEnd(22)} found by seed ${first.seed}${rate}: ${first.violation}`);
  if (options.trace) await printTrace(code, first.seed, planted);
}

async function printTrace(code, seed, planted) {
  const lines = [];
  await code.simulate(seed, { planted, onTrace: (line) => lines.push(line) });
  if (!options.trace && lines.length > TRACE_LINES) {
    console.log(`... ${lines.length - TRACE_LINES} lines before`);
    lines.splice(0, lines.length - TRACE_LINES);
  }
  console.log(lines.join('\n'));
}

/** The simulation and the code under test, with changes to the text of the latter. */
async function load(changes) {
  const applied = new Set();
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const code = await importBundle('simulation', {
    entryPoints: ['test/simulation/main.ts'],
    external: Object.keys(dependencies),
    plugins: [
      {
        name: 'planted-faults',
        setup({ onLoad }) {
          onLoad({ filter: /executor[\\/]shard[\\/][^\\/]+\.ts$/ }, ({ path }) => {
            let contents = readFileSync(path, 'utf8');
            for (const change of changes) {
              if (path !== join(UNDER_TEST, change.file)) continue;
              const parts = contents.split(change.from);
              if (parts.length !== 2) {
                throw new Error(`${change.file} has ${parts.length - 1} places like this, not one: ${change.from}`);
              }
              contents = parts.join(change.to);
              applied.add(change);
            }
            return { contents, loader: 'ts' };
          });
        },
      },
    ],
  });
  const unused = changes.find((change) => !applied.has(change));
  if (unused !== undefined) throw new Error(`${unused.file} is no part of the simulation`);
  return code;
}
