/**
 * `npm run test:kafka [-- [--versions 4.1.0,3.9.1] ARGUMENTS...]`: the tests under test/kafka, or those that the arguments (vitest's)
 * choose, once on a broker of each version; MILLRACE_KAFKA_VERSIONS names other versions. A broker is a process of this machine, for which
 * Java is needed, and Maven for the first time.
 *
 * Where MILLRACE_TEST_KAFKA is `host:port,...` the tests run once, on that cluster. With neither the tests are skipped, in one line.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { startKafka } from '../test/kafka/support/kafka-cluster.mjs';
import { kafkaMissing } from '../test/kafka/support/kafka-jars.mjs';
import { prepare, root } from './prepare.mjs';

const DEFAULT_VERSIONS = '4.1.0,3.9.1';

const { versions, rest } = readArguments(process.argv.slice(2));
let child = null;
let stopped = false;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    stopped = true;
    child?.kill(signal);
  });
}

if (process.env.MILLRACE_TEST_KAFKA) {
  prepare();
  process.exitCode = await runTests({});
} else {
  const missing = versions.map(kafkaMissing).find((why) => why !== null);
  if (missing !== undefined) console.log(`kafka tests: skipped, ${missing}, and MILLRACE_TEST_KAFKA names no cluster`);
  else {
    prepare();
    process.exitCode = await runOnVersions();
  }
}

async function runOnVersions() {
  let worst = 0;
  for (const version of versions) {
    if (stopped) return 130;
    console.log(`\nkafka tests: on Apache Kafka ${version}`);
    const cluster = await startKafka({ version });
    try {
      const code = await runTests({
        MILLRACE_TEST_KAFKA: cluster.bootstrapServers,
        MILLRACE_TEST_KAFKA_VERSION: version,
      });
      worst = Math.max(worst, code);
    } finally {
      await cluster.close();
    }
  }
  return worst;
}

async function runTests(env) {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  child = spawn(process.execPath, [vitest, 'run', '--config', 'vitest.kafka.config.ts', ...rest], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  const [code] = await once(child, 'exit');
  child = null;
  return code ?? 130;
}

function readArguments(words) {
  const rest = [...words];
  let text = process.env.MILLRACE_KAFKA_VERSIONS || DEFAULT_VERSIONS;
  const at = rest.findIndex((word) => word === '--versions' || word.startsWith('--versions='));
  if (at >= 0) {
    const [word] = rest.splice(at, 1);
    text = word.includes('=') ? word.slice(word.indexOf('=') + 1) : (rest.splice(at, 1)[0] ?? '');
  }
  const versions = text.split(',').map((version) => version.trim());
  const wrong = versions.find((version) => !/^\d+\.\d+\.\d+$/.test(version));
  if (wrong !== undefined) {
    console.error(
      `--versions wants versions of Apache Kafka with commas between, such as ${DEFAULT_VERSIONS}, and not "${wrong}"`,
    );
    process.exit(2);
  }
  return { versions, rest };
}
