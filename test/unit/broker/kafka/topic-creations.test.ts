import { describe, expect, test } from 'vitest';
import type { ClusterTopicRequest } from '../../../../src/broker/cluster-log.js';
import { TopicCreations } from '../../../../src/broker/kafka/topic-creations.js';

const topic = (name: string): ClusterTopicRequest => ({ name, partitions: 1, replicas: 1, settings: {} });
const answer = (name: string, error = 0) => ({ name, error, message: null, id: `id of ${name}` });

describe('topics that are asked for', () => {
  test('in one turn go into one request, and each gets its own answer', async () => {
    const sent: string[][] = [];
    const creations = new TopicCreations(async (topics) => {
      sent.push(topics.map(({ name }) => name));
      return topics.map(({ name }) => answer(name, name === 'b' ? 36 : 0)).reverse();
    });
    const before = ['a', 'b'].map((name) => creations.ask(topic(name)));
    await Promise.resolve();
    const answers = await Promise.all([...before, creations.ask(topic('c'))]);
    expect(answers).toEqual([answer('a'), answer('b', 36), answer('c')]);
    await creations.ask(topic('later'));
    expect(sent).toEqual([['a', 'b', 'c'], ['later']]);
  });

  test('twice go into two requests', async () => {
    const sent: string[][] = [];
    const creations = new TopicCreations(async (topics) => {
      sent.push(topics.map(({ name }) => name));
      return topics.map(({ name }) => answer(name));
    });
    await Promise.all(['a', 'b', 'a'].map((name) => creations.ask(topic(name))));
    expect(sent).toEqual([['a', 'b'], ['a']]);
  });

  test('fail together when the request does, and one that is not answered is unknown', async () => {
    let fail = true;
    const creations = new TopicCreations(async () => {
      if (fail) throw new Error('away');
      return [];
    });
    const failed = await Promise.allSettled(['a', 'b'].map((name) => creations.ask(topic(name))));
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    fail = false;
    expect(await creations.ask(topic('a'))).toMatchObject({ name: 'a', error: 3 });
  });
});
