import { describe, expect, it } from 'vitest';
import { queryStatus } from '../../../../src/executor/shard/node-status.js';
import type { ShardPhase } from '../../../../src/executor/shard/shard.js';
import type { HostedStatus, ShardStatus } from '../../../../src/executor/shard/shard-host.js';

function shard(index: number, phase: ShardPhase, more: Partial<ShardStatus> = {}): ShardStatus {
  return {
    index,
    tasks: 2,
    phase,
    reason: null,
    sequence: 1,
    restoreApplied: 3,
    restoreTotal: 4,
    commits: 5,
    commitMs: 600,
    commitMsMax: 70 + index,
    changelogRecords: 8,
    changelogBytes: 9,
    recoveries: 1,
    positions: [{ topic: 't', partition: index, offset: 1, end: 2, streamTime: index === 0 ? null : index * 100 }],
    ...more,
  };
}

function hosted(shards: readonly ShardStatus[], more: Partial<HostedStatus> = {}): HostedStatus {
  return { queryId: 'Q', paused: false, rowsIn: 10, rowsOut: 20, dropped: {}, shards, ...more };
}

describe('what a node says of a query', () => {
  it.each<readonly [ShardPhase[], boolean, string]>([
    [[], false, 'UNASSIGNED'],
    [[], true, 'PAUSED'],
    [['running', 'running'], false, 'RUNNING'],
    [['running', 'running'], true, 'PAUSED'],
    [['running', 'recovering'], false, 'RESTORING'],
    [['waiting', 'running'], false, 'RESTORING'],
    [['recovering', 'failed'], false, 'ERROR'],
    [['running', 'failed'], true, 'ERROR'],
    [['running', 'lost'], false, 'RUNNING'],
  ])('with shards %j, paused %s: %s', (phases, paused, state) => {
    const shards = phases.map((phase, i) => shard(i, phase));
    expect(queryStatus('Q', paused, shards.length === 0 ? [] : [hosted(shards)]).state).toBe(state);
  });

  it('is the sum of its hosts', () => {
    const status = queryStatus('Q', false, [
      hosted([shard(0, 'running'), shard(1, 'running')], { dropped: { late: 1, expression: 2 } }),
      hosted([shard(2, 'running')], { dropped: { late: 5 } }),
    ]);
    expect(status).toEqual({
      queryId: 'Q',
      state: 'RUNNING',
      error: null,
      rowsIn: 20,
      rowsOut: 40,
      dropped: { late: 6, expression: 2 },
      streamTime: 200,
      positions: [0, 1, 2].map((index) => shard(index, 'running').positions[0]),
      figures: {
        tasks: 6,
        commits: { count: 15, seconds: 1.8, secondsGreatest: 0.072 },
        restore: { applied: 9, total: 12 },
        changelog: { records: 24, bytes: 27 },
      },
    });
  });

  it('has no stream time before the first record', () => {
    expect(queryStatus('Q', false, [hosted([shard(0, 'running')])]).streamTime).toBeNull();
  });

  it('names what has failed before what only waits', () => {
    const shards = [shard(0, 'waiting', { reason: 'no room' }), shard(1, 'failed', { reason: 'no such topic' })];
    expect(queryStatus('Q', false, [hosted(shards)]).error).toBe('no such topic');
    expect(queryStatus('Q', false, [hosted(shards.slice(0, 1))]).error).toBe('no room');
    expect(queryStatus('Q', false, [hosted([shard(0, 'running', { reason: 'of before' })])]).error).toBeNull();
  });
});
