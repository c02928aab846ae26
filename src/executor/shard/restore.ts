import type { PartitionOffsets } from '../../broker/broker.js';
import type { BatchReader } from '../../broker/cluster-log.js';
import { RecordBatchCursor } from '../../broker/record-batch-cursor.js';
import { SystemError } from '../../model/errors.js';
import type { ChangelogOwners } from './changelog-owners.js';
import { type ChangelogSource, nextBatches, withReader } from './changelog-reader.js';
import {
  type CommittedPosition,
  decodePosition,
  isClaimKey,
  isPositionKey,
  type ShardPosition,
} from './position-record.js';
import type { ShardParts, ShardState } from './shard-ports.js';

/** A restore commits what it has applied when it is this much, so that a crash need not begin again. */
const CHUNK_BYTES = 16 * 1024 * 1024;

/** How far a restore has come, in offsets of the changelog. */
export interface RestoreProgress {
  readonly from: number;
  readonly at: number;
  readonly end: number;
}

export interface RestoreParts extends ChangelogSource, Pick<ShardParts, 'tombstoneRetentionMs' | 'failpoints' | 'log'> {
  readonly state: ShardState;
  /** As asked for after earlier owners were fenced: nothing is appended any more by anybody else. */
  readonly range: PartitionOffsets;
  /** Whose records count, in a log that is written without transactions; null with them. */
  readonly owners: ChangelogOwners | null;
  readonly onProgress: (progress: RestoreProgress) => void;
}

/**
 * Brings a shard's file to the last commit that the changelog tells of, and checks it by its fingerprint.
 *
 * A file that cannot be trusted, or has slept so long that deletions may be gone from the log, is put aside and built anew from the
 * changelog's beginning; a file that is ahead of the log is never rolled back: that is an error.
 *
 * @returns the position of that commit; null when there was none yet
 * @throws SystemError `changelog-behind`, `changelog-corrupt`, `state-corrupt`
 */
export async function restoreState(parts: RestoreParts): Promise<ShardPosition | null> {
  const { state, range, log } = parts;
  const local = state.position;
  if (local !== null && local.changelogOffset > range.end) throw behind(local, range.end);
  if (local !== null && local.changelogOffset < range.start) {
    log('warn', `the changelog begins after the local state: it is built anew; the old file is ${state.quarantine()}`);
    return rebuild(parts);
  }
  const newest = await applyLog(parts, local?.changelogOffset ?? range.start, local);
  if (newest === null) {
    if (local === null) return null;
    // Built by an earlier run of this very position, or changed by somebody else since.
    if (!local.restoring && state.fingerprint() === local.fingerprint) return local;
  } else if (local !== null && !local.restoring && newest.sequence <= local.sequence) {
    throw behind(local, range.end);
  } else if (state.fingerprint() === newest.fingerprint && !slept(local, newest, parts.tombstoneRetentionMs)) {
    state.commit(newest);
    return newest;
  } else if (local === null) {
    throw corruptState(newest, state);
  }
  state.rollback();
  log(
    'warn',
    `the local state is not that of the changelog, or too old: it is built anew; the old file is ${state.quarantine()}`,
  );
  return rebuild(parts);
}

async function rebuild(parts: RestoreParts): Promise<ShardPosition | null> {
  const { state, range } = parts;
  const newest = await applyLog(parts, range.start, null);
  if (newest === null) return null;
  if (state.rehash() !== newest.fingerprint) throw corruptState(newest, state);
  state.commit(newest);
  return newest;
}

/** Applies the changelog from an offset on. Returns the last position record that was met, with where it lies; the caller commits. */
async function applyLog(parts: RestoreParts, from: number, local: ShardPosition | null): Promise<ShardPosition | null> {
  const { range, owners } = parts;
  // What follows the last position record of the owner was never committed, and must not be applied.
  const end = owners === null ? range.end : owners.lastPosition + 1;
  if (from >= end) return null;
  return withReader(parts, from, (reader, changed) => applyUpTo(parts, reader, changed, from, end, local));
}

async function applyUpTo(
  parts: RestoreParts,
  reader: BatchReader,
  changed: () => Promise<void>,
  from: number,
  end: number,
  local: ShardPosition | null,
): Promise<ShardPosition | null> {
  const { state, failpoints, owners } = parts;
  const cursor = new RecordBatchCursor();
  let newest: ShardPosition | null = null;
  let sequence = local?.sequence ?? 0;
  let applied = 0;
  let uncommitted = 0;
  while (reader.next < end) {
    const batches = await nextBatches(parts, reader, changed);
    for (const { bytes } of batches) {
      if (owners !== null && !owners.counts(bytes)) continue;
      cursor.reset(bytes);
      while (!cursor.isControl && cursor.next()) {
        const { offset, keyStart, keyEnd, valueStart, valueEnd } = cursor;
        if (offset < from || offset >= end) continue;
        if (isPositionKey(cursor.bytes, keyStart, keyEnd)) {
          const position = decodePosition(cursor.bytes.subarray(valueStart, valueEnd));
          if (position.sequence === sequence + 1 && applied > position.records) throw tooMany(position, applied);
          sequence = position.sequence;
          applied = 0;
          newest = { ...position, changelogOffset: offset + 1, timestamp: cursor.timestamp, restoring: false };
        } else if (!isClaimKey(cursor.bytes, keyStart, keyEnd)) {
          state.apply(cursor.bytes, keyStart, keyEnd, valueStart, valueEnd);
          applied++;
        }
      }
      uncommitted += bytes.length;
    }
    parts.onProgress({ from, at: Math.min(reader.next, end), end });
    if (uncommitted >= CHUNK_BYTES && reader.next < end) {
      uncommitted = 0;
      const base: CommittedPosition = newest ?? local ?? NOTHING;
      const fingerprint = state.fingerprint();
      const timestamp = newest?.timestamp ?? local?.timestamp ?? 0;
      state.commit({ ...base, fingerprint, timestamp, changelogOffset: reader.next, restoring: true });
    }
    failpoints.hit('recoverApplied');
  }
  if (newest === null && applied > 0) {
    throw new SystemError('a changelog ends with changes that no position record closes', {
      code: 'changelog-corrupt',
    });
  }
  // Past the markers that follow the record: they need not be read again.
  return newest === null ? null : { ...newest, changelogOffset: end };
}

const NOTHING: CommittedPosition = {
  sequence: 0,
  inputs: [],
  records: 0,
  fingerprint: '',
  plan: '',
  node: '',
  producerId: -1,
  epoch: -1,
};

/** Whether deletions that the file has not seen may have been compacted away. */
function slept(local: ShardPosition | null, newest: ShardPosition, tombstoneRetentionMs: number): boolean {
  return local !== null && local.timestamp > 0 && newest.timestamp - local.timestamp > tombstoneRetentionMs / 2;
}

function behind(local: ShardPosition, end: number): SystemError {
  return new SystemError(
    `the local state is ahead of its changelog: it holds commit ${local.sequence} at offset ${local.changelogOffset}, and the changelog ends at ${end}`,
    {
      code: 'changelog-behind',
      retriable: true,
      hint: 'committed records are missing from the changelog: bring back the broker that has them, or drop the query and create it again',
    },
  );
}

function corruptState(newest: ShardPosition, state: ShardState): SystemError {
  return new SystemError(
    `the state built from the changelog has the fingerprint ${state.fingerprint()}, and its position record says ${newest.fingerprint}`,
    { code: 'state-corrupt', hint: 'the changelog has lost or changed records; drop the query and create it again' },
  );
}

function tooMany(position: CommittedPosition, applied: number): SystemError {
  return new SystemError(
    `commit ${position.sequence} of a changelog has ${applied} records where its position record counts ${position.records}`,
    { code: 'changelog-corrupt' },
  );
}
