import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogError } from '../../../../src/broker/cluster-log.js';
import { CommandTopic } from '../../../../src/executor/shard/command-topic.js';
import type { StoredCommand } from '../../../../src/executor/thread/stream-thread.js';
import type { SystemError } from '../../../../src/model/errors.js';
import { batchOf, FakeLog, settle } from './fake-log.js';

const TOPIC = '_confluent-ksql-svc__millrace_commands';

let log: FakeLog;
let opened: CommandTopic[];

/** A node with the commands it has heard, before `open` was answered and after. */
class Node {
  readonly heard: StoredCommand[] = [];
  readonly failures: SystemError[] = [];
  before: readonly StoredCommand[] = [];
  readonly topic: CommandTopic;

  constructor() {
    this.topic = new CommandTopic({
      serviceId: 'svc_',
      replicas: 1,
      topics: log.topics,
      readers: log,
      writers: log,
      now: () => 1_000,
      onCommands: (commands) => this.heard.push(...commands),
      onFailure: (error) => this.failures.push(error),
    });
    opened.push(this.topic);
  }

  async open(): Promise<this> {
    this.before = await this.topic.open();
    return this;
  }

  /** Again from the beginning when somebody came between, as the engine does. */
  async write(...texts: readonly string[]): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.topic.claim();
        await this.topic.append(texts.map((text) => ({ text })));
        return;
      } catch (error) {
        if ((error as SystemError).code !== 'catalog-fenced' || attempt === 1) throw error;
      }
    }
  }

  get texts(): string[] {
    return [...this.before, ...this.heard].map(({ sequence, text }) => `${sequence} ${text}`);
  }
}

beforeEach(() => {
  log = new FakeLog();
  opened = [];
});
afterEach(() => {
  for (const topic of opened) topic.close();
});

describe('the command topic', () => {
  it('is made when it is not there, of one partition that nothing is ever deleted from', async () => {
    const node = await new Node().open();
    expect(node.before).toEqual([]);
    expect(log.topics.created).toEqual([TOPIC]);
    await new Node().open();
    expect(log.topics.created).toEqual([TOPIC]);
  });

  it('may be made by somebody else at the same time', async () => {
    const describe = log.topics.describe.bind(log.topics);
    log.topics.describe = async (names) => {
      const found = await describe(names);
      log.topics.describe = describe;
      log.topics.add(TOPIC);
      return found;
    };
    expect(await new Node().open()).toMatchObject({ before: [] });
    expect(log.topics.created).toEqual([]);
  });

  it('tells what was in it, and then what comes, to the writer and to others, in the same order', async () => {
    const a = await new Node().open();
    await a.write('one', 'two');
    expect(a.texts).toEqual(['1 one', '2 two']);
    const b = await new Node().open();
    expect(b.before.map(({ text }) => text)).toEqual(['one', 'two']);
    await b.write('three');
    await settle();
    await a.write('four');
    await settle();
    expect(a.texts).toEqual(['1 one', '2 two', '3 three', '4 four']);
    expect(b.texts).toEqual(a.texts);
  });

  it('has told its own commands when an append is answered', async () => {
    const node = await new Node().open();
    await node.topic.claim();
    const appending = node.topic.append([{ text: 'one' }]);
    expect(node.heard).toEqual([]);
    await appending;
    expect(node.texts).toEqual(['1 one']);
  });

  it('has told everything before a claim when it is answered', async () => {
    const a = await new Node().open();
    const b = await new Node().open();
    await a.write('one');
    const claimed = b.topic.claim();
    await claimed;
    expect(b.texts).toEqual(['1 one']);
  });

  it('takes nothing from somebody who has not claimed it', async () => {
    const node = await new Node().open();
    await expect(node.topic.append([{ text: 'one' }])).rejects.toMatchObject({ code: 'catalog-fenced' });
    await node.topic.append([]);
    expect(node.texts).toEqual([]);
  });

  it('takes nothing from somebody whom another has followed', async () => {
    const a = await new Node().open();
    const b = await new Node().open();
    await a.topic.claim();
    await b.write('of b');
    await expect(a.topic.append([{ text: 'of a' }])).rejects.toMatchObject({ code: 'catalog-fenced', retriable: true });
    await a.write('of a, again');
    await settle();
    expect(a.texts).toEqual(['1 of b', '2 of a, again']);
    expect(b.texts).toEqual(a.texts);
  });

  it('can be claimed by several, of whom the first to append wins', async () => {
    const a = await new Node().open();
    const b = await new Node().open();
    await a.topic.claim();
    await b.topic.claim();
    await a.topic.append([{ text: 'of a' }]);
    await expect(b.topic.append([{ text: 'of b' }])).rejects.toMatchObject({ code: 'catalog-fenced' });
    await b.write('of b, again');
    await settle();
    expect(a.texts).toEqual(['1 of a', '2 of b, again']);
  });

  it('takes several appends after one claim, and none after an append of another', async () => {
    const a = await new Node().open();
    const b = await new Node().open();
    await a.topic.claim();
    await a.topic.append([{ text: 'one' }]);
    await a.topic.append([{ text: 'two' }]);
    await b.write('three');
    await expect(a.topic.append([{ text: 'four' }])).rejects.toMatchObject({ code: 'catalog-fenced' });
    expect(b.texts).toEqual(['1 one', '2 two', '3 three']);
  });

  it('is written although another has become the writer in the middle, but has written nothing', async () => {
    const node = await new Node().open();
    await node.topic.claim();
    let others = 2;
    log.beforeAppend = () => {
      if (others-- > 0) void log.transactional('svc_-commands');
    };
    await node.topic.append([{ text: 'one' }]);
    expect(node.texts).toEqual(['1 one']);
    expect(others).toBeLessThan(0);
  });

  it('is given up by somebody whom others always overtake', async () => {
    const node = await new Node().open();
    await node.topic.claim();
    log.beforeAppend = () => void log.transactional('svc_-commands');
    await expect(node.topic.append([{ text: 'one' }])).rejects.toMatchObject({ code: 'catalog-fenced' });
    log.beforeAppend = null;
    await node.write('two');
    expect(node.texts).toEqual(['1 two']);
  });

  it('finds commands again whose answer was lost', async () => {
    const node = await new Node().open();
    await node.topic.claim();
    log.nextEnd = 'committed, answer lost';
    await node.topic.append([{ text: 'one' }, { text: 'two' }]);
    expect(node.texts).toEqual(['1 one', '2 two']);
    await node.write('three');
    expect(node.texts).toEqual(['1 one', '2 two', '3 three']);
  });

  it('writes commands again whose answer was lost and that are not there', async () => {
    const node = await new Node().open();
    await node.topic.claim();
    log.nextEnd = 'aborted, answer lost';
    await node.topic.append([{ text: 'one' }]);
    expect(node.texts).toEqual(['1 one']);
  });

  it('says so when commands whose answer was lost are not there, and another was first', async () => {
    const b = await new Node().open();
    const a = await new Node().open();
    await a.topic.claim();
    log.nextEnd = 'aborted, answer lost';
    const transactional = log.transactional.bind(log);
    // Between the first attempt of a and the second.
    log.transactional = async (id) => {
      log.transactional = async () => {
        log.transactional = transactional;
        await b.write('of b');
        return transactional(id);
      };
      return transactional(id);
    };
    await expect(a.topic.append([{ text: 'of a' }])).rejects.toMatchObject({ code: 'catalog-fenced' });
    expect(a.texts).toEqual(['1 of b']);
  });

  it('does not say that nothing has happened when nobody knows', async () => {
    const node = await new Node().open();
    await node.topic.claim();
    log.nextEnd = 'committed, answer lost';
    const { offsets } = log.topics;
    log.beforeAppend = () => {
      log.topics.offsets = async () => {
        throw new LogError('unavailable', 'no broker', { code: 'unreachable' });
      };
    };
    await expect(node.topic.append([{ text: 'one' }])).rejects.toMatchObject({ failure: 'uncertain' });
    log.topics.offsets = offsets;
    log.beforeAppend = null;
    await node.topic.claim();
    expect(node.texts).toEqual(['1 one']);
  });

  it('passes on what the log refuses, and can be claimed again', async () => {
    const node = await new Node().open();
    await node.topic.claim();
    log.beforeAppend = () => {
      throw new LogError('refused', 'too large', { code: 'message-too-large' });
    };
    await expect(node.topic.append([{ text: 'one' }])).rejects.toMatchObject({ code: 'message-too-large' });
    log.beforeAppend = null;
    await node.write('two');
    expect(node.texts).toEqual(['1 two']);
  });

  it('tells of a command that is not what was written, in its place', async () => {
    const a = await new Node().open();
    await a.write('one');
    log.partition(TOPIC).append(batchOf(TOPIC, 0, [null, 'garbage'], [null, null]));
    await a.write('two');
    const b = await new Node().open();
    for (const { texts, all } of [
      { texts: a.texts, all: a.heard },
      { texts: b.texts, all: b.before },
    ]) {
      expect(texts).toEqual(['1 one', '2 garbage', '3 ', '4 two']);
      expect(all.map(({ problem }) => problem)).toEqual([
        undefined,
        expect.stringContaining('checksum'),
        expect.stringContaining('checksum'),
        undefined,
      ]);
    }
  });

  it('cannot be opened when it has lost its beginning', async () => {
    log.topics.add(TOPIC);
    for (const text of ['one', 'two']) log.partition(TOPIC).append(batchOf(TOPIC, 0, [null, text]));
    log.partition(TOPIC).trim(1);
    await expect(new Node().open()).rejects.toMatchObject({
      code: 'catalog-incomplete',
      hint: expect.stringContaining('retention.ms'),
    });
  });

  it('says that it cannot be read on', async () => {
    const node = await new Node().open();
    await node.topic.claim();
    const partition = log.partition(TOPIC);
    partition.skip(2);
    partition.trim(5);
    for (const reader of partition.readers) reader.next = 0;
    partition.tell();
    expect(node.failures).toEqual([expect.objectContaining({ code: 'offset-out-of-range' })]);
    partition.skip(10);
    await expect(node.topic.claim()).rejects.toMatchObject({ code: 'offset-out-of-range' });
  });

  it('ends who waits when it is closed', async () => {
    const node = await new Node().open();
    await node.topic.claim();
    // The end is known, and what lies before it does not come.
    const offsets = log.topics.offsets.bind(log.topics);
    log.topics.offsets = async (partitions) => (await offsets(partitions)).map((range) => ({ ...range, end: 9 }));
    const claiming = node.topic.claim();
    await settle();
    node.topic.close();
    await expect(claiming).rejects.toMatchObject({ code: 'closed' });
    expect(log.openReaders).toBe(0);
  });
});
