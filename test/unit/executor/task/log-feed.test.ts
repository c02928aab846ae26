import { describe, expect, it } from 'vitest';
import type { LogReader, PendingBatch } from '../../../../src/broker/broker.js';
import { RecordBatchBuilder } from '../../../../src/broker/record-batch-builder.js';
import { LogFeed, storedBatch } from '../../../../src/executor/task/log-feed.js';

function pending(): PendingBatch {
  const builder = new RecordBatchBuilder();
  builder.append(1, null, Buffer.from('x'));
  return { topic: 't', partition: 0, records: 1, bytes: builder.finish() };
}

/** A log of one record a batch that counts its reads. */
class CountingLog {
  readonly batches: PendingBatch[] = [];
  reads = 0;
  readonly feed = new LogFeed(this as unknown as LogReader);

  offsets(): { start: number; end: number } {
    return { start: 0, end: this.batches.length };
  }

  read(_topic: string, _partition: number, from: number): unknown[] {
    this.reads++;
    return this.batches.slice(from).map((batch, i) => storedBatch(batch, from + i, from + i));
  }

  append(): void {
    const offset = this.batches.length;
    this.batches.push(pending());
    this.feed.appended(this.batches[offset]!, { topic: 't', partition: 0, baseOffset: offset, lastOffset: offset });
  }

  /** Offsets that a reader gets that begins at `from` and reads on to the end. */
  readFrom(from: number): number[] {
    const feed = this.feed.partition('t', 0);
    const offsets: number[] = [];
    for (let at = from; at < feed.end; at = offsets.at(-1)! + 1) {
      const { batches } = feed.fetch(at, 1);
      expect(batches.length).toBeGreaterThan(0);
      offsets.push(...batches.map((batch) => batch.baseOffset));
    }
    return offsets;
  }
}

describe('the feed of a partition', () => {
  it('gives what was just appended from memory', () => {
    const log = new CountingLog();
    log.feed.partition('t', 0).readers = 1;
    log.append();
    log.append();
    expect(log.readFrom(0)).toEqual([0, 1]);
    expect(log.reads).toBe(0);
  });

  it('reads from the log what was appended while nobody read', () => {
    const log = new CountingLog();
    const feed = log.feed.partition('t', 0);
    feed.readers = 1;
    log.append();
    feed.readers = 0;
    log.append();
    log.append();
    feed.readers = 1;
    expect(log.readFrom(0)).toEqual([0, 1, 2]);
    log.append();
    expect(log.readFrom(0)).toEqual([0, 1, 2, 3]);
    expect(log.readFrom(3)).toEqual([3]);
  });
});
