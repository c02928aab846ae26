import type { StreamRecord } from '../../model/record.js';
import type { Row, SqlValue } from '../../model/value.js';
import type { FlatMapStep } from '../../planner/physical/physical-plan.js';
import type { StreamOutput } from './operator.js';
import type { Evaluator, OperatorBuilder, StepFactory } from './operator-builder.js';

interface TableFunction {
  readonly name: string;
  readonly code: (...values: SqlValue[]) => SqlValue[];
  readonly arguments: readonly Evaluator[];
}

/** One output row for each row of the longest table function; the others are padded with null. No rows, no output. */
class FlatMap implements StreamOutput {
  readonly #functions: readonly TableFunction[];
  readonly #step: FlatMapStep;
  readonly #builder: OperatorBuilder;
  readonly #output: StreamOutput;
  readonly #row: Row = [];
  readonly #flat: StreamRecord = { key: [], row: this.#row, timestamp: 0, window: null, headers: [] };

  constructor(step: FlatMapStep, builder: OperatorBuilder, functions: readonly TableFunction[], output: StreamOutput) {
    this.#step = step;
    this.#builder = builder;
    this.#functions = functions;
    this.#output = output;
  }

  stream(record: StreamRecord): void {
    const { row } = record;
    if (row === null) return;
    const lists = this.#functions.map((f) => this.#call(f, row));
    const count = Math.max(...lists.map((list) => list.length));
    const flat = this.#flat;
    flat.key = record.key;
    flat.timestamp = record.timestamp;
    flat.window = record.window;
    flat.headers = record.headers;
    const output = this.#row;
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < row.length; j++) output[j] = row[j]!;
      for (let j = 0; j < lists.length; j++) {
        const list = lists[j]!;
        output[row.length + j] = i < list.length ? list[i]! : null;
      }
      this.#output.stream(flat);
    }
  }

  #call(f: TableFunction, row: Row): SqlValue[] {
    try {
      return f.code(...f.arguments.map((argument) => argument(row)));
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#builder.context.report('expression', this.#step.id, `Error processing ${f.name}: ${text}`);
      return [];
    }
  }
}

export const flatMap: StepFactory<FlatMapStep> = {
  stream(step, output, builder) {
    const functions = step.functions.map((f) => ({
      name: f.name,
      code: builder.tableFunction(
        f.name,
        f.signature,
        f.arguments.map((argument) => argument.type),
      ),
      arguments: f.arguments.map((argument) => builder.evaluator(argument, step.id)),
    }));
    builder.stream(step.input, new FlatMap(step, builder, functions, output));
  },
};
