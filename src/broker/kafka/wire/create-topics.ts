import type { ClusterTopicRequest } from '../../cluster-log.js';
import type { Api } from './api.js';

export interface CreateTopicsRequest {
  readonly topics: readonly ClusterTopicRequest[];
  readonly timeoutMs: number;
}

export interface TopicResult {
  readonly error: number;
  readonly message: string | null;
}

export interface CreateTopicsAnswer extends TopicResult {
  readonly name: string;
  readonly id: string;
}

/** Creates topics, each of another name. */
export const CREATE_TOPICS: Api<CreateTopicsRequest, readonly CreateTopicsAnswer[]> = {
  name: 'CreateTopics',
  key: 19,
  version: 7,
  flexible: true,
  encode(to, { topics, timeoutMs }) {
    to.compactArrayLength(topics.length);
    for (const topic of topics) {
      to.compactString(topic.name);
      to.int32(topic.partitions);
      to.int16(topic.replicas);
      to.compactArrayLength(0);
      const settings = Object.entries(topic.settings);
      to.compactArrayLength(settings.length);
      for (const [name, value] of settings) {
        to.compactString(name);
        to.compactNullableString(value);
        to.noTags();
      }
      to.noTags();
    }
    to.int32(timeoutMs);
    to.bool(false);
    to.noTags();
  },
  decode(from) {
    from.int32();
    return from.compactArray((f) => {
      const result = { name: f.compactString(), id: f.uuid(), error: f.int16(), message: f.compactNullableString() };
      f.int32();
      f.int16();
      for (let settings = f.compactArrayLength(); settings > 0; settings--) {
        f.compactString();
        f.compactNullableString();
        f.bool();
        f.int8();
        f.bool();
        f.skipTags();
      }
      f.skipTags();
      return result;
    });
  },
};
