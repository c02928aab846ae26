import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openKafka } from '../../src/broker/kafka/open-kafka.js';
import { parseCaseFile } from '../support/case-file.js';
import { type CaseVariant, runCase } from '../support/case-runner.js';
import { cleanLogsEvery } from './support/log-cleaner.js';

/* The golden cases on a real cluster: what comes out must be what the embedded log gives. Every topic of the cluster is deleted after each. */

const BROKERS = process.env['MILLRACE_TEST_KAFKA'];
const FOLDER = join(import.meta.dirname, '../cases');
const NEVER_MS = 86_400_000;

const PLAIN: CaseVariant = {
  name: 'on Kafka',
  onFile: true,
  cacheBytes: 0,
  commitIntervalMs: 5,
  partitions: 1,
  restarts: false,
  checks: new Set(['rows', 'changes', 'topic', 'answer', 'plan', 'error']),
  kafka: BROKERS ?? '',
};
const RESTARTED: CaseVariant = {
  name: 'on Kafka, several partitions, stopped and started before each step',
  onFile: true,
  cacheBytes: 10_000_000,
  commitIntervalMs: 20,
  partitions: 3,
  restarts: true,
  checks: new Set(['rows', 'error']),
  kafka: BROKERS ?? '',
};

/** Cases that write records without a key to the topic of a table, which a compacted topic of Kafka does not take. */
const REFUSED: ReadonlySet<string> = new Set([
  'null keys where a key is needed',
  'a table from a table passes changes on',
]);

/** Cases that tell in which order records of several partitions were repartitioned: by time in one process, as they come between many. */
const ORDERED: ReadonlySet<string> = new Set(['a key of two columns']);

describe.skipIf(BROKERS === undefined)('golden cases', () => {
  const kafka = openKafka({ bootstrapServers: (BROKERS ?? '').split(','), clientId: 'cases', log: () => {} });
  const deleteTopics = async (): Promise<void> => {
    for (const { name } of await kafka.topics.list()) if (!name.startsWith('__')) await kafka.topics.delete(name);
  };
  beforeAll(async () => {
    // The records' times are of 1970, and every change to a windowed table is looked at.
    await cleanLogsEvery(BROKERS ?? '', NEVER_MS);
    await deleteTopics();
  });
  afterEach(deleteTopics);
  afterAll(async () => {
    await cleanLogsEvery(BROKERS ?? '', null);
    await kafka.close();
  });

  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.case'))) {
    describe(file, () => {
      for (const golden of parseCaseFile(readFileSync(join(FOLDER, file), 'utf8'))) {
        for (const variant of [PLAIN, RESTARTED]) {
          it.skipIf(REFUSED.has(golden.name) || (variant === RESTARTED && ORDERED.has(golden.name)))(
            `${golden.name}, ${variant.name}`,
            async () => {
              await runCase(golden, variant, ({ step, actual }) => {
                // What the service keeps in topics of its own is in the file of the embedded log.
                // Numbers of transient queries count what was planned before, and each statement comes by itself here.
                const visible = (lines: readonly string[]): readonly string[] =>
                  lines
                    .filter((line) => !line.includes('name: _confluent-ksql-'))
                    .map((line) => line.replace(/\b(transient_\w+_)\d+/g, '$1N'));
                expect(visible(actual), `> ${step.kind} ${step.argument}`).toEqual(
                  visible(step.kind === 'rows' ? [...step.expected].sort() : step.expected),
                );
              });
            },
          );
        }
      }
    });
  }
});
