import { beforeEach, describe, expect, it } from 'vitest';
import { LogError } from '../../../../src/broker/cluster-log.js';
import { placeName, ReaderFeeds } from '../../../../src/executor/shard/reader-feed.js';
import type { Feed } from '../../../../src/executor/task/log-feed.js';
import { batchOf, FakeLog, type FakePartition, settle } from './fake-log.js';

describe('the feed of a transient query', () => {
  let log: FakeLog;
  let partition: FakePartition;
  let changes: number;

  beforeEach(() => {
    log = new FakeLog();
    partition = log.partition('t', 1);
    changes = 0;
  });

  function feedFrom(from: number): Feed {
    const places = new Map([[placeName('t', 1), { topicId: 'id', range: partition.offsets }]]);
    const feeds = new ReaderFeeds(log, places, () => changes++);
    const feed = feeds.partition('t', 1, from);
    feed.attach();
    return feed;
  }

  const fetched = (feed: Feed): number[] => feed.fetch(0, 1).batches.map(({ baseOffset }) => baseOffset);

  it('has nothing to fetch before the log has answered', async () => {
    partition.append(batchOf('t', 1, ['a', '1']));
    const feed = feedFrom(0);
    expect(feed.end).toBe(-1);
    expect(feed.logEnd).toBe(1);
    expect(feed.reaches(1)).toBe(false);
    await settle();
    expect(changes).toBeGreaterThan(0);
    expect(feed.end).toBeGreaterThan(0);
    expect(fetched(feed)).toEqual([0]);
    expect(feed.end).toBe(-1);
  });

  it('gives what waits, batch after batch, and knows of what came later', async () => {
    for (const key of ['a', 'b']) partition.append(batchOf('t', 1, [key, '1']));
    const feed = feedFrom(0);
    await settle();
    expect(fetched(feed)).toEqual([0]);
    partition.append(batchOf('t', 1, ['c', '1']));
    expect(feed.logEnd).toBe(3);
    expect([fetched(feed), fetched(feed)]).toEqual([[1], [2]]);
    expect(fetched(feed)).toEqual([]);
  });

  it('reaches a stop when it has passed everything before it, markers among it', async () => {
    partition.append(batchOf('t', 1, ['a', '1']));
    partition.skip(3);
    const feed = feedFrom(0);
    await settle();
    expect(feed.reaches(4)).toBe(true);
    expect(fetched(feed)).toEqual([0]);
    expect(fetched(feed)).toEqual([]);
    expect(feed.reaches(4)).toBe(true);
  });

  it('reaches a stop beyond the log when it is at the end of the log as it was at first', async () => {
    const feed = feedFrom(0);
    expect(feed.reaches(Number.MAX_SAFE_INTEGER)).toBe(true);
  });

  it('passes on why its reader has failed', async () => {
    partition.append(batchOf('t', 1, ['a', '1']));
    const feed = feedFrom(0);
    partition.trim(1);
    await settle();
    expect(() => feed.end).toThrow(expect.objectContaining({ code: 'offset-out-of-range' }));
    expect(() => feed.end).toThrow(LogError);
  });

  it('closes its reader at the end', async () => {
    const feed = feedFrom(0);
    expect(log.openReaders).toBe(1);
    feed.detach();
    expect(log.openReaders).toBe(0);
  });
});
