import type { LogView } from '../broker/broker.js';
import { RecordBatchCursor } from '../broker/record-batch-cursor.js';
import type { SourceWindow } from '../catalog/catalog.js';
import type { StreamThread } from '../executor/thread/stream-thread.js';
import { StatementError, SystemError } from '../model/errors.js';
import { formatTimestamp } from '../model/temporal-text.js';
import type { PrintTopic } from '../parser/ast.js';
import type { PrintHandle } from './engine.js';
import { FormatGuess, loadSchema, type PrintSchemas } from './print-formats.js';

const READ_BYTES = 1_000_000;

/**
 * PRINT: the records of a topic as text, from now on or from its beginning, until closed or LIMIT. Lines end with a SystemError when the
 * stream thread fails: nothing is appended any more.
 * @param keyWindow the window that a source over the topic declares for its key
 * @param onEnd called once, when no more lines will come
 * @param schemas of the records that begin with the id of one
 */
export async function printTopic(
  statement: PrintTopic,
  queryId: string,
  log: LogView,
  thread: StreamThread,
  keyWindow: SourceWindow | null,
  onEnd: () => void,
  schemas: PrintSchemas,
): Promise<PrintHandle> {
  if (statement.interval !== null && statement.interval < 1n) {
    throw new StatementError(`the interval of PRINT must be at least 1, not ${statement.interval}`, {
      code: 'invalid-interval',
      span: statement.span,
    });
  }
  await log.refresh();
  const topic = log.describeTopic(statement.topic);
  if (topic === null) {
    const near = log.listTopics().filter((t) => t.name.toLowerCase() === statement.topic.toLowerCase());
    throw new StatementError(
      `Could not find topic '${statement.topic}', or the KSQL user does not have permissions to list the topic. Topic names are case-sensitive.` +
        (near.length === 0 ? '' : `\nDid you mean:\n${near.map((t) => `\tPRINT ${t.name};`).join('\n')}`),
      { code: 'unknown-topic', span: statement.span },
    );
  }
  const follower = new TopicFollower(topic.name, log, thread, onEnd);
  try {
    const ranges = await Promise.all(Array.from({ length: topic.partitions }, (_, p) => log.offsets(topic.name, p)));
    const offsets = ranges.map(({ start, end }) => (statement.fromBeginning ? start : end));
    return {
      kind: 'print',
      queryId,
      lines: printedLines(statement, offsets, log, follower, new TopicPrinter(keyWindow, schemas)),
      close: async () => follower.stop(),
    };
  } catch (error) {
    follower.stop();
    throw error;
  }
}

/** Knows when there may be more in a topic, and when it is time to stop. */
class TopicFollower {
  readonly #release: readonly (() => void)[];
  #stopped = false;
  #failure: SystemError | null = null;
  #grown = false;
  #wake: (() => void) | null = null;

  constructor(topic: string, log: LogView, thread: StreamThread, onEnd: () => void) {
    this.#release = [
      log.tail(topic, () => {
        this.#grown = true;
        this.#wake?.();
      }),
      thread.subscribe((event) => {
        if (event.kind !== 'threadFailed') return;
        this.#failure = new SystemError(event.error, { code: 'print-failed' });
        this.stop();
      }),
      onEnd,
    ];
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Why it has stopped; null when somebody wanted it. */
  get failure(): SystemError | null {
    return this.#failure;
  }

  /** To be called before a reading of the topic: what is appended from then on is news. */
  begin(): void {
    this.#grown = false;
  }

  /** Resolves when the topic has grown since `begin`, or it is time to stop. */
  async news(): Promise<void> {
    while (!this.#grown && !this.#stopped) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const release of this.#release) release();
    this.#wake?.();
  }
}

/** Records as lines, preceded by what is known of their formats. */
class TopicPrinter {
  readonly #schemas: PrintSchemas;
  readonly #key: FormatGuess;
  readonly #value: FormatGuess;

  constructor(keyWindow: SourceWindow | null, schemas: PrintSchemas) {
    this.#schemas = schemas;
    this.#key = new FormatGuess('key', keyWindow, schemas);
    this.#value = new FormatGuess('value', null, schemas);
  }

  /** The lines of records that were read together: what all of them tell of the formats counts for each. */
  async lines(records: readonly ReadRecord[]): Promise<string[]> {
    for (const { key, value } of records) {
      await this.#see(this.#key, key);
      await this.#see(this.#value, value);
    }
    const shown = records.filter((record) => record.shown);
    if (shown.length === 0) return [];
    const headlines = [this.#key.headline('Key'), this.#value.headline('Value')].filter((line) => line !== null);
    return headlines.concat(
      shown.map(
        ({ timestamp, key, value, partition }) =>
          `rowtime: ${timeText(timestamp)}, key: ${this.#key.text(key)}, value: ${this.#value.text(value)}, partition: ${partition}`,
      ),
    );
  }

  async #see(guess: FormatGuess, bytes: Buffer | null): Promise<void> {
    const id = guess.needs(bytes);
    if (id !== null) await loadSchema(this.#schemas, id);
    guess.see(bytes);
  }
}

interface ReadRecord {
  readonly partition: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Whether INTERVAL lets it through. */
  readonly shown: boolean;
}

/** @param offsets where to read next, by partition */
async function* printedLines(
  statement: PrintTopic,
  offsets: number[],
  log: LogView,
  follower: TopicFollower,
  printer: TopicPrinter,
): AsyncIterable<readonly string[]> {
  const cursor = new RecordBatchCursor();
  const interval = Number(statement.interval ?? 1n);
  let left = statement.limit === null ? Number.POSITIVE_INFINITY : Number(statement.limit);
  let seen = 0;
  try {
    while (!follower.stopped && left > 0) {
      follower.begin();
      let moved = false;
      const records: ReadRecord[] = [];
      for (let partition = 0; partition < offsets.length && left > 0 && !follower.stopped; partition++) {
        for (const stored of await log.read(statement.topic, partition, offsets[partition]!, READ_BYTES)) {
          cursor.reset(stored.bytes);
          while (left > 0 && !cursor.isControl && cursor.next()) {
            if (cursor.offset < offsets[partition]!) continue;
            const shown = seen++ % interval === 0;
            const key = slice(cursor.bytes, cursor.keyStart, cursor.keyEnd);
            const value = slice(cursor.bytes, cursor.valueStart, cursor.valueEnd);
            records.push({ partition, timestamp: cursor.timestamp, key, value, shown });
            if (shown) left--;
          }
          if (stored.lastOffset < offsets[partition]!) continue;
          offsets[partition] = stored.lastOffset + 1;
          moved = true;
        }
      }
      const lines = await printer.lines(records);
      if (lines.length > 0) yield lines;
      else if (!moved) await follower.news();
    }
    if (follower.failure !== null) throw follower.failure;
  } finally {
    follower.stop();
  }
}

/** A copy: the bytes of a compressed batch are gone when the next one is read. */
function slice(bytes: Buffer, start: number, end: number): Buffer | null {
  return start < 0 ? null : Buffer.from(bytes.subarray(start, end));
}

/** `2022/12/02 17:22:02.556 Z` */
function timeText(timestamp: number): string {
  if (timestamp < 0) return 'N/A';
  const [day = '', time = ''] = formatTimestamp(timestamp).split('T');
  return `${day.replaceAll('-', '/')} ${time} Z`;
}
