import type { ClusterTopicRequest } from '../cluster-log.js';
import { UNKNOWN_TOPIC_OR_PARTITION } from './kafka-error-codes.js';
import type { CreateTopicsAnswer } from './wire/create-topics.js';

interface Waiting {
  readonly topic: ClusterTopicRequest;
  readonly resolve: (answer: CreateTopicsAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Puts topics that are asked for before the event loop turns into one request. A broker makes several as fast as one, and looks at the next
 * request of a connection once it has answered the last.
 */
export class TopicCreations {
  readonly #send: (topics: readonly ClusterTopicRequest[]) => Promise<readonly CreateTopicsAnswer[]>;
  #waiting = new Map<string, Waiting>();

  /** @param send called with topics of different names */
  constructor(send: (topics: readonly ClusterTopicRequest[]) => Promise<readonly CreateTopicsAnswer[]>) {
    this.#send = send;
  }

  /** What the broker says to this topic. @throws whatever sending throws */
  ask(topic: ClusterTopicRequest): Promise<CreateTopicsAnswer> {
    // A broker refuses a request that names a topic twice.
    if (this.#waiting.has(topic.name)) this.#flush();
    if (this.#waiting.size === 0) process.nextTick(() => this.#flush());
    return new Promise((resolve, reject) => {
      this.#waiting.set(topic.name, { topic, resolve, reject });
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    if (waiting.size === 0) return;
    this.#waiting = new Map();
    this.#send([...waiting.values()].map(({ topic }) => topic)).then(
      (answers) => {
        const byName = new Map(answers.map((answer) => [answer.name, answer]));
        for (const [name, { resolve }] of waiting) {
          resolve(byName.get(name) ?? { name, error: UNKNOWN_TOPIC_OR_PARTITION, message: null, id: '' });
        }
      },
      (error: unknown) => {
        for (const { reject } of waiting.values()) reject(error);
      },
    );
  }
}
