import type { Decoder } from './decoder.js';
import type { Encoder } from './encoder.js';

/** One kind of request in one version of Kafka's protocol, and its answer. */
export interface Api<Request, Answer> {
  readonly name: string;
  readonly key: number;
  readonly version: number;
  /** Flexible versions have tagged fields in the headers of request and answer. */
  readonly flexible: boolean;
  encode(to: Encoder, request: Request): void;
  /** @throws SystemError `damaged-answer` */
  decode(from: Decoder): Answer;
}

/** The parts of a list, by topic: how most requests name partitions. The order is kept. */
export function byTopic<T extends { readonly topic: string }>(items: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const topics = new Map<string, T[]>();
  for (const item of items) {
    const found = topics.get(item.topic);
    if (found === undefined) topics.set(item.topic, [item]);
    else found.push(item);
  }
  return topics;
}
