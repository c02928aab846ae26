import type { PendingBatch } from '../broker/broker.js';
import type { SourceEntry } from '../catalog/catalog.js';
import { RecordOutputBuffer } from '../executor/task/output-buffer.js';
import type { Serializer } from '../formats/format.js';
import { formatNamed } from '../formats/index.js';
import { RecordError, StatementError } from '../model/errors.js';
import { keyColumns, valueColumns } from '../model/schema.js';
import type { SqlValue } from '../model/value.js';

/** A row to append: one value a column of the target's schema; header columns are ignored. */
export interface InsertRowValues {
  readonly values: readonly SqlValue[];
  /** Record timestamp in ms. */
  readonly timestamp: number;
}

/** Encodes rows for one stream or table into batches by partition. */
export class InsertEncoder {
  readonly entry: SourceEntry;
  readonly #key: Serializer;
  readonly #value: Serializer;
  readonly #keyPositions: readonly number[];
  readonly #valuePositions: readonly number[];
  readonly #buffer: RecordOutputBuffer;

  constructor(entry: SourceEntry, partitions: number) {
    this.entry = entry;
    const { schema } = entry;
    const positions = (role: 'key' | 'value'): number[] =>
      schema.columns.flatMap((column, i) => (column.role === role ? [i] : []));
    this.#keyPositions = positions('key');
    this.#valuePositions = positions('value');
    this.#key = formatNamed(entry.keyFormat.name)!.serializer(entry.keyFormat, keyColumns(schema), 'key');
    this.#value = formatNamed(entry.valueFormat.name)!.serializer(entry.valueFormat, valueColumns(schema), 'value');
    this.#buffer = new RecordOutputBuffer(() => partitions);
  }

  /** @throws StatementError when a row cannot be encoded; nothing of the call is kept then */
  encode(rows: readonly InsertRowValues[]): PendingBatch[] {
    try {
      for (const row of rows) this.#append(row);
      return this.#buffer.take();
    } catch (error) {
      this.#buffer.clear();
      if (error instanceof RecordError) {
        throw new StatementError(`Failed to insert values into '${this.entry.name}'. ${error.message}`, {
          code: 'insert-encoding',
        });
      }
      throw error;
    }
  }

  #append({ values, timestamp }: InsertRowValues): void {
    const output = this.#buffer.topic(this.entry.topic);
    output.key.reset();
    const keys = this.#keyPositions.map((i) => values[i]!);
    const keyIsNull = keys.every((key) => key === null) || !this.#key.write(output.key, ...keys);
    const builder = output.begin(timestamp, keyIsNull);
    let written: boolean;
    try {
      written = this.#value.write(builder, ...this.#valuePositions.map((i) => values[i]!));
    } catch (error) {
      output.abandon();
      throw error;
    }
    output.end(!written, null);
  }
}
