import { describe, expect, it } from 'vitest';
import type { LogView, PartitionOffsets, StoredBatch, TopicDescription } from '../../../src/broker/broker.js';
import { ATTRIBUTES_AT, CONTROL_BIT } from '../../../src/broker/record-batch.js';
import { RecordBatchBuilder } from '../../../src/broker/record-batch-builder.js';
import type { PrintHandle } from '../../../src/engine/engine.js';
import type { PrintSchemas } from '../../../src/engine/print-formats.js';
import { printTopic } from '../../../src/engine/print-topic.js';
import type { StreamThread, ThreadEvent } from '../../../src/executor/thread/stream-thread.js';
import type { RegisteredSchema } from '../../../src/formats/schema-registry/schema-registry.js';
import { SystemError } from '../../../src/model/errors.js';
import type { PrintTopic } from '../../../src/parser/ast.js';
import { parse } from '../../../src/parser/parse.js';

/** A log of one partition that answers late, and whose batches are not all of records. */
class SlowLog implements LogView {
  readonly batches: StoredBatch[] = [];
  refreshes = 0;
  /** Called before a reading is answered. */
  onRead: () => void = () => {};
  readonly #tails = new Set<() => void>();

  /** @param values null leaves a hole at the offset */
  add(values: readonly (string | null)[], isControl = false): void {
    const baseOffset = this.#end;
    const builder = new RecordBatchBuilder();
    values.forEach((value, i) => {
      if (value === null) return;
      const text = Buffer.from(value);
      builder.begin(1_000 + i, i);
      builder.endKey(true);
      builder.copyFrom(text, 0, text.length);
      builder.endValue(false);
      builder.end();
    });
    const bytes = builder.finish(baseOffset, values.length - 1);
    if (isControl) bytes[ATTRIBUTES_AT + 1] = bytes[ATTRIBUTES_AT + 1]! | CONTROL_BIT;
    const lastOffset = baseOffset + values.length - 1;
    this.batches.push({ topic: 't', partition: 0, baseOffset, lastOffset, maxTimestamp: 0, bytes });
    for (const tail of this.#tails) tail();
  }

  get listeners(): number {
    return this.#tails.size;
  }

  get #end(): number {
    return (this.batches.at(-1)?.lastOffset ?? -1) + 1;
  }

  async refresh(): Promise<void> {
    this.refreshes++;
  }

  describeTopic(name: string): TopicDescription | null {
    return this.refreshes > 0 && name === 't' ? this.listTopics()[0]! : null;
  }

  listTopics(): readonly TopicDescription[] {
    return [{ name: 't', id: '1', partitions: 1, replicas: 1, cleanupPolicy: ['delete'], retentionMs: -1 }];
  }

  async offsets(): Promise<PartitionOffsets> {
    const end = this.#end;
    await turn();
    return { start: 0, end };
  }

  /** One batch a reading. */
  async read(_topic: string, _partition: number, fromOffset: number): Promise<readonly StoredBatch[]> {
    const found = this.batches.filter(({ lastOffset }) => lastOffset >= fromOffset).slice(0, 1);
    await turn();
    this.onRead();
    return found;
  }

  tail(_topic: string, onAppended: () => void): () => void {
    this.#tails.add(onAppended);
    return () => this.#tails.delete(onAppended);
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** As much of a stream thread as PRINT listens to. */
function silentThread(): { readonly thread: StreamThread; emit(event: ThreadEvent): void } {
  const listeners = new Set<(event: ThreadEvent) => void>();
  const subscribe: StreamThread['subscribe'] = (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return {
    thread: { subscribe } as StreamThread,
    emit: (event) => {
      for (const listener of listeners) listener(event);
    },
  };
}

function print(
  text: string,
  log: LogView,
  { thread } = silentThread(),
  onEnd = () => {},
  schemas: PrintSchemas = slowSchemas(),
): Promise<PrintHandle> {
  return printTopic(parse(text).statements[0]!.statement as PrintTopic, 'print_1', log, thread, null, onEnd, schemas);
}

/** A registry of one JSON schema with id 7, which may not answer. */
function slowSchemas(answers = true): PrintSchemas & { readonly asked: number[] } {
  const asked: number[] = [];
  const known = new Map<number, RegisteredSchema | null>();
  return {
    asked,
    find: (id) => known.get(id),
    formatOf: () => null,
    load: async (id) => {
      asked.push(id);
      await turn();
      if (!answers) throw new SystemError('gone', { code: 'registry-unavailable' });
      known.set(id, id === 7 ? { type: 'JSON', text: '{}', imports: [], id } : null);
    },
  };
}

async function linesOf(handle: PrintHandle): Promise<string[]> {
  const lines: string[] = [];
  for await (const batch of handle.lines) lines.push(...batch);
  return lines;
}

async function valuesOf(handle: PrintHandle): Promise<string[]> {
  const values: string[] = [];
  for await (const lines of handle.lines) {
    for (const line of lines) {
      const value = /value: (\w+), partition/.exec(line)?.[1];
      if (value !== undefined) values.push(value);
    }
  }
  return values;
}

describe('PRINT over a log that is far away', () => {
  it('passes over holes and control batches, and takes no record twice', async () => {
    const log = new SlowLog();
    log.add(['a', null, 'b', null]);
    log.add(['marker'], true);
    log.add([null, 'c']);
    log.add(['marker'], true);
    log.add(['d', 'e']);
    expect(await valuesOf(await print('PRINT t FROM BEGINNING LIMIT 5;', log))).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('begins in the middle of nothing and shows what comes after', async () => {
    const log = new SlowLog();
    log.add(['old']);
    const values = valuesOf(await print('PRINT t LIMIT 2;', log));
    await turn();
    log.add(['marker'], true);
    log.add(['new']);
    log.add(['newer']);
    expect(await values).toEqual(['new', 'newer']);
  });

  it('misses nothing that is appended while it reads', async () => {
    const log = new SlowLog();
    let late = ['x', 'y', 'z'];
    log.onRead = () => {
      const [value, ...rest] = late;
      late = rest;
      if (value !== undefined) log.add([value]);
    };
    expect(await valuesOf(await print('PRINT t FROM BEGINNING LIMIT 3;', log))).toEqual(['x', 'y', 'z']);
  });

  it('tells the formats that fit all records of a reading, before the first of them', async () => {
    const log = new SlowLog();
    log.add(['1', 'word']);
    log.add(['\u0000']);
    const lines = await linesOf(await print('PRINT t FROM BEGINNING LIMIT 3;', log));
    expect(lines.map((line) => line.replace(/^rowtime.*value: /, ''))).toEqual([
      'Key format: ¯\\_(ツ)_/¯ - no data processed',
      'Value format: KAFKA_STRING',
      '1, partition: 0',
      'word, partition: 0',
      '\u0000, partition: 0',
    ]);
  });

  it('waits for the schemas of records, and asks for each once', async () => {
    const log = new SlowLog();
    log.add(['\0\0\0\0\x07{"A":1}', '\0\0\0\0\x07{"A":2}']);
    const schemas = slowSchemas();
    const lines = await linesOf(
      await print('PRINT t FROM BEGINNING LIMIT 2;', log, silentThread(), undefined, schemas),
    );
    expect(lines.slice(1).map((line) => line.replace(/^rowtime.*value: /, ''))).toEqual([
      'Value format: JSON_SR or KAFKA_STRING',
      '{"A":1}, partition: 0',
      '{"A":2}, partition: 0',
    ]);
    expect(schemas.asked).toEqual([7]);
  });

  it('shows records as something else while the registry cannot be asked', async () => {
    const log = new SlowLog();
    log.add(['\0\0\0\0\x07{}', '\0\0\0\0\x08{}']);
    const schemas = slowSchemas(false);
    const lines = await linesOf(
      await print('PRINT t FROM BEGINNING LIMIT 2;', log, silentThread(), undefined, schemas),
    );
    expect(lines[1]).toBe('Value format: KAFKA_STRING');
    expect(schemas.asked).toEqual([7]);
  });

  it('lets go of log and thread when it is closed, and tells once', async () => {
    const log = new SlowLog();
    let ends = 0;
    const handle = await print('PRINT t;', log, silentThread(), () => ends++);
    const values = valuesOf(handle);
    await turn();
    await handle.close();
    await handle.close();
    expect(await values).toEqual([]);
    expect([log.listeners, ends]).toEqual([0, 1]);
  });

  it('lets go when the log cannot say where to begin', async () => {
    const log = new SlowLog();
    log.offsets = () => Promise.reject(new Error('out of reach'));
    await expect(print('PRINT t;', log)).rejects.toThrow('out of reach');
    expect(log.listeners).toBe(0);
  });

  it('fails with the thread, also while it is being started', async () => {
    const failing = silentThread();
    const log = new SlowLog();
    const starting = print('PRINT t;', log, failing);
    await Promise.resolve();
    failing.emit({ kind: 'threadFailed', error: 'gone' });
    await expect(starting.then(valuesOf)).rejects.toMatchObject({ code: 'print-failed', message: 'gone' });
  });
});
