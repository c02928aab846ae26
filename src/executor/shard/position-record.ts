import { writeInt64 } from '../../broker/record-batch.js';
import { SystemError } from '../../model/errors.js';

/** Where a shard stands on one input partition. */
export interface InputPosition {
  readonly topic: string;
  /** The topic that the offset belongs to; a topic that was deleted and made again has another. */
  readonly topicId: string;
  readonly partition: number;
  /** The offset read next. */
  readonly offset: number;
  /** Greatest event time seen, in ms; -1 before the first record. For people: tasks keep theirs in their stores. */
  readonly streamTime: number;
}

/** What a position record says: the state of a shard after one commit, without the state itself. */
export interface CommittedPosition {
  /** Counts the commits of the shard, from 1. */
  readonly sequence: number;
  readonly inputs: readonly InputPosition[];
  /** Changelog records of the commit, without this one. */
  readonly records: number;
  /** Of the state after the commit. */
  readonly fingerprint: string;
  /** Of the plan that wrote it. */
  readonly plan: string;
  readonly node: string;
  readonly producerId: number;
  readonly epoch: number;
}

/** A position as the local file holds it. */
export interface ShardPosition extends CommittedPosition {
  /** The offset of the changelog that has not been applied. */
  readonly changelogOffset: number;
  /** When the position record was appended, in ms. */
  readonly timestamp: number;
  /** The file lies between two commits, in the middle of a restore: its fingerprint says nothing, it must not be read. */
  readonly restoring: boolean;
}

const FORMAT = 1;
const KEY_VERSION = 1;
const POSITION_KIND = 2;
const CLAIM_KIND = 3;
const CLAIM_KEY_BYTES = 14;

/** The key of all position records of a changelog partition. */
export const POSITION_KEY = Buffer.from([KEY_VERSION, POSITION_KIND]);

export function isPositionKey(bytes: Buffer, start: number, end: number): boolean {
  return end - start === 2 && bytes[start] === KEY_VERSION && bytes[start + 1] === POSITION_KIND;
}

export function encodePosition(position: CommittedPosition): Buffer {
  const { sequence, records, fingerprint, plan, node, producerId, epoch } = position;
  const inputs = position.inputs.map((i) => [i.topic, i.topicId, i.partition, i.offset, i.streamTime]);
  return Buffer.from(
    JSON.stringify({ format: FORMAT, sequence, records, fingerprint, plan, node, producerId, epoch, inputs }),
  );
}

/** @throws SystemError `changelog-corrupt`, or `newer-changelog` for a format that this release does not know */
export function decodePosition(bytes: Buffer): CommittedPosition {
  let parsed: (Omit<CommittedPosition, 'inputs'> & { format: number; inputs: unknown[][] }) | null;
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw damagedPosition(error);
  }
  if (parsed?.format !== FORMAT) {
    throw new SystemError(`a position record has format ${String(parsed?.format)}; this release knows ${FORMAT}`, {
      code: 'newer-changelog',
      hint: 'the changelog was written by a newer release: use that one',
    });
  }
  const { sequence, records, fingerprint, plan, node, producerId, epoch } = parsed;
  const isSound =
    Number.isInteger(sequence) &&
    Number.isInteger(records) &&
    typeof fingerprint === 'string' &&
    Array.isArray(parsed.inputs) &&
    parsed.inputs.every((input) => Array.isArray(input) && Number.isInteger(input[2]) && Number.isInteger(input[3]));
  if (!isSound) throw damagedPosition();
  const inputs = parsed.inputs.map(
    ([topic, topicId, partition, offset, streamTime]) =>
      ({ topic, topicId, partition, offset, streamTime }) as InputPosition,
  );
  return { sequence, inputs, records, fingerprint, plan, node, producerId, epoch };
}

function damagedPosition(cause?: unknown): SystemError {
  return new SystemError('a position record of a changelog is damaged', { code: 'changelog-corrupt', cause });
}

/**
 * Says, in the changelog itself, whose records count from here on: those of one producer. Without transactions nothing else keeps the
 * records of an owner that does not know that it has been replaced out of the state. Each claim has a key of its own, so that compaction
 * keeps them all.
 */
export interface ClaimRecord {
  readonly generation: number;
  readonly producerId: number;
  readonly node: string;
  /**
   * Offsets before the claim whose changes do not count: their owners never wrote a position record after them. `to` is where the claim lies
   * that this one repeats, once its writer has read so far.
   */
  readonly leftover: { readonly from: number; readonly to: number } | null;
}

export function claimKey({ generation, producerId }: ClaimRecord): Buffer {
  const key = Buffer.alloc(CLAIM_KEY_BYTES);
  key[0] = KEY_VERSION;
  key[1] = CLAIM_KIND;
  key.writeUInt32BE(generation, 2);
  writeInt64(key, 6, producerId);
  return key;
}

export function isClaimKey(bytes: Buffer, start: number, end: number): boolean {
  return end - start === CLAIM_KEY_BYTES && bytes[start] === KEY_VERSION && bytes[start + 1] === CLAIM_KIND;
}

export function encodeClaim(claim: ClaimRecord): Buffer {
  return Buffer.from(JSON.stringify(claim));
}

/** @throws SystemError `changelog-corrupt` */
export function decodeClaim(bytes: Buffer): ClaimRecord {
  try {
    const claim = JSON.parse(bytes.toString('utf8')) as ClaimRecord;
    if (Number.isInteger(claim.generation) && Number.isInteger(claim.producerId)) return claim;
  } catch {}
  throw new SystemError('a claim record of a changelog is damaged', { code: 'changelog-corrupt' });
}
