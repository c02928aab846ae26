/**
 * `npm run fuzz -- formats`, `npm run fuzz -- batches`: reads damaged records in every format, or damaged record batches in every codec, with what
 * reads them in tasks. Nothing may come out but a refusal of the record, no read may take long, and memory must stay as it is after the first
 * records. Without a word, both. Prints what it found, and how to see it again.
 *
 *     --records N    so many damaged inputs, for each format, 1,000,000 by default
 *     --seed N       another one each time by default
 *     --format NAME  one format instead of all
 *     --from N       the number of the first record: with --records 1 one that failed
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { importBundle } from './import-typescript.mjs';
import { root } from './prepare.mjs';

/** CommonJS packages in an ESM bundle ask for Node's own modules by `require`. */
const BANNER =
  "import { createRequire as millraceRequire } from 'node:module';\nconst require = millraceRequire(import.meta.url);";
/** They have native code. */
const EXTERNAL = ['better-sqlite3', '@node-rs/crc32'];

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    records: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_007) },
    format: { type: 'string' },
    from: { type: 'string', default: '0' },
  },
});
const [records, seed, from] = [Number(options.records), Number(options.seed), Number(options.from)];
const { FUZZED_FORMATS, batchSubject, formatSubject, fuzz, verdict } = await load();

for (const { run, make } of chooseRuns()) {
  const report = await fuzz(make(), { records, seed, from, watchMemory: records > 1 });
  const problem = verdict(report);
  if (problem === null) {
    console.log(describe(run, report));
  } else {
    console.error(`${run}, seed ${seed}: ${problem}`);
    const one =
      report.failure === null ? `--records ${records} --from ${from}` : `--records 1 --from ${report.failure.record}`;
    console.error(`again: npm run fuzz -- ${run} --seed ${seed} ${one}`);
    process.exitCode = 1;
  }
}

function chooseRuns() {
  const runs = FUZZED_FORMATS.map((format) => ({
    what: 'formats',
    format,
    run: `formats --format ${format}`,
    make: () => formatSubject(format, seed),
  }));
  runs.push({ what: 'batches', run: 'batches', make: () => batchSubject(join(root, 'test/unit/broker/fixtures')) });
  const format = options.format?.toUpperCase();
  const what = positionals[0] ?? (format === undefined ? undefined : 'formats');
  const chosen = runs.filter(
    (run) => (what === undefined || run.what === what) && (format === undefined || run.format === format),
  );
  const numbers = [records, seed, from].every((number) => Number.isSafeInteger(number) && number >= 0);
  if (chosen.length > 0 && numbers && records > 0 && positionals.length < 2) return chosen;
  console.error(
    `usage: npm run fuzz -- [formats|batches] [--records N] [--seed N] [--from N] [--format ${FUZZED_FORMATS.join('|')}]`,
  );
  process.exit(2);
}

function describe(run, { records: count, reads, refused, slowestMs, seconds, memory }) {
  const lines = [
    `${run}, seed ${seed}: ${count} records, ${reads} reads, ${percent(refused / reads)} refused, the slowest ${slowestMs.toFixed(1)} ms, ${seconds.toFixed(0)} s, ${Math.round(count / seconds)} records a second`,
  ];
  if (memory !== null) {
    const { liveHeapBefore, liveHeapAfter, heapUsedMax, rssMax, peakRssBefore, peakRssAfter } = memory;
    lines.push(
      `  alive ${megabytes(liveHeapBefore)} after the first records, ${megabytes(liveHeapAfter)} at the end; heap at most ${megabytes(heapUsedMax)}, process ${megabytes(rssMax)}; peak ${megabytes(peakRssBefore)}, then ${megabytes(peakRssAfter)}`,
    );
  }
  return lines.join('\n');
}

function percent(part) {
  return `${(part * 100).toFixed(0)}%`;
}

function megabytes(bytes) {
  return `${(bytes / 1024 / 1024).toFixed(0)} MB`;
}

/** The fuzzer with the code under test. */
async function load() {
  return importBundle('fuzz', {
    entryPoints: ['test/fuzz/main.ts'],
    external: EXTERNAL,
    banner: { js: BANNER },
  });
}
