import type { TopicPartition } from '../../broker.js';
import { type Api, byTopic } from './api.js';

export interface ListOffsetsRequest {
  readonly at: 'start' | 'end';
  readonly partitions: readonly TopicPartition[];
}

export interface ListedOffset extends TopicPartition {
  readonly error: number;
  readonly offset: number;
}

const READ_COMMITTED = 1;
const START = -2;
const END = -1;

/** Where partitions begin, or where a reader of committed records ends: at the first open transaction, or at the end. */
export const LIST_OFFSETS: Api<ListOffsetsRequest, readonly ListedOffset[]> = {
  name: 'ListOffsets',
  key: 2,
  version: 5,
  flexible: false,
  encode(to, { at, partitions }) {
    to.int32(-1);
    to.int8(READ_COMMITTED);
    const topics = byTopic(partitions);
    to.arrayLength(topics.size);
    for (const [topic, list] of topics) {
      to.string(topic);
      to.arrayLength(list.length);
      for (const { partition } of list) {
        to.int32(partition);
        to.int32(-1);
        to.int64(at === 'start' ? START : END);
      }
    }
  },
  decode(from) {
    from.int32();
    return from
      .array((f) => {
        const topic = f.string();
        return f.array((p) => {
          const listed = { topic, partition: p.int32(), error: p.int16(), timestamp: p.int64(), offset: p.int64() };
          p.int32();
          return listed;
        });
      })
      .flat();
  },
};
