import type { Api } from './api.js';

export interface DeleteTopicsRequest {
  readonly name: string;
  readonly timeoutMs: number;
}

/** Deletes one topic. */
export const DELETE_TOPICS: Api<DeleteTopicsRequest, readonly { readonly error: number }[]> = {
  name: 'DeleteTopics',
  key: 20,
  version: 3,
  flexible: false,
  encode(to, { name, timeoutMs }) {
    to.arrayLength(1);
    to.string(name);
    to.int32(timeoutMs);
  },
  decode(from) {
    from.int32();
    return from.array((f) => {
      f.string();
      return { error: f.int16() };
    });
  },
};
