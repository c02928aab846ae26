import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GroupEvents, GroupMembership } from '../../../../src/broker/cluster-log.js';
import { CommandTopic } from '../../../../src/executor/shard/command-topic.js';
import type { HostedQuery, HostedStatus, ShardHost } from '../../../../src/executor/shard/shard-host.js';
import { ShardNode } from '../../../../src/executor/shard/shard-node.js';
import { SystemError } from '../../../../src/model/errors.js';
import { changelogTopic } from '../../../../src/planner/physical/internal-names.js';
import { COUNTS, OPTIONS, POSITIVE } from '../../../integration/stream-thread/plans.js';
import { FakeLog, settle } from './fake-log.js';

const SERVICE = 'svc_';

/** A thread that writes down what it is told, and refuses everything once it has ended. */
class FakeHost implements ShardHost {
  readonly told: string[] = [];
  /** Resolved by the test when `close` is slow. */
  finish: () => void = () => {};
  slow = false;
  #ended = false;

  async setQueries(queries: readonly HostedQuery[]): Promise<void> {
    this.#assertAlive();
    this.told.push(queries.map(({ plan, indexes }) => `${plan.queryId} ${indexes.join('+')}`).join(', '));
  }

  async forget(queryId: string): Promise<void> {
    this.#assertAlive();
    this.told.push(`forget ${queryId}`);
  }

  async startTransient(): Promise<void> {}

  async stopTransient(): Promise<void> {}

  async hold(): Promise<void> {}

  async status(): Promise<readonly HostedStatus[]> {
    this.#assertAlive();
    return [];
  }

  async caughtUp(): Promise<boolean> {
    return true;
  }

  async close(): Promise<void> {
    if (this.slow) {
      await new Promise<void>((resolve) => {
        this.finish = resolve;
      });
    }
    this.#ended = true;
    this.told.push('close');
  }

  #assertAlive(): void {
    if (this.#ended) throw new SystemError('a stream thread has failed', { code: 'stream-thread-failed' });
  }
}

/** A group of one member, which joins when the test says so. */
class FakeGroup implements GroupMembership {
  readonly isLeader = true;
  left = false;
  events!: GroupEvents;
  #generation = 0;

  /** A new generation in which the leader gives out what there is. */
  join(): void {
    const data = this.events.assign([{ memberId: 'm', data: this.events.describe() }]).get('m')!;
    this.events.assigned(data, ++this.#generation);
  }

  rejoin(): void {
    setImmediate(() => this.join());
  }

  async confirm(): Promise<void> {}

  async close(): Promise<void> {
    this.left = true;
  }
}

describe('a node of a service', () => {
  let hosts: FakeHost[];
  let group: FakeGroup;
  let said: string[];
  let node: ShardNode;

  beforeEach(() => {
    const log = new FakeLog();
    log.topics.add(changelogTopic(SERVICE, POSITIVE.queryId), 3);
    log.topics.add(changelogTopic(SERVICE, COUNTS.queryId), 1);
    hosts = [new FakeHost(), new FakeHost()];
    group = new FakeGroup();
    said = [];
    node = new ShardNode({
      node: 'node1',
      serviceId: SERVICE,
      shardsMax: 4,
      hosts,
      topics: log.topics,
      writers: log,
      commands: new CommandTopic({
        serviceId: SERVICE,
        replicas: 1,
        topics: log.topics,
        readers: log,
        writers: log,
        now: () => 0,
        onCommands: () => {},
        onFailure: () => {},
      }),
      joinGroup: (events) => {
        group.events = events;
        return group;
      },
      commitGroupOffsets: async () => {},
      trouble: () => null,
      onServing: () => {},
      log: (level, message) => said.push(`${level} ${message}`),
      rehearse: () => {},
      release: async () => {},
    });
    group.join();
  });
  afterEach(() => node.close());

  it('spreads its shards over its threads, and takes back what is gone', async () => {
    node.follow([{ plan: POSITIVE, options: OPTIONS }]);
    await settle();
    expect(hosts.map(({ told }) => told)).toEqual([['CSAS_POSITIVE_1 0+2'], ['CSAS_POSITIVE_1 1']]);
    node.follow([]);
    await settle();
    expect(hosts.map(({ told }) => told.slice(1))).toEqual([['', 'forget CSAS_POSITIVE_1'], ['']]);
    expect(said).toEqual([]);
  });

  it('hands nothing to threads that are being closed, whatever its group and its catalog say meanwhile', async () => {
    node.follow([{ plan: POSITIVE, options: OPTIONS }]);
    await settle();
    hosts[1]!.slow = true;
    const closed = node.close();
    await settle();
    group.join();
    node.follow([{ plan: COUNTS, options: OPTIONS }]);
    await settle();
    expect(group.left).toBe(false);
    hosts[1]!.finish();
    await closed;
    expect(hosts.map(({ told }) => told.slice(1))).toEqual([['close'], ['close']]);
    expect(group.left).toBe(true);
    expect(said).toEqual([]);
  });
});
