import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { GroupMembership } from '../../../../src/broker/cluster-log.js';
import { type Kafka, openKafka } from '../../../../src/broker/kafka/open-kafka.js';
import { Decoder } from '../../../../src/broker/kafka/wire/decoder.js';
import { FakeBroker, justError, KEYS, type Reaction, type Received } from './fake-broker.js';
import { errorOf, until } from './fake-support.js';

const SESSION_MS = 600;

let broker: FakeBroker;
let kafka: Kafka;
let group: GroupMembership;
let assigned: string[];
let lost: string[];
let seen: string[][];

/** The coordinator's answer to one that is alone in the group, and so its leader. */
function joined(
  generation: number,
  more: { error?: number; leader?: string; skip?: boolean; data?: Buffer } = {},
): Reaction {
  const { error = 0, leader = 'm1', skip = false, data = Buffer.from('\0\0\0\0me') } = more;
  return (to) => {
    to.int32(0);
    to.int16(error);
    to.int32(generation);
    to.compactNullableString('millrace');
    to.compactNullableString('shards');
    to.compactString(leader);
    to.bool(skip);
    to.compactString(error === 25 ? '' : 'm1');
    to.compactArrayLength(leader === 'm1' ? 1 : 0);
    if (leader === 'm1') {
      to.compactString('m1');
      to.compactNullableString(null);
      to.compactBytes(data);
      to.noTags();
    }
    to.noTags();
  };
}

function synced(data: string, error = 0): Reaction {
  return (to) => {
    to.int32(0);
    to.int16(error);
    to.bytes(Buffer.from(data));
  };
}

/** What the leader tells in a SyncGroup, by member. */
function told({ body }: Received): [string, string][] {
  const from = new Decoder(body);
  from.string();
  from.int32();
  from.string();
  from.nullableString();
  return from.array((f) => [f.string(), f.bytes().toString()]);
}

beforeEach(async () => {
  broker = new FakeBroker();
  [assigned, lost, seen] = [[], [], []];
  let generation = 0;
  broker.on(KEYS.joinGroup, () => joined(++generation));
  broker.on(KEYS.syncGroup, (request) => synced(told(request)[0]?.[1] ?? 'kept'));
  broker.on(KEYS.heartbeat, () => justError(0));
  broker.on(KEYS.leaveGroup, () => (to) => {
    to.int32(0);
    to.int16(0);
    to.arrayLength(0);
  });
  await broker.start();
  kafka = openKafka({ bootstrapServers: [broker.address], clientId: 'test', log: () => {} });
});
afterEach(async () => {
  await kafka.close();
  await broker.stop();
});

function join(sessionTimeoutMs = SESSION_MS): void {
  group = kafka.group({
    groupId: 'g',
    instanceId: 'i',
    sessionTimeoutMs,
    events: {
      describe: () => Buffer.from('me'),
      assign: (members) => {
        seen.push(members.map(({ memberId, data }) => `${memberId}=${data}`));
        return new Map(members.map(({ memberId }) => [memberId, Buffer.from('all')]));
      },
      assigned: (data, generation) => assigned.push(`${generation}:${data}`),
      lost: (reason) => lost.push(reason),
    },
  });
}

describe('a member of a group', () => {
  test('joins, distributes as the leader, and beats', async () => {
    join();
    await until(() => assigned.length === 1, 'joining');
    expect(assigned).toEqual(['1:all']);
    expect(seen).toEqual([['m1=me']]);
    expect(group.isLeader).toBe(true);
    await until(() => broker.of(KEYS.heartbeat).length > 2, 'beating');
    expect([lost, assigned]).toEqual([[], ['1:all']]);
    await group.confirm();
  });

  test('takes its member id when the coordinator wants that', async () => {
    const answers = [joined(0, { error: 79 }), joined(4)];
    broker.on(KEYS.joinGroup, () => answers.shift()!);
    join();
    await until(() => assigned.length === 1, 'joining');
    expect(assigned).toEqual(['4:all']);
  });

  test('keeps the distribution when it comes back as the leader', async () => {
    broker.on(KEYS.joinGroup, () => joined(9, { skip: true }));
    join();
    await until(() => assigned.length === 1, 'joining');
    expect([assigned, seen, group.isLeader]).toEqual([['9:kept'], [], true]);
    expect(told(broker.of(KEYS.syncGroup)[0]!)).toEqual([]);
  });

  test('joins again when the group changes, and when it is asked to', async () => {
    let changing = false;
    broker.on(KEYS.heartbeat, () => justError(changing ? 27 : 0));
    join();
    await until(() => assigned.length === 1, 'joining');
    changing = true;
    await until(() => broker.of(KEYS.joinGroup).length > 1, 'joining again');
    changing = false;
    await until(() => assigned.length > 1, 'a new assignment');
    const before = assigned.length;
    group.rejoin();
    await until(() => assigned.length > before, 'what was asked for');
    expect(lost).toEqual([]);
  });

  test('has lost everything when the group does not know it any more, and joins as a new member', async () => {
    join();
    await until(() => assigned.length === 1, 'joining');
    broker.on(KEYS.heartbeat, () => justError(25));
    await until(() => lost.length === 1, 'losing');
    broker.on(KEYS.heartbeat, () => justError(0));
    await until(() => assigned.length > 1, 'joining again');
    expect(lost).toEqual(['the group "g" does not know this node any more']);
    await group.confirm();
  });

  test('has lost everything after a session without an answer, and hears when it has it again', async () => {
    join();
    await until(() => assigned.length === 1, 'joining');
    await group.confirm();
    const began = performance.now();
    await broker.stop();
    const confirming = errorOf(group.confirm());
    await until(() => lost.length === 1, 'losing');
    expect(performance.now() - began).toBeGreaterThan(SESSION_MS * 0.6);
    expect(performance.now() - began).toBeLessThan(SESSION_MS * 3);
    expect(group.isLeader).toBe(false);
    expect(await confirming).toMatchObject({ failure: 'unavailable', code: 'group-unreachable' });
    await broker.start();
    await until(() => assigned.length > 1, 'joining again');
    expect(lost).toEqual(['the group "g" has not answered for 600 ms']);
  });

  test('has not lost anything while others take long to join', async () => {
    join();
    await until(() => assigned.length === 1, 'joining');
    let free = false;
    broker.on(KEYS.joinGroup, () => 'silence');
    broker.on(KEYS.heartbeat, () => justError(27));
    await until(() => broker.of(KEYS.joinGroup).length > 1, 'joining again');
    const began = performance.now();
    setTimeout(() => {
      free = true;
    }, SESSION_MS * 2);
    await until(() => free, 'waiting');
    expect(performance.now() - began).toBeGreaterThan(SESSION_MS);
    expect(lost).toEqual([]);
  });

  test('is out when another takes its name', async () => {
    join();
    await until(() => assigned.length === 1, 'joining');
    broker.on(KEYS.heartbeat, () => justError(82));
    await until(() => lost.length === 1, 'losing');
    expect(lost[0]).toBe('another process has joined the group "g" as "i": this one is out');
    expect(await errorOf(group.confirm())).toMatchObject({ failure: 'fenced', code: 'fenced-instance-id' });
    const joins = broker.of(KEYS.joinGroup).length;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(broker.of(KEYS.joinGroup)).toHaveLength(joins);
  });

  test('looks for its coordinator again when that has moved', async () => {
    join();
    await until(() => assigned.length === 1, 'joining');
    const asked = broker.of(KEYS.findCoordinator).length;
    broker.on(KEYS.heartbeat, () => {
      broker.on(KEYS.heartbeat, () => justError(0));
      return justError(16);
    });
    await until(() => broker.of(KEYS.findCoordinator).length > asked, 'looking');
    await group.confirm();
    expect([lost, assigned]).toEqual([[], ['1:all']]);
  });

  test('leaves when it closes, if it is to', async () => {
    join();
    await until(() => assigned.length === 1, 'joining');
    await group.close(true);
    expect(broker.of(KEYS.leaveGroup)).toHaveLength(1);
    expect(lost).toEqual([]);
    join();
    await until(() => assigned.length === 2, 'joining');
    await group.close(false);
    expect(broker.of(KEYS.leaveGroup)).toHaveLength(1);
  });
});
