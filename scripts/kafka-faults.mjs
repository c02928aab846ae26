/**
 * Faults on a real broker. Records come in all the time, and what comes out is read back by Kafka's own console consumer and compared with
 * what a naive interpreter makes of the input: nothing may be lost, and nothing doubled.
 *
 *   node scripts/kafka-faults.mjs check                                the judge itself, on made-up logs; needs no broker
 *   node scripts/kafka-faults.mjs kill [--kills 2000] [--every 100] [--fresh 500] [--guarantee at_least_once]
 *   node scripts/kafka-faults.mjs nodes [--minutes 10] [--nodes 3]     nodes start, stop, relieve one another, die, freeze
 *   node scripts/kafka-faults.mjs broker [--away SECONDS] [--only NAME,...]
 *                                                                      brokers that are away, refuse a password; a full disk
 *   node scripts/kafka-faults.mjs ci                                   a short run of everything
 *
 * Common: [--seed N] [--rate RECORDS_PER_SECOND] [--slack SECONDS] [--version KAFKA_VERSION]. Needs Java, and Maven for the first time;
 * without them it is skipped, in one line. Ends with 1 at any violation; then the folder with logs and state is kept.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { kafkaMissing, testedKafkaVersion } from '../test/kafka/support/kafka-jars.mjs';
import { checkJudge } from './kafka-faults/check.mjs';
import { say } from './kafka-faults/report.mjs';

const COMMANDS = ['check', 'kill', 'nodes', 'broker', 'ci'];

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    kills: { type: 'string', default: '2000' },
    every: { type: 'string', default: '100' },
    fresh: { type: 'string', default: '500' },
    guarantee: { type: 'string', default: 'exactly_once_v2' },
    minutes: { type: 'string', default: '10' },
    nodes: { type: 'string', default: '3' },
    away: { type: 'string', default: '120' },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_007) },
    rate: { type: 'string', default: '300' },
    slack: { type: 'string', default: '5' },
    version: { type: 'string', default: testedKafkaVersion() },
  },
});
const [command] = positionals;
if (!COMMANDS.includes(command) || positionals.length > 1) {
  console.error(`usage: node scripts/kafka-faults.mjs ${COMMANDS.join('|')} [OPTIONS]`);
  process.exit(2);
}
process.exitCode = await main();

async function main() {
  checkJudge();
  if (command === 'check') return 0;
  const missing = kafkaMissing(values.version);
  if (missing !== null) {
    console.log(`kafka faults: skipped: ${missing}`);
    return 0;
  }
  const { runDrivers } = await import('./kafka-faults/run-drivers.mjs');
  const folder = mkdtempSync(join(tmpdir(), 'millrace-faults-'));
  const numbers = Object.fromEntries(
    ['kills', 'every', 'fresh', 'minutes', 'nodes', 'away', 'seed', 'rate', 'slack'].map((name) => [
      name,
      Number(values[name]),
    ]),
  );
  const only = values.only === '' ? null : values.only.split(',');
  say(`kafka faults: ${process.argv.slice(2).join(' ')}, seed ${numbers.seed}, Apache Kafka ${values.version}`);
  const problems = await runDrivers({
    ...numbers,
    command,
    only,
    guarantee: values.guarantee,
    version: values.version,
    folder,
  });
  if (problems.length === 0) {
    rmSync(folder, { recursive: true, force: true });
    say('kafka faults: passed');
    return 0;
  }
  say(`kafka faults: FAILED, seed ${numbers.seed}`);
  for (const problem of problems) console.log(`  ${problem}`);
  say(`logs and state are kept: ${folder}`);
  return 1;
}
