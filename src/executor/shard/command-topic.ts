import { createHash, randomInt, randomUUID } from 'node:crypto';
import {
  type BatchReader,
  type BatchReaders,
  type ClusterTopic,
  type ClusterTopics,
  createOrFindTopic,
  LogError,
  type TransactionalWriter,
  type Writers,
} from '../../broker/cluster-log.js';
import { RecordBatchBuilder } from '../../broker/record-batch-builder.js';
import { RecordBatchCursor } from '../../broker/record-batch-cursor.js';
import { SystemError } from '../../model/errors.js';
import type { CatalogCommand, StoredCommand } from '../thread/stream-thread.js';

const TAKE_BYTES = 1024 * 1024;
const TRANSACTION_TIMEOUT_MS = 10_000;
const ATTEMPTS_MAX = 6;
/** The first pause after somebody else has become the writer in the middle of an append is at most so long; the next ones twice as long each. */
const PAUSE_MS = 20;
const TOPIC_SETTINGS = { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' } as const;
const ID_HEADER = 'id';
const CHECKSUM_HEADER = 'sha256';

export interface CommandTopicParts {
  readonly serviceId: string;
  readonly replicas: number;
  readonly topics: ClusterTopics;
  readonly readers: BatchReaders;
  readonly writers: Writers;
  readonly now: () => number;
  /** Done while the topic is made for the first time: what the first commands will need. */
  readonly prepare?: () => Promise<void>;
  /** Commands that came into the log after `open`, own ones among them, in order. */
  readonly onCommands: (commands: readonly StoredCommand[]) => void;
  /** The log cannot be read on. */
  readonly onFailure: (error: SystemError) => void;
}

/** The name of the topic that holds a service's catalog. */
export function commandTopicName(serviceId: string): string {
  return `_confluent-ksql-${serviceId}_millrace_commands`;
}

/**
 * The catalog of a service as one partition of commands, heard by all nodes in the same order. A command is made on the catalog that it changes:
 * whoever appends fences the writer before it, hears everything that is there, and appends nothing if that is more than it knew at its claim.
 */
export class CommandTopic {
  readonly name: string;
  readonly #parts: CommandTopicParts;
  readonly #cursor = new RecordBatchCursor();
  readonly #heard = new Map<string, number>();
  #reader: BatchReader | null = null;
  #writer: TransactionalWriter | null = null;
  #sequence = 0;
  /** The last command that the next ones are made on; null before the first claim. */
  #claimed: number | null = null;
  #opened = false;
  #waiting: { readonly until: number; readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = [];

  constructor(parts: CommandTopicParts) {
    this.#parts = parts;
    this.name = commandTopicName(parts.serviceId);
  }

  /**
   * Makes the topic if it is not there, and reads it to its end.
   * @returns the commands so far
   */
  async open(): Promise<readonly StoredCommand[]> {
    const { topics, readers } = this.#parts;
    // An earlier attempt may have broken off.
    this.#reader?.close();
    this.#reader = null;
    this.#sequence = 0;
    this.#heard.clear();
    let [topic] = await topics.describe([this.name]);
    if (topic === null || topic === undefined) [topic] = await Promise.all([this.#create(), this.#prepareFirst()]);
    const [range] = await topics.offsets([{ topic: this.name, partition: 0 }]);
    if (range!.start > 0) {
      throw new SystemError(
        `the command topic "${this.name}" has lost its beginning: it starts at offset ${range!.start}`,
        {
          code: 'catalog-incomplete',
          hint: 'set its retention.ms to -1 and bring back its records, or choose another ksql.service.id',
        },
      );
    }
    const before: StoredCommand[] = [];
    this.#reader = readers.open(this.name, topic!.id, 0, 0, { onChange: () => this.#changed() });
    const hear = (commands: readonly StoredCommand[]): void => {
      if (this.#opened) this.#parts.onCommands(commands);
      else before.push(...commands);
    };
    this.#hear = hear;
    await this.#reach(range!.end);
    this.#opened = true;
    return before;
  }

  #create(): Promise<ClusterTopic | null> {
    const { topics, replicas } = this.#parts;
    return createOrFindTopic(topics, { name: this.name, partitions: 1, replicas, settings: TOPIC_SETTINGS });
  }

  /** A new service will have commands at once. What fails here is done when it is needed. */
  async #prepareFirst(): Promise<void> {
    const { writers, serviceId, prepare } = this.#parts;
    const [writer] = await Promise.allSettled([
      writers.transactional(`${serviceId}-commands`, TRANSACTION_TIMEOUT_MS),
      prepare?.(),
    ]);
    if (writer.status !== 'fulfilled') return;
    this.#letGo();
    this.#writer = writer.value;
  }

  /** Hears every command before this call. What is appended next is made on these. */
  async claim(): Promise<void> {
    await this.#catchUp();
    this.#claimed = this.#sequence;
  }

  /**
   * Appends commands as one, and hears them.
   * @throws SystemError `catalog-fenced` when another node has written since `claim`: nothing was appended
   */
  async append(commands: readonly CatalogCommand[]): Promise<void> {
    if (commands.length === 0) return;
    const claimed = this.#claimed;
    if (claimed === null) throw fenced(null);
    const ids = commands.map(() => randomUUID());
    let doubt: LogError | null = null;
    for (let attempt = 0; ; attempt++) {
      try {
        const writer = await this.#becomeWriter();
        // An attempt may have succeeded although nobody said so.
        if (this.#heard.has(ids[0]!)) break;
        if (this.#sequence !== claimed || attempt === ATTEMPTS_MAX) throw fenced(doubt);
        await this.#write(writer, commands, ids);
        break;
      } catch (error) {
        if (!(error instanceof LogError)) throw error;
        this.#letGo();
        const isUncertain: boolean = doubt?.failure === 'uncertain';
        if (error.failure === 'refused' || error.failure === 'unavailable') throw isUncertain ? doubt : error;
        if (!isUncertain) doubt = error;
        await new Promise((resolve) => setTimeout(resolve, randomInt(PAUSE_MS * 2 ** attempt)));
      }
    }
    this.#claimed = this.#sequence;
  }

  close(): void {
    this.#reader?.close();
    this.#letGo();
    this.#abandon(new SystemError('the engine is closed', { code: 'closed' }));
  }

  #hear: (commands: readonly StoredCommand[]) => void = () => {};

  /** From then on nobody else appends anything, and everything that is there has been heard. */
  async #becomeWriter(): Promise<TransactionalWriter> {
    if (this.#writer !== null) return this.#writer;
    const { writers, serviceId } = this.#parts;
    const writer = await writers.transactional(`${serviceId}-commands`, TRANSACTION_TIMEOUT_MS);
    this.#writer = writer;
    await this.#catchUp();
    return writer;
  }

  async #write(
    writer: TransactionalWriter,
    commands: readonly CatalogCommand[],
    ids: readonly string[],
  ): Promise<void> {
    const builder = new RecordBatchBuilder();
    commands.forEach(({ text }, i) => {
      builder.append(this.#parts.now(), null, Buffer.from(text), [
        { key: ID_HEADER, value: Buffer.from(ids[i]!) },
        { key: CHECKSUM_HEADER, value: Buffer.from(checksumOf(text)) },
      ]);
    });
    await writer.addPartitions([{ topic: this.name, partition: 0 }]);
    const [place] = await writer.append([
      { topic: this.name, partition: 0, records: commands.length, bytes: builder.finish() },
    ]);
    await writer.end('commit');
    await this.#reach(place!.lastOffset + 1);
  }

  #letGo(): void {
    this.#writer?.close();
    this.#writer = null;
  }

  async #catchUp(): Promise<void> {
    const [range] = await this.#parts.topics.offsets([{ topic: this.name, partition: 0 }]);
    await this.#reach(range!.end);
  }

  /** Waits until everything below the offset has been heard. */
  #reach(offset: number): Promise<void> {
    this.#changed();
    if (this.#reader!.next >= offset) return Promise.resolve();
    if (this.#reader!.failure !== null) return Promise.reject(this.#reader!.failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ until: offset, resolve, reject });
    });
  }

  #changed(): void {
    const reader = this.#reader;
    if (reader === null) return;
    for (;;) {
      const batches = reader.take(TAKE_BYTES);
      if (batches.length === 0) break;
      const commands: StoredCommand[] = [];
      for (const { bytes } of batches) this.#decode(bytes, commands);
      if (commands.length > 0) this.#hear(commands);
    }
    const reached = this.#waiting.filter(({ until }) => reader.next >= until);
    this.#waiting = this.#waiting.filter(({ until }) => reader.next < until);
    for (const { resolve } of reached) resolve();
    if (reader.failure === null) return;
    this.#abandon(reader.failure);
    this.#parts.onFailure(reader.failure);
  }

  #decode(bytes: Buffer, commands: StoredCommand[]): void {
    const cursor = this.#cursor;
    cursor.reset(bytes);
    while (!cursor.isControl && cursor.next()) {
      const text = cursor.valueStart < 0 ? '' : cursor.bytes.toString('utf8', cursor.valueStart, cursor.valueEnd);
      const headers = new Map(cursor.headers().map(({ key, value }) => [key, value?.toString() ?? '']));
      const sequence = ++this.#sequence;
      const id = headers.get(ID_HEADER);
      if (id !== undefined) this.#heard.set(id, sequence);
      const sound = headers.get(CHECKSUM_HEADER) === checksumOf(text);
      commands.push(sound ? { sequence, text } : { sequence, text, problem: 'its checksum is not that of its text' });
    }
  }

  #abandon(error: SystemError): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(error);
  }
}

function checksumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function fenced(cause: unknown): SystemError {
  return new SystemError('another node has changed the catalog at the same time', {
    code: 'catalog-fenced',
    retriable: true,
    hint: 'send the statement again',
    cause,
  });
}
