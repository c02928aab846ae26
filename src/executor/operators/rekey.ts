import type { StreamRecord, TableChange } from '../../model/record.js';
import { keyColumns } from '../../model/schema.js';
import { equalValues, type Row } from '../../model/value.js';
import { columnsOf } from '../../planner/expression.js';
import type { StreamRekeyStep, TableRekeyStep } from '../../planner/physical/physical-plan.js';
import { NO_VIEW, type StreamOutput, type TableOutput } from './operator.js';
import type { Evaluator, OperatorBuilder, StepFactory } from './operator-builder.js';

/** What the processing log says of a row that a null grouping expression leaves out. */
export function nullGroupMessage(index: number): string {
  return `Group-by column with index ${index} resolved to null. The source row will be excluded from the table.`;
}

/** Computes new keys, and rows that begin with them. */
class KeyExpressions {
  readonly step: StreamRekeyStep | TableRekeyStep;
  readonly evaluators: readonly Evaluator[];
  readonly #builder: OperatorBuilder;

  constructor(step: StreamRekeyStep | TableRekeyStep, builder: OperatorBuilder) {
    this.step = step;
    this.#builder = builder;
    this.evaluators = step.keys.map((key) => builder.evaluator(key, step.id));
  }

  /** Writes key and carried columns to `output`. Returns the position of the first null among the key's columns, or -1. */
  row(input: Row, output: Row): number {
    const { evaluators } = this;
    const { carried } = this.step;
    let firstNull = -1;
    for (let i = 0; i < evaluators.length; i++) {
      const value = evaluators[i]!(input);
      if (value === null && firstNull === -1) firstNull = i;
      output[i] = value;
    }
    for (let i = 0; i < carried.length; i++) output[evaluators.length + i] = input[carried[i]!]!;
    return firstNull;
  }

  reportNull(index: number): void {
    this.#builder.context.report('null-key', this.step.id, nullGroupMessage(index));
  }
}

class StreamRekey implements StreamOutput {
  readonly #keys: KeyExpressions;
  readonly #drops: boolean;
  readonly #output: StreamOutput;
  /** Key expressions that need nothing but the old key; null for others. */
  readonly #overKey: readonly (Evaluator | null)[];
  readonly #keyRow: Row;
  readonly #row: Row = [];
  readonly #rekeyed: StreamRecord = { key: [], row: null, timestamp: 0, window: null, headers: [] };

  constructor(step: StreamRekeyStep, keys: KeyExpressions, output: StreamOutput) {
    this.#keys = keys;
    this.#drops = step.onNullKey === 'drop';
    this.#output = output;
    const { schema } = step.input;
    const keyCount = keyColumns(schema).length;
    this.#overKey = step.keys.map((key, i) =>
      columnsOf(key).every((column) => column < keyCount) ? keys.evaluators[i]! : null,
    );
    this.#keyRow = new Array(schema.columns.length).fill(null) as Row;
  }

  stream(record: StreamRecord): void {
    const rekeyed = this.#rekeyed;
    const { key } = rekeyed;
    if (record.row === null) {
      if (this.#drops) return;
      const keyRow = this.#keyRow;
      for (let i = 0; i < record.key.length; i++) keyRow[i] = record.key[i]!;
      for (let i = 0; i < this.#overKey.length; i++) key[i] = this.#overKey[i]?.(keyRow) ?? null;
      rekeyed.row = null;
    } else {
      const row = this.#row;
      const firstNull = this.#keys.row(record.row, row);
      if (firstNull !== -1 && this.#drops) {
        this.#keys.reportNull(firstNull);
        return;
      }
      for (let i = 0; i < this.#overKey.length; i++) key[i] = row[i]!;
      rekeyed.row = row;
    }
    rekeyed.timestamp = record.timestamp;
    rekeyed.window = record.window;
    rekeyed.headers = record.headers;
    this.#output.stream(rekeyed);
  }
}

/**
 * Puts table changes under the keys of their rows. When before and after lie under different keys they go on as two changes,
 * the old one first; a side whose key has a null is left out.
 */
class TableRekey implements TableOutput {
  readonly #step: TableRekeyStep;
  readonly #keys: KeyExpressions;
  readonly #output: TableOutput;
  readonly #before: Row = [];
  readonly #after: Row = [];
  readonly #rekeyed: TableChange = { key: [], before: null, after: null, timestamp: 0, window: null, headers: [] };

  constructor(step: TableRekeyStep, keys: KeyExpressions, output: TableOutput) {
    this.#step = step;
    this.#keys = keys;
    this.#output = output;
  }

  change(change: TableChange): void {
    const before = this.#side(change.before, this.#before);
    const after = this.#side(change.after, this.#after);
    if (before !== null && after !== null && !this.#sameKey(before, after)) {
      this.#emit(change, before, before, null);
      this.#emit(change, after, null, after);
    } else if (before !== null || after !== null) {
      this.#emit(change, (after ?? before)!, before, after);
    }
  }

  #side(row: Row | null, output: Row): Row | null {
    if (row === null) return null;
    const firstNull = this.#keys.row(row, output);
    if (firstNull === -1) return output;
    this.#keys.reportNull(firstNull);
    return null;
  }

  #sameKey(a: Row, b: Row): boolean {
    const { keys } = this.#step;
    for (let i = 0; i < keys.length; i++) if (!equalValues(keys[i]!.type, a[i]!, b[i]!)) return false;
    return true;
  }

  #emit(change: TableChange, keyed: Row, before: Row | null, after: Row | null): void {
    const rekeyed = this.#rekeyed;
    for (let i = 0; i < this.#step.keys.length; i++) rekeyed.key[i] = keyed[i]!;
    rekeyed.before = before;
    rekeyed.after = after;
    rekeyed.timestamp = change.timestamp;
    rekeyed.window = change.window;
    rekeyed.headers = change.headers;
    this.#output.change(rekeyed);
  }
}

export const streamRekey: StepFactory<StreamRekeyStep> = {
  stream(step, output, builder) {
    builder.stream(step.input, new StreamRekey(step, new KeyExpressions(step, builder), output));
  },
};

export const tableRekey: StepFactory<TableRekeyStep> = {
  table(step, output, _before, builder) {
    const operator = output === null ? null : new TableRekey(step, new KeyExpressions(step, builder), output);
    builder.table(step.input, operator, 'row');
    return NO_VIEW;
  },
};
