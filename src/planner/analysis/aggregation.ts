import { StatementError } from '../../model/errors.js';
import type { Column } from '../../model/schema.js';
import { BIGINT, type SqlType } from '../../model/sql-type.js';
import { DAY_MS } from '../../model/time.js';
import type { Expression, WindowClause } from '../../parser/ast.js';
import type { BoundExpression } from '../expression.js';
import type { AggregateCallNode } from '../logical/logical-plan.js';
import type { WindowPlan } from '../physical/physical-plan.js';
import type { PlanningContext } from '../planning-context.js';
import { type BindContext, bindCall, type CallExpression } from './bind-expression.js';
import { expressionText } from './expression-text.js';
import { durationMs } from './joins.js';
import { visitExpression } from './rewrite-ast.js';

/** The aggregate calls in an expression, outermost first. */
export function aggregatesIn(expression: Expression, context: PlanningContext): CallExpression[] {
  return callsIn(expression, context, 'aggregate');
}

export function tableFunctionsIn(expression: Expression, context: PlanningContext): CallExpression[] {
  return callsIn(expression, context, 'table');
}

function callsIn(expression: Expression, context: PlanningContext, kind: 'aggregate' | 'table'): CallExpression[] {
  const found: CallExpression[] = [];
  visitExpression(expression, (e) => {
    if (e.kind === 'call' && context.functions.find(e.name.name)?.kind === kind) found.push(e);
  });
  return found;
}

/**
 * Collects the aggregate calls of a query while its expressions are bound: equal calls are computed once.
 * Each gets the next column after `firstColumn` in the aggregate's result row.
 */
export class AggregateCollector {
  readonly calls: AggregateCallNode[] = [];
  readonly #columns = new Map<string, number>();
  readonly #input: BindContext;
  readonly #context: PlanningContext;
  readonly #overTable: boolean;
  readonly #firstColumn: number;
  /** Names of aggregates that cannot be undone, for the message about tables. */
  readonly #notUndoable: string[] = [];

  constructor(input: BindContext, context: PlanningContext, overTable: boolean, firstColumn: number) {
    this.#input = input;
    this.#context = context;
    this.#overTable = overTable;
    this.#firstColumn = firstColumn;
  }

  /** The call's result as a column of the aggregate's row. COUNT(*) counts rows, whatever they hold. */
  bind(call: CallExpression): BoundExpression {
    const text = expressionText(call);
    const known = this.#columns.get(text);
    if (known !== undefined) return this.#column(known);
    for (const argument of call.arguments) {
      if (argument.kind === 'lambda' || argument.kind === 'intervalUnit') continue;
      const nested = aggregatesIn(argument, this.#context)[0];
      if (nested !== undefined) {
        throw new StatementError(`Aggregate functions can not be nested: ${text}`, {
          code: 'nested-aggregate',
          span: call.span,
        });
      }
    }
    const countsRows = call.name.name.toUpperCase() === 'COUNT';
    const { resolved, arguments: args } = bindCall(
      call,
      countsRows ? { ...this.#input, rowtime: () => ({ kind: 'literal', type: BIGINT, value: '0' }) } : this.#input,
    );
    const aggregate = resolved.aggregate!;
    const bound = args.filter((a) => a.kind !== 'lambda' && a.kind !== 'intervalUnit');
    const rowArguments = bound.slice(0, bound.length - aggregate.configuration.length);
    const code = this.#context.functions.aggregate(
      resolved.definition.name,
      resolved.signature,
      rowArguments.map((a) => a.type),
      aggregate.configuration,
    );
    if (this.#overTable && !aggregate.tableCapable) this.#notUndoable.push(resolved.definition.name);
    const index = this.calls.length;
    this.calls.push({
      name: resolved.definition.name,
      signature: resolved.signature,
      arguments: rowArguments,
      configuration: bound.slice(rowArguments.length) as (BoundExpression & { kind: 'literal' })[],
      stateType: code.stateType,
      resultType: code.resultType,
      resultIsState: code.resultIsState,
    });
    this.#columns.set(text, index);
    return this.#column(index);
  }

  /** @throws StatementError when the source is a table and a call cannot be undone */
  checkTableSource(): void {
    const names = [...new Set(this.#notUndoable)];
    if (names.length === 0) return;
    const subject =
      names.length === 1
        ? `The aggregation function ${names[0]}`
        : `The aggregation functions ${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
    throw new StatementError(`${subject} cannot be applied to a table source, only to a stream source.`, {
      code: 'aggregate-over-table',
    });
  }

  #column(index: number): BoundExpression {
    return {
      kind: 'column',
      type: this.calls[index]!.resultType,
      index: this.#firstColumn + index,
      name: `KSQL_AGG_VARIABLE_${index}`,
    };
  }
}

/** The plan of a WINDOW clause with ksqlDB's defaults for grace and retention. */
export function windowPlan(clause: WindowClause, emit: 'CHANGES' | 'FINAL'): WindowPlan {
  const span = clause.kind === 'session' ? durationMs(clause.gap) : durationMs(clause.size);
  const positive = (ms: number, what: string): void => {
    if (ms > 0) return;
    throw new StatementError(`${what} must be positive.`, { code: 'invalid-window', span: clause.span });
  };
  positive(span, clause.kind === 'session' ? 'Session gap' : 'Window size');
  const usualGraceMs = emit === 'FINAL' ? 0 : Math.max(DAY_MS - span, 0);
  const graceMs =
    clause.grace !== null
      ? durationMs(clause.grace)
      : clause.retention === null
        ? usualGraceMs
        : Math.max(Math.min(usualGraceMs, durationMs(clause.retention) - span), 0);
  const retentionMs = clause.retention === null ? span + graceMs : durationMs(clause.retention);
  if (retentionMs < span + graceMs) {
    throw new StatementError(
      `The retention period of the window store must be no smaller than its window size plus the grace period. Got size=[${span}], grace=[${graceMs}], retention=[${retentionMs}]`,
      { code: 'invalid-window', span: clause.span },
    );
  }
  switch (clause.kind) {
    case 'tumbling':
      return { kind: 'TUMBLING', sizeMs: span, advanceMs: span, graceMs, retentionMs };
    case 'hopping': {
      const advanceMs = durationMs(clause.advance);
      positive(advanceMs, 'Window advance');
      if (advanceMs > span) {
        throw new StatementError('Window advance must not be larger than its size.', {
          code: 'invalid-window',
          span: clause.advance.span,
        });
      }
      return { kind: 'HOPPING', sizeMs: span, advanceMs, graceMs, retentionMs };
    }
    case 'session':
      return { kind: 'SESSION', gapMs: span, graceMs, retentionMs };
  }
}

/** Whether an expression uses only grouping expressions, aggregates, literals and window bounds. */
export function isGrouped(
  expression: Expression,
  groupTexts: ReadonlySet<string>,
  windowed: boolean,
  context: PlanningContext,
): boolean {
  let grouped = true;
  visitExpression(expression, (e, bound) => {
    if (groupTexts.has(expressionText(e))) return false;
    if (e.kind === 'call' && context.functions.find(e.name.name)?.kind === 'aggregate') return false;
    if (e.kind === 'column' && !(e.source === null && bound.has(e.name.name))) {
      const isBound = e.name.name === 'WINDOWSTART' || e.name.name === 'WINDOWEND';
      if (!(windowed && isBound && e.source === null)) grouped = false;
      return false;
    }
    return undefined;
  });
  return grouped;
}

/** Result columns of an aggregate before the calls: keys, window bounds, ROWTIME. */
export function aggregateLeadingColumns(
  keys: readonly { readonly name: string; readonly type: SqlType }[],
  windowed: boolean,
): Column[] {
  const columns: Column[] = keys.map((key) => ({ ...key, role: 'key' }));
  if (windowed) {
    columns.push(
      { name: 'WINDOWSTART', type: BIGINT, role: 'value' },
      { name: 'WINDOWEND', type: BIGINT, role: 'value' },
    );
  }
  columns.push({ name: 'ROWTIME', type: BIGINT, role: 'value' });
  return columns;
}
