import type { EvaluationContext } from '../functions/define.js';
import type { FunctionRegistry } from '../functions/registry.js';
import { coerceValue } from '../model/coerce-value.js';
import { StatementError } from '../model/errors.js';
import type { Row, SqlValue } from '../model/value.js';
import type { BoundExpression } from '../planner/expression.js';
import type { PullConstant, PullTablePlan, WindowBound } from '../planner/pull/pull-plan.js';
import type { NumberRange, TableReader, TableRow } from '../state/table-reader.js';
import {
  compileExpression,
  compilePredicate,
  type ExpressionContext,
  evaluateConstant,
} from './expressions/compile.js';

export interface LookupParts {
  readonly reader: TableReader;
  readonly functions: FunctionRegistry;
  readonly evaluation: EvaluationContext;
}

/** A row of a pull query's result, with the event time of the stored row. */
export interface LookupRow {
  readonly values: Row;
  readonly timestamp: number;
}

/**
 * Runs a pull query over committed state: keys, window bounds and limit go into the read, everything else is the engine's own
 * compiled expression over each stored row.
 * @throws StatementError for constants that do not fit the key
 */
export function* lookup(plan: PullTablePlan, parts: LookupParts): IterableIterator<LookupRow> {
  const context = expressionContext(parts);
  const keyCount = plan.store.key.length;
  const filters = plan.filters.map((e) => compilePredicate(e, context));
  const expressions = plan.expressions.map((e) => compileExpression(e, context));
  const keys = lookupKeys(plan, parts);
  const windowed = plan.store.kind !== 'key-value';
  const toRow = (row: TableRow): Row => [
    ...row.key,
    windowed ? row.windowStart : null,
    windowed ? row.windowEnd : null,
    row.timestamp,
    ...row.row,
  ];
  const bounds = windowRanges(plan.windowBounds, context);
  const rows = parts.reader.read({
    queryId: plan.queryId,
    store: plan.store,
    keys,
    keyRange:
      plan.access.kind === 'rangeScan'
        ? { from: rangeEnd(plan.access.from, context), to: rangeEnd(plan.access.to, context) }
        : null,
    windowStart: bounds.start,
    windowEnd: bounds.end,
    columns: columnsRead(plan, keyCount),
    where: filters.length === 0 ? null : (row) => filters.every((filter) => filter(toRow(row))),
    limit: plan.limit,
  });
  for (const row of rows) {
    const stored = toRow(row);
    yield { values: expressions.map((e) => e(stored)), timestamp: row.timestamp };
  }
}

/**
 * The keys that a pull query looks up, each once; null when it does not.
 * @throws StatementError for constants that do not fit the key
 */
export function lookupKeys(plan: PullTablePlan, parts: Omit<LookupParts, 'reader'>): readonly Row[] | null {
  return plan.access.kind === 'keyLookup' ? keyRows(plan.access.keys, expressionContext(parts)) : null;
}

export function expressionContext(parts: Pick<LookupParts, 'functions' | 'evaluation'>): ExpressionContext {
  return {
    functions: parts.functions,
    evaluation: parts.evaluation,
    onError: () => {},
  };
}

/** Value columns that some expression reads, by position in the store's value columns; null when it is all of them. */
function columnsRead(plan: PullTablePlan, keyCount: number): number[] | null {
  const read = new Set<number>();
  const visit = (e: BoundExpression): void => {
    for (const value of Object.values(e)) visitValue(value);
    if (e.kind === 'column') read.add(e.index - keyCount - 3);
  };
  const visitValue = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visitValue);
    else if (value !== null && typeof value === 'object') visit(value as BoundExpression);
  };
  for (const e of [...plan.filters, ...plan.expressions]) visit(e);
  const columns = [...read].filter((i) => i >= 0).sort((a, b) => a - b);
  return columns.length === plan.store.value.length ? null : columns;
}

function keyRows(keys: readonly (readonly PullConstant[])[], context: ExpressionContext): Row[] {
  const rows = keys.map((key) => key.map((constant) => constantValue(constant, context)));
  const seen = new Set<string>();
  return rows.filter((row) => {
    const id = JSON.stringify(row, (_, v) => (typeof v === 'bigint' ? `${v}n` : v));
    return !seen.has(id) && seen.add(id);
  });
}

function constantValue(constant: PullConstant, context: ExpressionContext): SqlValue {
  const value = evaluateConstant(constant.expression, context);
  if (value === null) {
    throw new StatementError(`Primary key columns can not be NULL: ${constant.comparison}`, { code: 'null-key' });
  }
  const coerced = coerceValue(value, constant.expression.type, constant.type);
  if (coerced === undefined || coerced === null) {
    throw new StatementError(
      `'${String(value)}' can not be converted to the type of the key column: ${constant.column}`,
      { code: 'key-type-mismatch' },
    );
  }
  return coerced;
}

function rangeEnd(
  end: { readonly value: PullConstant; readonly inclusive: boolean } | null,
  context: ExpressionContext,
): { value: SqlValue; inclusive: boolean } | null {
  return end === null ? null : { value: constantValue(end.value, context), inclusive: end.inclusive };
}

function windowRanges(
  bounds: readonly WindowBound[],
  context: ExpressionContext,
): { start: NumberRange | null; end: NumberRange | null } {
  const range = (column: WindowBound['column']): NumberRange | null => {
    let from = Number.NEGATIVE_INFINITY;
    let to = Number.POSITIVE_INFINITY;
    for (const bound of bounds) {
      if (bound.column !== column) continue;
      const value = boundValue(bound.value, context);
      if (bound.operator !== '<' && bound.operator !== '<=') from = Math.max(from, Math.floor(value));
      if (bound.operator !== '>' && bound.operator !== '>=') to = Math.min(to, Math.ceil(value));
    }
    if (from === Number.NEGATIVE_INFINITY && to === Number.POSITIVE_INFINITY) return null;
    return { from: Number.isFinite(from) ? from : null, to: Number.isFinite(to) ? to : null };
  };
  return { start: range('WINDOWSTART'), end: range('WINDOWEND') };
}

/** A bound on a window in milliseconds. It only narrows the read down: the rows still pass the whole WHERE. */
function boundValue(bound: BoundExpression, context: ExpressionContext): number {
  const value = evaluateConstant(bound, context);
  return bound.type.kind === 'DECIMAL' && value !== null ? Number(value) / 10 ** bound.type.scale : Number(value);
}
