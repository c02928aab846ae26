import type { AggregateCode } from '../../functions/define.js';
import { assert } from '../../model/errors.js';
import type { SqlType } from '../../model/sql-type.js';
import type { Row, SqlValue } from '../../model/value.js';
import type { AggregateCall, AggregateStep } from '../../planner/physical/physical-plan.js';
import type { Evaluator, OperatorBuilder } from './operator-builder.js';

type Change = (state: Row, input: Row) => void;

/**
 * The aggregate calls of one step on the value columns of its store. `add` and `undo` are generated, so that each call site in
 * them sees one aggregate only. An aggregate that fails is reported, and its state stays; a result that fails is null.
 */
export class AggregateCalls {
  /** Adds one input row to a state row. */
  readonly add: Change;
  /** Takes one input row out of a state row. */
  readonly undo: Change;
  readonly #codes: readonly AggregateCode[];
  readonly #calls: readonly AggregateCall[];
  readonly #width: number;
  readonly #copies: readonly ((value: SqlValue) => SqlValue)[];
  /** Whether results are computed beside the states. */
  readonly #hasResults: boolean;
  readonly #fail: (call: number, error: unknown) => void;

  constructor(step: AggregateStep, builder: OperatorBuilder) {
    const { calls } = step;
    const codes = calls.map((call) => builder.aggregate(call));
    const evaluators = calls.map((call) => call.arguments.map((argument) => builder.evaluator(argument, step.id)));
    const fail = (call: number, error: unknown): void => {
      const text = error instanceof Error ? error.message : String(error);
      builder.context.report('expression', step.id, `Error processing ${calls[call]!.name}: ${text}`);
    };
    this.#fail = fail;
    this.#calls = calls;
    this.#codes = codes;
    this.#width = Math.max(0, ...calls.map((call) => Math.max(call.stateColumn, call.resultColumn) + 1));
    this.#hasResults = calls.some((call) => call.stateColumn !== call.resultColumn);
    this.#copies = calls.map((call) => copier(call.resultType));
    this.add = compileChange('add', calls, codes, evaluators, fail);
    if (step.overTable) {
      calls.forEach((call, i) => {
        assert(codes[i]!.undo !== undefined, `${call.name} over a table is refused when it is planned`);
      });
      this.undo = compileChange('undo', calls, codes, evaluators, fail);
    } else {
      this.undo = () => assert(false, 'only aggregates over tables are undone');
    }
  }

  /** A state row to which nothing has been added. */
  initial(): Row {
    const row: Row = new Array(this.#width).fill(null) as Row;
    for (let i = 0; i < this.#codes.length; i++) {
      try {
        row[this.#calls[i]!.stateColumn] = this.#codes[i]!.initial();
      } catch (error) {
        this.#fail(i, error);
      }
    }
    return row;
  }

  /** Merges the state of a later session into that of an earlier one. */
  merge(earlier: Row, later: Row): void {
    for (let i = 0; i < this.#codes.length; i++) {
      const { merge } = this.#codes[i]!;
      const { stateColumn, name } = this.#calls[i]!;
      assert(merge !== undefined, `${name} without merge is refused for sessions when it is planned`);
      try {
        earlier[stateColumn] = merge(earlier[stateColumn]!, later[stateColumn]!);
      } catch (error) {
        this.#fail(i, error);
      }
    }
  }

  /** Brings the result columns of a state row up to date, for those who read the store. */
  finish(state: Row): void {
    if (!this.#hasResults) return;
    for (let i = 0; i < this.#codes.length; i++) {
      const { stateColumn, resultColumn } = this.#calls[i]!;
      if (stateColumn === resultColumn) continue;
      try {
        state[resultColumn] = this.#codes[i]!.result(state[stateColumn]!);
      } catch (error) {
        state[resultColumn] = null;
        this.#fail(i, error);
      }
    }
  }

  /**
   * Appends the results to `output` from `at` on; `finish` has been called. Results that the aggregates may change in place
   * later are copied, so that the row stays what it is.
   */
  results(state: Row, output: Row, at: number): void {
    const calls = this.#calls;
    for (let i = 0; i < calls.length; i++) output[at + i] = this.#copies[i]!(state[calls[i]!.resultColumn]!);
  }
}

function compileChange(
  method: 'add' | 'undo',
  calls: readonly AggregateCall[],
  codes: readonly AggregateCode[],
  evaluators: readonly (readonly Evaluator[])[],
  fail: (call: number, error: unknown) => void,
): Change {
  const heads: string[] = [];
  const body: string[] = [];
  calls.forEach((call, i) => {
    heads.push(`const c${i} = codes[${i}];`);
    const values = evaluators[i]!.map((_, j) => {
      heads.push(`const e${i}_${j} = evaluators[${i}][${j}];`);
      return `e${i}_${j}(input)`;
    });
    const state = `state[${call.stateColumn}]`;
    body.push(
      `try { ${state} = c${i}.${method}(${[state, ...values].join(', ')}); } catch (error) { fail(${i}, error); }`,
    );
  });
  const source = `${heads.join('\n')}
    return function ${method}(state, input) {
      ${body.join('\n      ')}
    };`;
  return new Function('codes', 'evaluators', 'fail', source)(codes, evaluators, fail) as Change;
}

const same = (value: SqlValue): SqlValue => value;

/** A function that copies what aggregates change in place: arrays, maps and structs. */
export function copier(type: SqlType): (value: SqlValue) => SqlValue {
  switch (type.kind) {
    case 'ARRAY': {
      const element = copier(type.element);
      return element === same
        ? (value) => (value === null ? null : (value as SqlValue[]).slice())
        : (value) => (value === null ? null : (value as SqlValue[]).map(element));
    }
    case 'STRUCT': {
      const fields = type.fields.map((field) => copier(field.type));
      return (value) => (value === null ? null : (value as SqlValue[]).map((field, i) => fields[i]!(field)));
    }
    case 'MAP': {
      const element = copier(type.value);
      return (value) => {
        if (value === null) return null;
        const copy = new Map<SqlValue, SqlValue>();
        for (const [k, v] of value as Map<SqlValue, SqlValue>) copy.set(k, element(v));
        return copy;
      };
    }
    default:
      return same;
  }
}
