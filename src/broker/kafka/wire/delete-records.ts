import type { Position } from '../../broker.js';
import { type Api, byTopic } from './api.js';
import type { PartitionResult } from './transactions.js';

export interface DeleteRecordsRequest {
  /** Where each partition begins afterwards. */
  readonly before: readonly Position[];
  readonly timeoutMs: number;
}

/** Deletes what lies before an offset; sent to the leader. */
export const DELETE_RECORDS: Api<DeleteRecordsRequest, readonly PartitionResult[]> = {
  name: 'DeleteRecords',
  key: 21,
  version: 1,
  flexible: false,
  encode(to, { before, timeoutMs }) {
    const topics = byTopic(before);
    to.arrayLength(topics.size);
    for (const [topic, list] of topics) {
      to.string(topic);
      to.arrayLength(list.length);
      for (const { partition, offset } of list) {
        to.int32(partition);
        to.int64(offset);
      }
    }
    to.int32(timeoutMs);
  },
  decode(from) {
    from.int32();
    return from
      .array((f) => {
        const topic = f.string();
        return f.array((p) => {
          const partition = p.int32();
          p.int64();
          return { topic, partition, error: p.int16() };
        });
      })
      .flat();
  },
};
