import type { Engine, PrintHandle, QueryHandle, Session } from '../../engine/engine.js';
import type { Entity } from '../../engine/entities.js';
import { checkSettable, checkValue } from '../../engine/settings.js';
import { type JsonValue, parseJsonLossless } from '../../model/json-text.js';
import { formatType } from '../../model/sql-type.js';
import { compileRowWriter } from '../../server/row-writer.js';
import type { Backend, KnownNames, LinesResult, RowInfo, RowsResult } from './backend.js';
import { readNames } from './known-names.js';

export interface EngineBackendOptions {
  /** Queries read everything that is there and end: see `QueryOptions.bounded`. */
  readonly bounded?: boolean;
  /** Closing the backend leaves the engine open. */
  readonly borrowed?: boolean;
}

/** An engine in this process. */
export class EngineBackend implements Backend {
  readonly name: string;
  readonly #engine: Engine;
  readonly #bounded: boolean;
  readonly #borrowed: boolean;

  constructor(engine: Engine, name: string, options: EngineBackendOptions = {}) {
    this.name = name;
    this.#engine = engine;
    this.#bounded = options.bounded ?? false;
    this.#borrowed = options.borrowed ?? false;
  }

  async version(): Promise<string> {
    const { version, millraceVersion } = this.#engine.info();
    return `millrace ${millraceVersion} (ksqlDB API ${version}) on ${this.name}`;
  }

  execute(text: string, session: Session): Promise<readonly Entity[]> {
    return this.#engine.execute(text, session);
  }

  async query(text: string, session: Session): Promise<RowsResult | LinesResult> {
    const handle = await this.#engine.query(text, session, { bounded: this.#bounded });
    return handle.kind === 'print' ? linesResult(handle, this.#bounded) : rowsResult(handle);
  }

  async checkProperty(name: string, value: string): Promise<string> {
    const full = checkSettable(name);
    checkValue(full, value);
    return full;
  }

  names(): Promise<KnownNames> {
    return readNames((text) => this.#engine.execute(text));
  }

  settle(): Promise<void> {
    return this.#engine.drain();
  }

  async close(): Promise<void> {
    if (!this.#borrowed) await this.#engine.close();
  }
}

function rowsResult(handle: QueryHandle): RowsResult {
  const write = compileRowWriter(handle.columns.map((column) => column.type));
  return {
    kind: 'rows',
    columns: handle.columns.map(({ name, type }) => ({ name, type: formatType(type) })),
    batches: mapBatches(
      handle.batches,
      (row): RowInfo => ({
        values: parseJsonLossless(write(row.values)) as JsonValue[],
        tombstone: row.tombstone,
      }),
    ),
    finalMessage: () => {
      if (handle.end === 'limit') return 'Limit Reached';
      return handle.end === 'completed' && handle.announcesCompletion ? 'Query Completed' : null;
    },
    close: () => handle.close(),
  };
}

async function* mapBatches<T, U>(batches: AsyncIterable<readonly T[]>, map: (item: T) => U): AsyncGenerator<U[]> {
  for await (const batch of batches) yield batch.map(map);
}

function linesResult(handle: PrintHandle, bounded: boolean): LinesResult {
  return {
    kind: 'lines',
    lines: bounded ? untilQuiet(handle) : handle.lines,
    close: () => handle.close(),
  };
}

/** The lines of what a topic holds now. PRINT reads it without waiting, and waits only at its end. */
async function* untilQuiet(handle: PrintHandle): AsyncGenerator<readonly string[]> {
  const lines = handle.lines[Symbol.asyncIterator]();
  for (;;) {
    const next = lines.next();
    const found = await Promise.race([next, new Promise<null>((resolve) => setTimeout(resolve, QUIET_MS, null))]);
    if (found === null || found.done === true) break;
    yield found.value;
  }
  await handle.close();
}

const QUIET_MS = 20;
