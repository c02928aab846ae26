import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { GroupMemberData, GroupMembership } from '../../../src/broker/cluster-log.js';
import type { Kafka } from '../../../src/broker/kafka/open-kafka.js';
import { consumerGroups } from '../support/java-tools.mjs';
import { batchOf, connect, createTopic, errorOf, KAFKA, NO_KAFKA, pause, RUN } from './adapter-kafka.js';

const SESSION_MS = 6000;
const SHARDS = ['s0', 's1', 's2', 's3', 's4', 's5'];

/** A node that shares six shards with the others: each keeps what it has, as far as that is fair. */
class Node {
  readonly name: string;
  readonly kafka: Kafka;
  readonly membership: GroupMembership;
  shards: readonly string[] = [];
  generation = -1;
  assignments = 0;
  lost: string[] = [];
  /** What the leader saw of the members, at its last distribution. */
  seen: readonly string[] = [];
  data: string;

  constructor(name: string, groupId: string, instanceId: string | null = name, sessionTimeoutMs = SESSION_MS) {
    this.name = name;
    this.data = name;
    this.kafka = connect();
    this.membership = this.kafka.group({
      groupId,
      instanceId,
      sessionTimeoutMs,
      events: {
        describe: () => Buffer.from(`${this.data}:${this.shards.join(',')}`),
        assign: (members) => this.#assign(members),
        assigned: (data, generation) => {
          this.shards = data.length === 0 ? [] : data.toString().split(',');
          this.generation = generation;
          this.assignments++;
        },
        lost: (reason) => this.lost.push(reason),
      },
    });
  }

  async close(leave: boolean): Promise<void> {
    await this.membership.close(leave);
    await this.kafka.close();
  }

  #assign(members: readonly GroupMemberData[]): ReadonlyMap<string, Buffer> {
    this.seen = members.map(({ data }) => data.toString().split(':')[0]!).sort();
    const share = Math.ceil(SHARDS.length / members.length);
    const kept = members.map(({ data }) => data.toString().split(':')[1]!.split(',').filter(Boolean).slice(0, share));
    const free = SHARDS.filter((shard) => !kept.some((list) => list.includes(shard)));
    for (const list of kept) while (list.length < share && free.length > 0) list.push(free.shift()!);
    return new Map(members.map(({ memberId }, i) => [memberId, Buffer.from(kept[i]!.join(','))]));
  }
}

describe.skipIf(NO_KAFKA)('a group', () => {
  let nodes: Node[] = [];
  let groups = 0;
  let groupId = '';

  const start = (
    name: string,
    instanceId: string | null = `${groupId}-${name}`,
    sessionTimeoutMs = SESSION_MS,
  ): Node => {
    const node = new Node(name, groupId, instanceId, sessionTimeoutMs);
    nodes.push(node);
    return node;
  };
  const newGroup = (): void => {
    groupId = `g-${RUN}-${++groups}`;
  };
  const until = async (condition: () => boolean, what: string, forMs = 15_000): Promise<void> => {
    const began = performance.now();
    while (!condition()) {
      if (performance.now() - began > forMs) {
        const all = nodes.map(({ name, shards, generation, lost }) => ({ name, shards, generation, lost }));
        throw new Error(`${groupId}: ${what} has not happened: ${JSON.stringify(all)}`);
      }
      await pause(5);
    }
  };
  const owned = (some: readonly Node[]): string[] => some.flatMap(({ shards }) => shards).sort();
  const sharedBy = (...some: Node[]): (() => boolean) => {
    return () =>
      new Set(some.map(({ generation }) => generation)).size === 1 &&
      owned(some).join() === SHARDS.join() &&
      some.every(({ shards }) => shards.length === SHARDS.length / some.length);
  };

  beforeAll(async () => {
    // The first group of a cluster waits for the topic of its offsets.
    newGroup();
    const node = new Node('first', groupId);
    await node.membership.confirm().catch(() => {});
    await node.close(true);
  });
  afterEach(async () => {
    await Promise.all(nodes.map((node) => node.close(true)));
    nodes = [];
  });

  test('shares the work as members come and go, and only moves what it must', async () => {
    newGroup();
    const a = start('a');
    await until(sharedBy(a), 'one node has all');
    expect(a.membership.isLeader).toBe(true);
    const b = start('b');
    await until(sharedBy(a, b), 'two share');
    expect(a.shards).toEqual(['s0', 's1', 's2']);
    const c = start('c');
    await until(sharedBy(a, b, c), 'three share');
    expect(a.shards).toEqual(['s0', 's1']);
    expect(nodes.filter(({ membership }) => membership.isLeader)).toEqual([a]);
    expect(a.seen).toEqual(['a', 'b', 'c']);
    await Promise.all(nodes.map(({ membership }) => membership.confirm()));

    const began = performance.now();
    await a.close(true);
    await until(sharedBy(b, c), 'the others take over');
    expect(performance.now() - began).toBeLessThan(SESSION_MS);
    expect([b, c].filter(({ membership }) => membership.isLeader)).toHaveLength(1);
    await b.close(false);
    expect(await errorOf(b.membership.confirm())).toMatchObject({ code: 'kafka-closed' });
    await until(sharedBy(c), 'the last takes over after the session', SESSION_MS * 2.5);
    expect(nodes.flatMap(({ lost }) => lost)).toEqual([]);
  });

  test('is redistributed when a member asks for it', async () => {
    newGroup();
    const a = start('a');
    await until(sharedBy(a), 'one node has all');
    const b = start('b');
    await until(sharedBy(a, b), 'two share');
    for (const node of [a, b]) {
      const { generation } = a;
      node.data = `${node.name}'`;
      node.membership.rejoin();
      await until(() => a.generation > generation && sharedBy(a, b)(), `the distribution that ${node.name} asked for`);
      expect(a.seen).toContain(`${node.name}'`);
    }
  });

  test('gives a node that is back in time its old place, and tells a leader that it is one', async () => {
    newGroup();
    const a = start('a');
    await until(sharedBy(a), 'one node has all');
    await until(sharedBy(a, start('b')), 'two share');
    for (const name of ['b', 'a']) {
      const old = nodes.find((node) => node.name === name)!;
      const other = nodes.find((node) => node.name !== name)!;
      const { generation, assignments } = other;
      await old.close(false);
      nodes = nodes.filter((node) => node !== old);
      const began = performance.now();
      const back = start(old.name);
      await until(() => back.generation >= 0, 'the node is back');
      expect(performance.now() - began).toBeLessThan(1500);
      expect(back.shards).toEqual(old.shards);
      expect(back.generation).toBe(generation);
      expect(other.assignments).toBe(assignments);
      expect(back.membership.isLeader).toBe(name === 'a');
      if (name !== 'a') continue;
      // As the leader it can still change the work.
      back.membership.rejoin();
      await until(() => back.generation > generation && sharedBy(back, other)(), 'a new distribution');
    }
  });

  test('fences the old of two processes of one name', async () => {
    newGroup();
    const a = start('a', `${groupId}-same`);
    await until(sharedBy(a), 'one node has all');
    const b = start('b', `${groupId}-same`);
    await until(() => a.lost.length > 0, 'the old process hears of it');
    expect(a.lost).toHaveLength(1);
    expect(a.lost[0]).toContain('another process');
    expect(a.membership.isLeader).toBe(false);
    expect(await errorOf(a.membership.confirm())).toMatchObject({ failure: 'fenced', code: 'fenced-instance-id' });
    await until(() => b.shards.length === SHARDS.length, 'the new process has all');
    await b.membership.confirm();
  });

  test('is left by a node that is closed before its first join is answered', async () => {
    newGroup();
    // It learns of others at its next heartbeat, which is a third of its session away.
    const a = start('a', undefined, SESSION_MS * 2);
    await until(sharedBy(a), 'one node has all');
    const b = start('b', undefined, SESSION_MS * 10);
    await pause(SESSION_MS / 6);
    expect(b.generation).toBe(-1);
    const { generation } = a;
    await b.close(true);
    await until(() => a.generation > generation && a.seen.join() === 'a', 'the other is alone', SESSION_MS * 4);
    expect(a.shards).toEqual(SHARDS);
  });

  test('takes members without a name', async () => {
    newGroup();
    const a = start('a', null);
    await until(sharedBy(a), 'one node has all');
    const b = start('b', null);
    await until(sharedBy(a, b), 'two share');
    await b.close(true);
    await until(sharedBy(a), 'the other takes over');
  });

  test('refuses a session that the cluster does not allow', async () => {
    newGroup();
    const a = start('a', null, 10);
    expect(await errorOf(a.membership.confirm())).toMatchObject({
      failure: expect.stringMatching(/refused|unavailable/),
    });
    await until(() => a.lost.length > 0, 'the refusal');
    expect(a.lost[0]).toContain('INVALID_SESSION_TIMEOUT');
  });

  test('without members has positions that tools show', async () => {
    const kafka = connect();
    const topic = await createTopic(kafka, 'lag', 2);
    const writer = await kafka.writers.plain();
    await writer.append([batchOf(topic.name, 0, ['a', 'b', 'c']), batchOf(topic.name, 1, ['x'])]);
    const group = `q-${RUN}`;
    await kafka.commitGroupOffsets(group, [
      { topic: topic.name, partition: 0, offset: 1 },
      { topic: topic.name, partition: 1, offset: 1 },
    ]);
    await kafka.commitGroupOffsets(group, [{ topic: topic.name, partition: 0, offset: 2 }]);
    const rows = await consumerGroups({ bootstrapServers: KAFKA, group });
    expect(rows.map((row) => [row['TOPIC'], row['PARTITION'], row['CURRENT-OFFSET'], row['LAG']]).sort()).toEqual([
      [topic.name, '0', '2', '1'],
      [topic.name, '1', '1', '0'],
    ]);
    const unknown = kafka.commitGroupOffsets(group, [{ topic: 'no-such-topic', partition: 0, offset: 2 }]);
    expect(await errorOf(unknown)).toMatchObject({ failure: 'refused', code: 'unknown-topic' });
    await kafka.close();
  });
});
