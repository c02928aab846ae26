import { ClusterHealth } from '../../../src/broker/kafka/cluster-health.js';
import { KafkaConnection } from '../../../src/broker/kafka/kafka-connection.js';
import type { Api } from '../../../src/broker/kafka/wire/api.js';

/** How brokers call the pause between two rounds of their log cleaners. */
const SETTING = 'log.cleaner.backoff.ms';
const BROKER = 4;
const SET = 0;
const DELETE = 1;

/**
 * Sets how often the log cleaners of a cluster come by, for every broker of it.
 *
 * A round of theirs compacts, and it also deletes from topics that are both compacted and deleted, which those of windowed tables are,
 * whatever the brokers' `log.retention.check.interval.ms` says. That goes by the time of the records, which in tests may lie years back.
 *
 * @param servers `host:port,...`
 * @param ms null for what the brokers were started with
 */
export async function cleanLogsEvery(servers: string, ms: number | null): Promise<void> {
  const connection = new KafkaConnection(
    { bootstrapServers: servers.split(','), clientId: 'log-cleaner', log: () => {} },
    new ClusterHealth(
      () => {},
      () => performance.now(),
    ),
  );
  try {
    const refused = await connection.any(ALTER_EVERY_BROKER, ms);
    if (refused !== null) throw new Error(`${SETTING} is not set: ${refused}`);
  } finally {
    await connection.close();
  }
}

/** IncrementalAlterConfigs for the one setting. Answers why it was refused, or null. */
const ALTER_EVERY_BROKER: Api<number | null, string | null> = {
  name: 'IncrementalAlterConfigs',
  key: 44,
  version: 0,
  flexible: false,
  encode(to, ms) {
    to.arrayLength(1);
    to.int8(BROKER);
    to.string('');
    to.arrayLength(1);
    to.string(SETTING);
    to.int8(ms === null ? DELETE : SET);
    to.nullableString(ms === null ? null : String(ms));
    to.bool(false);
  },
  decode(from) {
    from.int32();
    const [refused] = from.array((f) => {
      const error = f.int16();
      const message = f.nullableString();
      f.int8();
      f.string();
      return error === 0 ? null : `${message ?? 'error'} (${error})`;
    });
    return refused ?? null;
  },
};
