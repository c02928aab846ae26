import type { Position } from '../../broker.js';
import { type Api, byTopic } from './api.js';
import type { PartitionResult } from './transactions.js';

/** A member as the coordinator knows it. */
export interface Membership {
  readonly groupId: string;
  readonly memberId: string;
  /** A name that outlives the process: one that comes back in time takes its old place. */
  readonly instanceId: string | null;
}

export interface JoinGroupRequest extends Membership {
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocolType: string;
  readonly protocolName: string;
  readonly metadata: Buffer;
}

export interface JoinedMember {
  readonly memberId: string;
  readonly metadata: Buffer;
}

export interface JoinGroupAnswer {
  readonly error: number;
  readonly generation: number;
  readonly leader: string;
  readonly memberId: string;
  /** The assignment of before stays: the leader has come back under its old name. */
  readonly skipAssignment: boolean;
  /** For the leader only. */
  readonly members: readonly JoinedMember[];
}

/** Version 9 is the first that tells a leader that comes back that it is one. */
export const JOIN_GROUP: Api<JoinGroupRequest, JoinGroupAnswer> = {
  name: 'JoinGroup',
  key: 11,
  version: 9,
  flexible: true,
  encode(to, request) {
    to.compactString(request.groupId);
    to.int32(request.sessionTimeoutMs);
    to.int32(request.rebalanceTimeoutMs);
    to.compactString(request.memberId);
    to.compactNullableString(request.instanceId);
    to.compactString(request.protocolType);
    to.compactArrayLength(1);
    to.compactString(request.protocolName);
    to.compactBytes(request.metadata);
    to.noTags();
    to.compactNullableString(null);
    to.noTags();
  },
  decode(from) {
    from.int32();
    const error = from.int16();
    const generation = from.int32();
    from.compactNullableString();
    from.compactNullableString();
    const leader = from.compactString();
    const skipAssignment = from.bool();
    const memberId = from.compactString();
    const members = from.compactArray((f) => {
      const id = f.compactString();
      f.compactNullableString();
      const metadata = f.compactBytes();
      f.skipTags();
      return { memberId: id, metadata };
    });
    return { error, generation, leader, memberId, skipAssignment, members };
  },
};

export interface SyncGroupRequest extends Membership {
  readonly generation: number;
  /** From the leader only. */
  readonly assignments: ReadonlyMap<string, Buffer>;
}

export const SYNC_GROUP: Api<SyncGroupRequest, { readonly error: number; readonly assignment: Buffer }> = {
  name: 'SyncGroup',
  key: 14,
  version: 3,
  flexible: false,
  encode(to, { groupId, generation, memberId, instanceId, assignments }) {
    to.string(groupId);
    to.int32(generation);
    to.string(memberId);
    to.nullableString(instanceId);
    to.arrayLength(assignments.size);
    for (const [member, data] of assignments) {
      to.string(member);
      to.bytes(data);
    }
  },
  decode(from) {
    from.int32();
    return { error: from.int16(), assignment: from.bytes() };
  },
};

export interface HeartbeatRequest extends Membership {
  readonly generation: number;
}

export const HEARTBEAT: Api<HeartbeatRequest, { readonly error: number }> = {
  name: 'Heartbeat',
  key: 12,
  version: 3,
  flexible: false,
  encode(to, { groupId, generation, memberId, instanceId }) {
    to.string(groupId);
    to.int32(generation);
    to.string(memberId);
    to.nullableString(instanceId);
  },
  decode(from) {
    from.int32();
    return { error: from.int16() };
  },
};

export const LEAVE_GROUP: Api<Membership, { readonly error: number }> = {
  name: 'LeaveGroup',
  key: 13,
  version: 3,
  flexible: false,
  encode(to, { groupId, memberId, instanceId }) {
    to.string(groupId);
    to.arrayLength(1);
    to.string(memberId);
    to.nullableString(instanceId);
  },
  decode(from) {
    from.int32();
    const error = from.int16();
    const members = from.array((f) => {
      f.string();
      f.nullableString();
      return f.int16();
    });
    return { error: error !== 0 ? error : (members[0] ?? 0) };
  },
};

export interface OffsetCommitRequest {
  readonly groupId: string;
  readonly positions: readonly Position[];
}

/** Writes offsets of a group that has no members. */
export const OFFSET_COMMIT: Api<OffsetCommitRequest, readonly PartitionResult[]> = {
  name: 'OffsetCommit',
  key: 8,
  version: 7,
  flexible: false,
  encode(to, { groupId, positions }) {
    to.string(groupId);
    to.int32(-1);
    to.string('');
    to.nullableString(null);
    const topics = byTopic(positions);
    to.arrayLength(topics.size);
    for (const [topic, list] of topics) {
      to.string(topic);
      to.arrayLength(list.length);
      for (const { partition, offset } of list) {
        to.int32(partition);
        to.int64(offset);
        to.int32(-1);
        to.nullableString(null);
      }
    }
  },
  decode(from) {
    from.int32();
    return from
      .array((f) => {
        const topic = f.string();
        return f.array((p) => ({ topic, partition: p.int32(), error: p.int16() }));
      })
      .flat();
  },
};
