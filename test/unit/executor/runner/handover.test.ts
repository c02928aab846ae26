import { describe, expect, it } from 'vitest';
import { baseOffset } from '../../../../src/broker/record-batch.js';
import { HandoverPartition } from '../../../../src/executor/task/handover.js';
import { batch } from '../thread/fake-tasks.js';

const three = () => batch('r', 0, 'a=1@1', 'a=2@2', 'a=3@3');

describe('a hand-over', () => {
  it('continues where the log ended', () => {
    const handover = new HandoverPartition('r', 0, 10, true);
    handover.add(three());
    handover.add(three());
    expect(handover.take().map(({ baseOffset, lastOffset }) => [baseOffset, lastOffset])).toEqual([
      [10, 12],
      [13, 15],
    ]);
    expect(handover.hasUnread).toBe(false);
    expect(handover.end).toBe(16);
  });

  it('writes only what has not been read, at the offsets that the log then gives', () => {
    const handover = new HandoverPartition('r', 0, 10, true);
    handover.add(three());
    handover.add(three());
    expect(handover.collect(14).map(({ records }) => records)).toEqual([3]);
    expect(handover.durable(14)).toBe(11);
    handover.committed([{ topic: 'r', partition: 0, baseOffset: 10, lastOffset: 12 }]);

    handover.add(three());
    expect(handover.take().at(-1)).toMatchObject({ baseOffset: 16, lastOffset: 18 });
    expect(handover.collect(19)).toEqual([]);
    expect(handover.durable(19)).toBe(13);
    handover.committed([]);
    expect(handover.durable(19)).toBe(13);
  });

  it('can be asked again after a commit that failed', () => {
    const handover = new HandoverPartition('r', 0, 0, true);
    handover.add(three());
    handover.add(three());
    expect(handover.collect(3)).toHaveLength(1);
    expect(handover.durable(3)).toBe(0);
    expect(handover.collect(6)).toHaveLength(0);
    expect(handover.durable(6)).toBe(0);
    handover.committed([]);
    expect(handover.durable(6)).toBe(0);
  });

  it('gives the log bytes of its own, so that a reader inside a batch keeps its place', () => {
    const handover = new HandoverPartition('r', 0, 7, true);
    handover.add(three());
    const [written] = handover.collect(8);
    written!.bytes.writeBigInt64BE(99n, 0);
    expect(baseOffset(handover.take()[0]!.bytes)).toBe(7);
  });

  it('notices a log that somebody else has written to', () => {
    const handover = new HandoverPartition('r', 0, 0, true);
    handover.add(three());
    handover.collect(0);
    expect(() => handover.committed([{ topic: 'r', partition: 0, baseOffset: 5, lastOffset: 7 }])).toThrow(
      /somebody else/,
    );
  });
});
