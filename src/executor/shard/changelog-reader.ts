import type { BatchReader, BatchReaders } from '../../broker/cluster-log.js';
import type { ChangelogPlace } from './shard-ports.js';

const TAKE_BYTES = 1024 * 1024;

/** A changelog partition, and what it is read with. */
export interface ChangelogSource {
  readonly readers: BatchReaders;
  readonly changelog: ChangelogPlace;
  /** Aborted once the shard is closed meanwhile. */
  readonly signal: AbortSignal;
}

/** The next batches of a reader, or none when it has only passed over something. */
export async function nextBatches(
  { signal }: Pick<ChangelogSource, 'signal'>,
  reader: BatchReader,
  changed: () => Promise<void>,
): Promise<ReturnType<BatchReader['take']>> {
  const before = reader.next;
  for (;;) {
    signal.throwIfAborted();
    const batches = reader.take(TAKE_BYTES);
    if (batches.length > 0 || reader.next > before) return batches;
    if (reader.failure !== null) throw reader.failure;
    await changed();
  }
}

/**
 * Reads a changelog partition from an offset on.
 * @param use gets the reader, and what to wait for when it has nothing
 */
export async function withReader<T>(
  { readers, changelog, signal }: ChangelogSource,
  from: number,
  use: (reader: BatchReader, changed: () => Promise<void>) => Promise<T>,
): Promise<T> {
  let wake: (() => void) | null = null;
  let rang = false;
  const onChange = (): void => {
    rang = true;
    wake?.();
  };
  const changed = async (): Promise<void> => {
    if (!rang) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    wake = null;
    rang = false;
  };
  const { topic, topicId, partition } = changelog;
  const reader = readers.open(topic, topicId, partition, from, { onChange });
  signal.addEventListener('abort', onChange);
  try {
    return await use(reader, changed);
  } finally {
    signal.removeEventListener('abort', onChange);
    reader.close();
  }
}
