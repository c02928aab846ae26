import type { LogReader, LogView, PartitionOffsets, StoredBatch, TopicDescription } from '../broker/broker.js';
import type { StreamThread } from '../executor/thread/stream-thread.js';

/** The log inside this process as statements see it: every answer is at hand, and what grows is told by the thread that writes. */
export class EmbeddedLogView implements LogView {
  readonly #reader: LogReader;
  readonly #thread: Pick<StreamThread, 'subscribe'>;

  constructor(reader: LogReader, thread: Pick<StreamThread, 'subscribe'>) {
    this.#reader = reader;
    this.#thread = thread;
  }

  /** Every description is read anew anyway. */
  async refresh(): Promise<void> {}

  describeTopic(name: string): TopicDescription | null {
    return this.#reader.describeTopic(name);
  }

  listTopics(): readonly TopicDescription[] {
    return this.#reader.listTopics();
  }

  async offsets(topic: string, partition: number): Promise<PartitionOffsets> {
    return this.#reader.offsets(topic, partition);
  }

  async read(topic: string, partition: number, fromOffset: number, maxBytes: number): Promise<readonly StoredBatch[]> {
    return this.#reader.read(topic, partition, fromOffset, maxBytes);
  }

  tail(topic: string, onAppended: () => void): () => void {
    return this.#thread.subscribe((event) => {
      if (event.kind === 'committed' && event.ends.some((end) => end.topic === topic)) onAppended();
    });
  }
}
