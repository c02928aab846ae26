import type { QueryState, QueryStatus } from '../thread/stream-thread.js';
import type { HostedStatus, ShardStatus } from './shard-host.js';

/** What this node can say of a query: the sum over its shards here. */
export function queryStatus(queryId: string, paused: boolean, hosted: readonly HostedStatus[]): QueryStatus {
  const shards = hosted.flatMap((one) => one.shards);
  const dropped: Record<string, number> = {};
  for (const one of hosted) {
    for (const [reason, count] of Object.entries(one.dropped)) dropped[reason] = (dropped[reason] ?? 0) + count;
  }
  const sum = (pick: (shard: ShardStatus) => number): number => shards.reduce((total, shard) => total + pick(shard), 0);
  const positions = shards.flatMap((shard) => shard.positions);
  const streamTime = positions.reduce((max, position) => Math.max(max, position.streamTime ?? -1), -1);
  const failed = shards.find(({ phase }) => phase === 'failed');
  const waiting = shards.find(({ phase, reason }) => phase === 'waiting' && reason !== null);
  return {
    queryId,
    state: stateOf(paused, shards),
    error: failed?.reason ?? waiting?.reason ?? null,
    rowsIn: hosted.reduce((total, one) => total + one.rowsIn, 0),
    rowsOut: hosted.reduce((total, one) => total + one.rowsOut, 0),
    dropped,
    streamTime: streamTime < 0 ? null : streamTime,
    positions,
    figures: {
      tasks: sum((shard) => shard.tasks),
      commits: {
        count: sum((shard) => shard.commits),
        seconds: sum((shard) => shard.commitMs) / 1000,
        secondsGreatest: shards.reduce((max, shard) => Math.max(max, shard.commitMsMax), 0) / 1000,
      },
      restore: { applied: sum((shard) => shard.restoreApplied), total: sum((shard) => shard.restoreTotal) },
      changelog: { records: sum((shard) => shard.changelogRecords), bytes: sum((shard) => shard.changelogBytes) },
    },
  };
}

function stateOf(paused: boolean, shards: readonly ShardStatus[]): QueryState {
  if (shards.some(({ phase }) => phase === 'failed')) return 'ERROR';
  if (paused) return 'PAUSED';
  if (shards.length === 0) return 'UNASSIGNED';
  return shards.some(({ phase }) => phase === 'recovering' || phase === 'waiting') ? 'RESTORING' : 'RUNNING';
}
