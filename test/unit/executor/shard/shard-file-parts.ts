import type { ShardPosition } from '../../../../src/executor/shard/position-record.js';
import { INTEGER, STRING } from '../../../../src/model/sql-type.js';
import type { StoreSpec } from '../../../../src/state/state-store.js';

/** A store of numbers by text. */
export const KEYED: StoreSpec & { kind: 'key-value' } = {
  name: 'Rows',
  kind: 'key-value',
  key: [{ name: 'K', type: STRING }],
  value: [{ name: 'V', type: INTEGER }],
  retentionMs: null,
  windowSizeMs: null,
};

export function positionOf(sequence: number, fingerprint: string): ShardPosition {
  return {
    sequence,
    inputs: [],
    records: 0,
    plan: '',
    node: '',
    producerId: 1,
    epoch: 0,
    changelogOffset: sequence,
    timestamp: 0,
    restoring: false,
    fingerprint,
  };
}
