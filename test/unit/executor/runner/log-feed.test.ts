import { beforeEach, describe, expect, it } from 'vitest';
import { EmbeddedLog } from '../../../../src/broker/embedded/embedded-log.js';
import { LogFeed } from '../../../../src/executor/task/log-feed.js';
import { type Database, openDatabase } from '../../../../src/storage/database.js';
import { batch, textOf } from '../thread/fake-tasks.js';

describe('the feed of a partition', () => {
  let database: Database;
  let log: EmbeddedLog;
  let feed: LogFeed;
  let reads: number;

  beforeEach(() => {
    database = openDatabase({ path: ':memory:', mode: 'writer' });
    log = new EmbeddedLog(database, { clock: { now: () => 0 } });
    log.createTopic('t', { partitions: 1, replicas: 1, cleanupPolicy: ['delete'], retentionMs: -1 });
    reads = 0;
    feed = new LogFeed({
      read: (...request) => {
        reads++;
        return log.read(...request);
      },
      offsets: (topic, partition) => log.offsets(topic, partition),
      describeTopic: (name) => log.describeTopic(name),
      listTopics: () => log.listTopics(),
    });
    return () => database.close();
  });

  function append(...records: string[]): void {
    const output = batch('t', 0, ...records);
    const [place] = log.commit({ reader: null, outputs: [output], positions: [], writeState: null });
    feed.appended(output, place!);
  }

  const fetch = (from: number) => textOf(feed.partition('t', 0).fetch(from, 1e6).batches);

  it('gives a reader that follows what was appended, without reading the file', () => {
    feed.partition('t', 0).readers++;
    append('a=1@1');
    append('a=2@2', 'a=3@3');
    expect(fetch(0)).toEqual(['a=1@1', 'a=2@2', 'a=3@3']);
    expect(fetch(2)).toEqual(['a=2@2', 'a=3@3']);
    expect(fetch(3)).toEqual([]);
    expect(reads).toBe(0);
  });

  it('reads the file for what came before, and never jumps over what it did not keep', () => {
    append('a=1@1');
    const partition = feed.partition('t', 0);
    partition.readers++;
    append('a=2@2');
    partition.readers--;
    append('a=3@3');
    partition.readers++;
    append('a=4@4');
    expect(fetch(0)).toEqual(['a=1@1', 'a=2@2', 'a=3@3', 'a=4@4']);
    expect(fetch(1)).toEqual(['a=2@2', 'a=3@3', 'a=4@4']);
    expect(reads).toBe(2);
    expect(fetch(3)).toEqual(['a=4@4']);
    expect(reads).toBe(2);
  });

  it('goes on with what is left when retention was faster, and says how much was lost', () => {
    append('a=1@1', 'a=2@2');
    append('a=3@3');
    log.trim('t', 0, 2);
    expect(feed.partition('t', 0).fetch(0, 1e6)).toMatchObject({ lost: 2, batches: [{ baseOffset: 2 }] });
  });

  it('keeps no more than its memory', () => {
    feed.partition('t', 0).readers++;
    const value = 'x'.repeat(1_000_000);
    for (let i = 0; i < 40; i++) append(`a=${value}@${i}`);
    fetch(39);
    expect(reads).toBe(0);
    fetch(0);
    expect(reads).toBe(1);
  });
});
