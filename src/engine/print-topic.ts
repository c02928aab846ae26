import type { LogView } from '../broker/broker.js';
import { RecordBatchCursor } from '../broker/record-batch-cursor.js';
import type { SourceWindow } from '../catalog/catalog.js';
import type { StreamThread } from '../executor/thread/stream-thread.js';
import { formatDouble } from '../model/double-text.js';
import { StatementError, SystemError } from '../model/errors.js';
import { JsonSyntaxError, parseJsonLossless } from '../model/json-text.js';
import { formatTimestamp } from '../model/temporal-text.js';
import type { PrintTopic } from '../parser/ast.js';
import type { PrintHandle } from './engine.js';

const READ_BYTES = 1_000_000;

/** What bytes may be, tried in this order: only formats that decode every record seen so far stay. */
const GUESSES: readonly {
  readonly name: string;
  readonly text: (bytes: Buffer) => string | null;
}[] = [
  { name: 'JSON', text: jsonText },
  { name: 'KAFKA_INT', text: (b) => (b.length === 4 ? String(b.readInt32BE()) : null) },
  { name: 'KAFKA_BIGINT', text: (b) => (b.length === 8 ? String(b.readBigInt64BE()) : null) },
  {
    name: 'KAFKA_DOUBLE',
    text: (b) => (b.length === 8 ? formatDouble(b.readDoubleBE()) : null),
  },
  { name: 'KAFKA_STRING', text: utf8Text },
];

/** Whether the bytes are JSON, as ksqlDB prints them: the text itself. */
function jsonText(bytes: Buffer): string | null {
  const text = utf8Text(bytes);
  if (text === null) return null;
  try {
    parseJsonLossless(text);
    return text;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return null;
    throw error;
  }
}

function utf8Text(bytes: Buffer): string | null {
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') && !Buffer.from(text, 'utf8').equals(bytes) ? null : text;
}

/** Bytes after the key proper: a start, or an end and a start, of 8 bytes each. */
const windowBytes = (window: SourceWindow): number => (window.kind === 'SESSION' ? 16 : 8);

/** The bounds in a windowed key as ksqlDB prints them: the end of a time window is not in the bytes. */
function windowText(window: SourceWindow, bytes: Buffer): string {
  const at = bytes.length - windowBytes(window);
  return window.kind === 'SESSION'
    ? `${bytes.readBigInt64BE(at + 8)}/${bytes.readBigInt64BE(at)}`
    : `${bytes.readBigInt64BE(at)}/-`;
}

/** Narrows down what one half of a topic's records is written in. */
class FormatGuess {
  readonly #window: SourceWindow | null;
  #left = [...GUESSES];
  #changed = true;

  /** @param window set for keys that a stream or table declares to be windowed */
  constructor(window: SourceWindow | null = null) {
    this.#window = window;
  }

  /** @returns the text of the value in the first format that still fits all */
  text(bytes: Buffer | null): string {
    const window = this.#window;
    if (bytes === null || window === null || bytes.length < windowBytes(window)) return this.#bareText(bytes);
    const key = this.#bareText(bytes.subarray(0, bytes.length - windowBytes(window)));
    return `[${key}@${windowText(window, bytes)}]`;
  }

  #bareText(bytes: Buffer | null): string {
    if (bytes === null) return '<null>';
    const left = this.#left.filter(({ text }) => text(bytes) !== null);
    if (left.length !== this.#left.length) this.#changed = true;
    this.#left = left;
    return left[0]?.text(bytes) ?? `0x${bytes.toString('hex')}`;
  }

  /** The remaining formats, once after each change. */
  headline(label: string): string | null {
    if (!this.#changed) return null;
    this.#changed = false;
    const window = this.#window;
    const names = this.#left.map((g) => (window === null ? g.name : `${window.kind}(${g.name})`));
    return `${label} format: ${names.length === 0 ? 'does not match any supported format. It may be a STRING with encoding other than UTF8, or some other format.' : names.join(' or ')}`;
  }
}

/**
 * PRINT: the records of a topic as text, from now on or from its beginning, until closed or LIMIT. Lines end with a SystemError when the
 * stream thread fails: nothing is appended any more.
 * @param keyWindow the window that a source over the topic declares for its key
 * @param onEnd called once, when no more lines will come
 */
export async function printTopic(
  statement: PrintTopic,
  queryId: string,
  log: LogView,
  thread: StreamThread,
  keyWindow: SourceWindow | null,
  onEnd: () => void,
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
      lines: printedLines(statement, offsets, log, follower, keyWindow),
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

/** @param offsets where to read next, by partition */
async function* printedLines(
  statement: PrintTopic,
  offsets: number[],
  log: LogView,
  follower: TopicFollower,
  keyWindow: SourceWindow | null,
): AsyncIterable<readonly string[]> {
  const cursor = new RecordBatchCursor();
  const key = new FormatGuess(keyWindow);
  const value = new FormatGuess();
  const interval = Number(statement.interval ?? 1n);
  let left = statement.limit === null ? Number.POSITIVE_INFINITY : Number(statement.limit);
  let seen = 0;
  try {
    while (!follower.stopped && left > 0) {
      follower.begin();
      let moved = false;
      const lines: string[] = [];
      for (let partition = 0; partition < offsets.length && left > 0 && !follower.stopped; partition++) {
        for (const stored of await log.read(statement.topic, partition, offsets[partition]!, READ_BYTES)) {
          cursor.reset(stored.bytes);
          while (left > 0 && !cursor.isControl && cursor.next()) {
            if (cursor.offset < offsets[partition]! || seen++ % interval !== 0) continue;
            const keyText = key.text(slice(cursor.bytes, cursor.keyStart, cursor.keyEnd));
            const valueText = value.text(slice(cursor.bytes, cursor.valueStart, cursor.valueEnd));
            for (const headline of [key.headline('Key'), value.headline('Value')]) {
              if (headline !== null) lines.push(headline);
            }
            lines.push(
              `rowtime: ${timeText(cursor.timestamp)}, key: ${keyText}, value: ${valueText}, partition: ${partition}`,
            );
            left--;
          }
          if (stored.lastOffset < offsets[partition]!) continue;
          offsets[partition] = stored.lastOffset + 1;
          moved = true;
        }
      }
      if (lines.length > 0) yield lines;
      else if (!moved) await follower.news();
    }
    if (follower.failure !== null) throw follower.failure;
  } finally {
    follower.stop();
  }
}

function slice(bytes: Buffer, start: number, end: number): Buffer | null {
  return start < 0 ? null : bytes.subarray(start, end);
}

/** `2022/12/02 17:22:02.556 Z` */
function timeText(timestamp: number): string {
  if (timestamp < 0) return 'N/A';
  const [day = '', time = ''] = formatTimestamp(timestamp).split('T');
  return `${day.replaceAll('-', '/')} ${time} Z`;
}
