import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AbortFilter } from '../../../../src/broker/kafka/abort-filter.js';
import { signBatch } from '../../../../src/broker/kafka/producer-batches.js';
import type { AbortedTransaction } from '../../../../src/broker/kafka/wire/fetch.js';
import { lastOffsetDelta, setBaseOffset } from '../../../../src/broker/record-batch.js';
import { controlBatch, dataBatch } from './batches.js';

interface LogEntry {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** What the filter lets through, of the entries from an offset on. */
function visible(entries: readonly LogEntry[], aborted: readonly AbortedTransaction[], from = 0): number[] {
  const filter = new AbortFilter(aborted);
  return entries
    .filter(({ offset, bytes }) => offset + lastOffsetDelta(bytes) >= from)
    .filter(({ offset, bytes }) => {
      // Not at the beginning of the buffer, as in an answer.
      const answer = Buffer.concat([Buffer.from('before'), bytes, Buffer.from('after')]);
      return filter.isCommittedData(answer, 6, 6 + bytes.length, offset + lastOffsetDelta(bytes));
    })
    .map(({ offset }) => offset);
}

class Log {
  readonly entries: LogEntry[] = [];
  next = 0;

  data(producerId: number, records = 1, transactional = true, key: Buffer | null = null): number {
    const bytes = dataBatch(records, key);
    signBatch(bytes, { producerId, epoch: 0 }, 0, transactional);
    return this.#add(bytes);
  }

  marker(producerId: number, type: 'abort' | 'commit'): number {
    return this.#add(controlBatch(producerId, type));
  }

  #add(bytes: Buffer): number {
    const offset = this.next;
    setBaseOffset(bytes, offset);
    this.entries.push({ offset, bytes });
    this.next += lastOffsetDelta(bytes) + 1;
    return offset;
  }
}

describe('the filter of aborted transactions', () => {
  test('lets through what is committed, and no marker', () => {
    const log = new Log();
    log.data(1);
    log.marker(1, 'commit');
    log.data(2, 3, false);
    expect(visible(log.entries, [])).toEqual([0, 2]);
  });

  test('hides a transaction up to the marker of its producer, and no further', () => {
    const log = new Log();
    log.data(1, 2);
    log.data(2);
    log.data(1);
    log.marker(2, 'commit');
    log.data(1);
    log.marker(1, 'abort');
    const after = log.data(1);
    log.marker(1, 'commit');
    expect(visible(log.entries, [{ producerId: 1, firstOffset: 0 }])).toEqual([2, after]);
  });

  test('hides two transactions that were open before the first batch', () => {
    const log = new Log();
    log.data(1);
    log.data(2);
    const from = log.data(3);
    log.data(1);
    log.data(2);
    log.marker(1, 'abort');
    log.marker(2, 'abort');
    log.marker(3, 'commit');
    const aborted = [
      { producerId: 1, firstOffset: 0 },
      { producerId: 2, firstOffset: 1 },
    ];
    expect(visible(log.entries, aborted, from)).toEqual([from]);
  });

  test('does not depend on the order in which a broker lists them', () => {
    const log = new Log();
    log.data(1);
    log.data(2);
    log.marker(2, 'abort');
    log.data(1);
    log.marker(1, 'abort');
    const aborted = [
      { producerId: 2, firstOffset: 1 },
      { producerId: 1, firstOffset: 0 },
    ];
    expect(visible(log.entries, aborted)).toEqual([]);
  });

  test('takes no key of data for a marker', () => {
    const log = new Log();
    log.data(1, 1, true, Buffer.alloc(4));
    log.data(1, 2, true, Buffer.alloc(4));
    log.marker(1, 'abort');
    expect(visible(log.entries, [{ producerId: 1, firstOffset: 0 }])).toEqual([]);
  });

  test('does not hide what a producer wrote outside of transactions', () => {
    const log = new Log();
    log.data(1);
    const plain = log.data(1, 1, false);
    log.marker(1, 'abort');
    expect(visible(log.entries, [{ producerId: 1, firstOffset: 0 }])).toEqual([plain]);
  });

  test('agrees with the history, from every offset, for histories of any kind', () => {
    const action = fc.record({
      producer: fc.nat(3),
      kind: fc.constantFrom('data', 'data', 'data', 'plain', 'commit', 'abort', 'abort'),
      records: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), fc.boolean(), (actions, reversed) => {
        const log = new Log();
        const open = new Map<number, number[]>();
        const committed: number[] = [];
        const aborted: (AbortedTransaction & { lastOffset: number })[] = [];
        const end = (producer: number, kind: 'commit' | 'abort'): void => {
          const offsets = open.get(producer);
          if (offsets === undefined) return;
          open.delete(producer);
          const lastOffset = log.marker(producer, kind);
          if (kind === 'commit') committed.push(...offsets);
          else aborted.push({ producerId: producer, firstOffset: offsets[0]!, lastOffset });
        };
        for (const { producer, kind, records } of actions) {
          if (kind === 'plain') committed.push(log.data(100 + producer, records, false));
          else if (kind === 'data') {
            const offset = log.data(producer, records, true, records === 1 ? Buffer.alloc(4) : null);
            open.set(producer, [...(open.get(producer) ?? []), offset]);
          } else end(producer, kind as 'commit' | 'abort');
        }
        for (const producer of [...open.keys()]) end(producer, 'commit');
        committed.sort((a, b) => a - b);
        const ends = new Map(log.entries.map(({ offset, bytes }) => [offset, offset + lastOffsetDelta(bytes)]));
        for (let from = 0; from < log.next; from++) {
          const listed = aborted.filter(({ lastOffset }) => lastOffset >= from);
          if (reversed) listed.reverse();
          expect(visible(log.entries, listed, from)).toEqual(committed.filter((offset) => ends.get(offset)! >= from));
        }
      }),
      { numRuns: 200 },
    );
  });
});
