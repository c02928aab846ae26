import type { KafkaOptions } from '../../broker/kafka/kafka-options.js';
import { openKafka } from '../../broker/kafka/open-kafka.js';
import { storedRegistry } from '../../functions/user/stored-registry.js';
import { type Clock, systemClock } from '../../model/time.js';
import { parseFailpoints } from './failpoints.js';
import type { ShardHostOwner, ShardHostSettings } from './shard-host.js';
import { ShardThread } from './shard-thread.js';

/** Connects a stream thread to the cluster. It connects by itself, again and again: this does not wait for it. */
export async function openShardThread(
  settings: ShardHostSettings,
  owner: ShardHostOwner,
  clock: Clock = systemClock,
): Promise<ShardThread> {
  const log = (level: 'debug' | 'info' | 'warn' | 'error', message: string): void => {
    if (level !== 'debug') owner.event({ kind: 'log', level, message });
  };
  const kafka = await openKafka({ ...(settings.connection as KafkaOptions), log });
  // The first shard finds connections that are open.
  kafka.connect().catch(() => {});
  const readers = kafka.readers();
  const restoreReaders = kafka.readers();
  return new ShardThread({
    settings,
    readers,
    restoreReaders,
    writers: kafka.writers,
    topics: kafka.topics,
    functions: storedRegistry(settings.functionStore),
    clock,
    random: Math.random,
    elapsed: () => performance.now(),
    failpoints: parseFailpoints(settings.failpoints ?? undefined),
    owner,
    release: async () => {
      await Promise.all([readers.close(), restoreReaders.close()]);
      await kafka.close();
    },
  });
}
