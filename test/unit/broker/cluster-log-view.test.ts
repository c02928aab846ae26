import { beforeEach, describe, expect, it } from 'vitest';
import { LogError } from '../../../src/broker/cluster-log.js';
import { ClusterLogView } from '../../../src/broker/cluster-log-view.js';
import { batchOf, FakeLog, settle } from '../executor/shard/fake-log.js';

const MINUTE = 60_000;

describe('the shared log as statements see it', () => {
  let log: FakeLog;
  let view: ClusterLogView;
  let now: number;
  let asked: string[][];

  beforeEach(() => {
    log = new FakeLog();
    now = 0;
    asked = [];
    view = new ClusterLogView(log.topics, log, () => now);
    log.topics.settings = async (names) => {
      asked.push([...names]);
      return names.map((name) => ({
        'cleanup.policy': name === 'c' ? 'compact, delete' : 'delete',
        'retention.ms': '7',
      }));
    };
  });

  const put = (topic: string, ...values: string[]): void => {
    for (const value of values) log.partition(topic).append(batchOf(topic, 0, ['k', value]));
  };

  /** The offsets that batches from an offset on begin with. */
  const read = async (topic: string, from: number, bytes = 1): Promise<number[]> =>
    (await view.read(topic, 0, from, bytes)).map(({ baseOffset }) => baseOffset);

  describe('topics', () => {
    it('are told as of the last refresh, by name', async () => {
      log.topics.add('c', 3);
      log.topics.add('a');
      expect(view.listTopics()).toEqual([]);
      await view.refresh();
      expect(view.listTopics().map(({ name }) => name)).toEqual(['a', 'c']);
      expect(view.describeTopic('c')).toEqual({
        name: 'c',
        id: 'id-1',
        partitions: 3,
        replicas: 1,
        cleanupPolicy: ['compact', 'delete'],
        retentionMs: 7,
      });
      await log.topics.delete('a');
      expect(view.describeTopic('a')).not.toBeNull();
      await view.refresh();
      expect(view.describeTopic('a')).toBeNull();
    });

    it('are asked for their settings when they are new, or others, or a while has passed', async () => {
      log.topics.add('a');
      log.topics.add('c');
      await view.refresh();
      await view.refresh();
      expect(asked).toEqual([['a', 'c']]);
      await log.topics.delete('a');
      log.topics.add('a', 2);
      log.topics.add('d');
      await view.refresh();
      expect(asked.at(-1)).toEqual(['a', 'd']);
      expect(view.describeTopic('a')!.partitions).toBe(2);
      now = MINUTE;
      await view.refresh();
      expect(asked.at(-1)).toEqual(['c', 'a', 'd']);
    });

    it('may go while they are asked for', async () => {
      log.topics.add('a');
      log.topics.add('gone');
      const { settings } = log.topics;
      log.topics.settings = async (names) => {
        if (!names.includes('gone')) return settings(names);
        await log.topics.delete('gone');
        throw new LogError('refused', 'no such topic', { code: 'unknown-topic' });
      };
      await view.refresh();
      expect(view.listTopics().map(({ name }) => name)).toEqual(['a']);
    });

    it('that cannot be asked for are an error, and what was known stays', async () => {
      log.topics.add('a');
      await view.refresh();
      log.topics.list = async () => {
        throw new LogError('unavailable', 'no broker', { code: 'unreachable' });
      };
      await expect(view.refresh()).rejects.toMatchObject({ code: 'unreachable' });
      expect(view.describeTopic('a')).not.toBeNull();
    });
  });

  describe('reads', () => {
    beforeEach(async () => {
      log.topics.add('t');
      await view.refresh();
    });

    it('give what is there, from an offset on, and then nothing', async () => {
      put('t', 'a', 'b', 'c');
      expect(await read('t', 0, 1e6)).toEqual([0, 1, 2]);
      expect(await read('t', 1, 1e6)).toEqual([1, 2]);
      expect(await read('t', 3)).toEqual([]);
      expect(await view.offsets('t', 0)).toEqual({ start: 0, end: 3 });
    });

    it('go on with the reader that stands where the last one stopped', async () => {
      put('t', 'a', 'b');
      expect(await read('t', 0)).toEqual([0]);
      expect(await read('t', 1)).toEqual([1]);
      expect(await read('t', 2)).toEqual([]);
      put('t', 'c');
      expect(await read('t', 2)).toEqual([2]);
      expect(log.openReaders).toBe(1);
    });

    it('pass over markers and come back for more', async () => {
      put('t', 'a');
      log.partition('t').skip(3);
      expect(await read('t', 0)).toEqual([0]);
      expect(await read('t', 1)).toEqual([]);
      put('t', 'b');
      expect(await read('t', 1)).toEqual([4]);
      expect(log.openReaders).toBe(1);
    });

    it('of two at the same place do not take from each other', async () => {
      put('t', 'a', 'b');
      expect(await Promise.all([read('t', 0), read('t', 0)])).toEqual([[0], [0]]);
      expect(await Promise.all([read('t', 1), read('t', 1)])).toEqual([[1], [1]]);
      expect(log.openReaders).toBe(2);
    });

    it('fail with their reader, and the next one begins anew', async () => {
      put('t', 'a', 'b');
      log.partition('t').trim(1);
      await expect(view.read('t', 0, 0, 1)).rejects.toMatchObject({ code: 'offset-out-of-range' });
      expect(log.openReaders).toBe(0);
      expect(await read('t', 1)).toEqual([1]);
    });

    it('keep readers for a while', async () => {
      log.topics.add('u');
      await view.refresh();
      put('t', 'a', 'b');
      put('u', 'a', 'b');
      await read('t', 0);
      now = 29_000;
      await read('u', 0);
      expect(log.openReaders).toBe(2);
      now = 31_000;
      await read('u', 1);
      expect(log.partition('t').readers.size).toBe(0);
      expect(log.openReaders).toBe(1);
    });

    it('keep a number of readers', async () => {
      put('t', ...Array.from({ length: 100 }, () => 'x'));
      for (let i = 0; i < 100; i++) await read('t', 99 - i);
      expect(log.openReaders).toBeLessThanOrEqual(65);
    });

    it('close what they have kept', async () => {
      put('t', 'a');
      await read('t', 0);
      view.close();
      expect(log.openReaders).toBe(0);
    });
  });

  describe('whoever follows a topic', () => {
    let calls: number;
    let stop: () => void;

    beforeEach(async () => {
      log.topics.add('t');
      log.topics.add('u');
      await view.refresh();
      calls = 0;
      stop = view.tail('t', () => calls++);
      expect(await read('t', 0)).toEqual([]);
    });

    it('hears when it grows', async () => {
      put('t', 'a');
      expect(calls).toBe(1);
      expect(await read('t', 0)).toEqual([0]);
      put('u', 'a');
      expect(calls).toBe(1);
      stop();
      put('t', 'b');
      expect(calls).toBe(1);
    });

    it('hears nothing of markers alone', () => {
      log.partition('t').skip(2);
      expect(calls).toBe(0);
    });

    it('hears after a long silence, whatever others have read meanwhile', async () => {
      now = 10 * MINUTE;
      put('u', ...Array.from({ length: 80 }, () => 'x'));
      for (let i = 0; i < 80; i++) await read('u', 79 - i);
      put('t', 'a');
      expect(calls).toBe(1);
      expect(await read('t', 0)).toEqual([0]);
    });

    it('hears that the topic cannot be read on', async () => {
      const partition = log.partition('t');
      partition.skip(5);
      partition.trim(5);
      for (const reader of partition.readers) reader.next = 0;
      partition.tell();
      await settle();
      expect(calls).toBeGreaterThan(0);
      await expect(view.read('t', 0, 0, 1)).rejects.toMatchObject({ code: 'offset-out-of-range' });
    });
  });
});
