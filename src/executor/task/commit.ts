import type { Appended, Commit, PartitionOffsets, PendingBatch } from '../../broker/broker.js';
import { SystemError } from '../../model/errors.js';
import type { Effects, QueryRunner } from './runner.js';

/** What a commit needs of the log. */
export interface CommitLog {
  /** One query's effects, or a group of inserts. */
  commit(commit: Commit): readonly Appended[];
  /** @throws SystemError when the topic or partition does not exist */
  offsets(topic: string, partition: number): PartitionOffsets;
  /** Deletes what lies before an offset. */
  trim(topic: string, partition: number, before: number): void;
}

/** What a commit needs of the file. */
export interface CommitDatabase {
  /** All or nothing of what `action` writes. */
  transaction<T>(action: () => T): T;
}

export interface Written {
  readonly batch: PendingBatch;
  readonly place: Appended;
}

export interface EpochOutcome {
  readonly written: readonly Written[];
  /** Queries whose effects could not be had or written; the others are committed. */
  readonly failed: readonly { readonly runner: QueryRunner; readonly error: unknown }[];
}

interface Member {
  readonly runner: QueryRunner;
  readonly effects: Effects;
}

/** Raised inside the transaction to undo all of it and go on without one query. */
class MemberFailure extends Error {
  constructor(
    readonly member: Member,
    override readonly cause: unknown,
  ) {
    super('a query could not be committed');
  }
}

/**
 * Commits the effects of all given queries in one transaction: outputs, positions and state of each, then the plain appends. A query that
 * fails is left out and reported; the transaction is made again without it.
 *
 * @throws SystemError when the file cannot take it (`disk-full` and the like). Nothing is written then, nothing is forgotten, and the same
 * call may be made again.
 */
export function commitEpoch(
  database: CommitDatabase,
  log: CommitLog,
  runners: readonly QueryRunner[],
  appends: readonly PendingBatch[],
): EpochOutcome {
  const failed: { runner: QueryRunner; error: unknown }[] = [];
  let members: Member[] = [];
  for (const runner of runners) {
    try {
      const effects = runner.collect();
      for (const { topic, partition } of effects.outputs) log.offsets(topic, partition);
      members.push({ runner, effects });
    } catch (error) {
      failed.push({ runner, error });
    }
  }
  for (;;) {
    try {
      return { written: commitTogether(database, log, members, appends), failed };
    } catch (error) {
      for (const { runner } of members) runner.stores.flushFailed();
      if (!(error instanceof MemberFailure)) throw error;
      const { member, cause } = error;
      failed.push({ runner: member.runner, error: cause });
      members = members.filter((other) => other !== member);
    }
  }
}

function commitTogether(
  database: CommitDatabase,
  log: CommitLog,
  members: readonly Member[],
  appends: readonly PendingBatch[],
): Written[] {
  const places = database.transaction(() => {
    const placesOfMembers = members.map((member) => commitMember(log, member));
    const placesOfAppends =
      appends.length === 0 ? [] : log.commit({ reader: null, outputs: appends, positions: [], writeState: null });
    return { placesOfMembers, placesOfAppends };
  });
  const written: Written[] = [];
  members.forEach(({ runner, effects }, i) => {
    const given = places.placesOfMembers[i]!;
    runner.stores.flushSucceeded();
    runner.committed(given);
    effects.outputs.forEach((batch, j) => {
      written.push({ batch, place: given[j]! });
    });
  });
  appends.forEach((batch, j) => {
    written.push({ batch, place: places.placesOfAppends[j]! });
  });
  return written;
}

function commitMember(log: CommitLog, member: Member): readonly Appended[] {
  const { runner, effects } = member;
  try {
    for (const { topic, partition, offset } of runner.takeTrimmable()) log.trim(topic, partition, offset);
    return log.commit({
      reader: runner.queryId,
      outputs: effects.outputs,
      positions: effects.positions,
      writeState: () => runner.stores.flush(),
    });
  } catch (error) {
    if (isStorageFailure(error)) throw error;
    throw new MemberFailure(member, error);
  }
}

/** Whether the file is to blame, not the query. */
export function isStorageFailure(error: unknown): boolean {
  return error instanceof SystemError && (error.code === 'disk-full' || error.code.startsWith('storage-'));
}
