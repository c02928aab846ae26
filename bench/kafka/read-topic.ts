import type { StoredBatch } from '../../src/broker/broker.js';
import type { BatchReader, BatchReaders } from '../../src/broker/cluster-log.js';
import { RecordBatchCursor } from '../../src/broker/record-batch-cursor.js';

const TAKE_BYTES = 4 * 1024 * 1024;

/**
 * Reads committed records of all partitions of a topic, on from where it stopped the last time; whoever asks sees each record once, in the
 * fields of a cursor.
 */
export class TopicReader {
  readonly #readers: readonly BatchReader[];
  readonly #cursor = new RecordBatchCursor();
  #wake: (() => void) | null = null;

  constructor(readers: BatchReaders, topic: { readonly name: string; readonly id: string }, partitions: number) {
    const events = {
      onChange: () => {
        this.#wake?.();
        this.#wake = null;
      },
    };
    this.#readers = Array.from({ length: partitions }, (_, partition) =>
      readers.open(topic.name, topic.id, partition, 0, events),
    );
  }

  /** Shows what there is before these ends, of each partition, and returns when it has. */
  async readTo(ends: readonly number[], show: (cursor: RecordBatchCursor) => void): Promise<void> {
    for (;;) {
      const changed = this.#change();
      this.#take(show);
      if (this.#readers.every((reader, partition) => reader.next >= ends[partition]!)) return;
      await changed;
    }
  }

  /** Shows records as they come until `isDone`, which is asked after each. */
  async readUntil(isDone: () => boolean, show: (cursor: RecordBatchCursor) => void): Promise<void> {
    while (!isDone()) {
      const changed = this.#change();
      if (!this.#take(show)) await changed;
    }
  }

  close(): void {
    for (const reader of this.#readers) reader.close();
  }

  /** When something has come, or half a second has passed. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 500);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #take(show: (cursor: RecordBatchCursor) => void): boolean {
    let any = false;
    for (const reader of this.#readers) {
      if (reader.failure !== null && reader.failure.code !== 'unavailable') throw reader.failure;
      for (const batch of reader.take(TAKE_BYTES)) {
        any = true;
        this.#walk(batch, show);
      }
    }
    return any;
  }

  #walk({ bytes }: StoredBatch, show: (cursor: RecordBatchCursor) => void): void {
    const cursor = this.#cursor;
    cursor.reset(bytes);
    if (cursor.isControl) return;
    while (cursor.next()) show(cursor);
  }
}
