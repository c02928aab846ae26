import type { SourceEntry } from '../../catalog/catalog.js';
import { StatementError } from '../../model/errors.js';
import { type Column, keyColumns } from '../../model/schema.js';
import { BIGINT } from '../../model/sql-type.js';
import type { Expression, Query } from '../../parser/ast.js';
import { unknownSource } from '../analysis/relation.js';
import { visitExpression } from '../analysis/rewrite-ast.js';
import { allowed } from '../dialect.js';
import { type BoundExpression, replaceColumns } from '../expression.js';
import { buildLogicalPlan } from '../logical/build-logical-plan.js';
import type { LogicalPlan, ScanNode } from '../logical/logical-plan.js';
import { pruneColumns } from '../logical/rewrites/prune-columns.js';
import { buildPhysicalPlan } from '../physical/build-physical-plan.js';
import type { OutputColumn, PhysicalPlan, PhysicalStep, SourceColumn, StorePlan } from '../physical/physical-plan.js';
import { defaultKeyFormat, flag, type PlanningContext, serviceId } from '../planning-context.js';
import { accessOf, windowBoundsOf } from './key-constraints.js';
import type { PullPlan, PullTablePlan } from './pull-plan.js';

const ADD_EMIT = 'Add EMIT CHANGES if you intended to issue a push query.';

/** Plans a SELECT without EMIT. @throws StatementError in ksqlDB's words */
export function planPullQuery(query: Query, context: PlanningContext): PullPlan {
  if (!flag(context, 'ksql.pull.queries.enable', true)) throw refusal('Pull queries are disabled.');
  const clauses: readonly [unknown, string][] = [
    [query.from.kind === 'join' ? query.from : null, 'JOIN'],
    [query.window, 'WINDOW'],
    [query.groupBy, 'GROUP BY'],
    [query.partitionBy, 'PARTITION BY'],
    [query.having, 'HAVING'],
  ];
  for (const [clause, name] of clauses) {
    if (clause !== null)
      throw refusal(
        `Pull queries don't support ${name} clauses. See https://cnfl.io/queries for more info.\n${ADD_EMIT}`,
      );
  }
  if (query.from.kind !== 'table') throw refusal(ADD_EMIT);
  if (query.limit !== null && query.limit < 0n) {
    throw refusal(
      "Pull queries don't support negative integers in the LIMIT clause. See https://cnfl.io/queries for more info.\nAdd EMIT CHANGES if you intended to issue a push query.",
    );
  }
  if (query.limit !== null && !flag(context, 'ksql.query.pull.limit.clause.enabled', true)) {
    throw refusal(
      `LIMIT clause in pull queries is currently disabled. You can enable them by setting ksql.query.pull.limit.clause.enabled=true. See https://cnfl.io/queries for more info.\n${ADD_EMIT}`,
    );
  }
  const entry = context.catalog.source(query.from.name.name);
  if (entry === null) throw unknownSource(query.from.name, context);
  if (entry.kind === 'TABLE' || !allowed(context, 'positionsInPullQueries')) checkPositions(query);
  return entry.kind === 'STREAM' ? streamPull(query, entry, context) : tablePull(query, entry, context);
}

function refusal(message: string): StatementError {
  return new StatementError(message, { code: 'pull-query' });
}

/** @throws StatementError when a query asks where in the log a row lies */
function checkPositions(query: Query): void {
  const clauses: readonly (readonly [string, readonly (Expression | null)[]])[] = [
    ['WHERE', [query.where]],
    ['SELECT', query.select.map((item) => (item.kind === 'single' ? item.expression : null))],
  ];
  for (const [clause, expressions] of clauses) {
    const names = new Set<string>();
    for (const expression of expressions) {
      if (expression === null) continue;
      visitExpression(expression, (e) => {
        if (e.kind === 'column' && POSITIONS.has(e.name.name)) names.add(e.name.name);
      });
    }
    if (names.size === 0) continue;
    const listed = [...names].map((name) => `\`${name}\``).join(', ');
    throw refusal(`Pull queries don't support the following columns in ${clause} clauses: ${listed}`);
  }
}

const POSITIONS: ReadonlySet<string> = new Set(['ROWPARTITION', 'ROWOFFSET']);

function streamPull(query: Query, entry: SourceEntry, context: PlanningContext): PullPlan {
  if (!flag(context, 'ksql.query.pull.stream.enabled', true)) {
    throw refusal(
      "Pull queries on streams are disabled. To create a push query on the stream, add EMIT CHANGES to the end. To enable pull queries on streams, set the ksql.query.pull.stream.enabled config to 'true'.",
    );
  }
  const logical = buildLogicalPlan(query, { kind: 'transient' }, context);
  const plan = buildPhysicalPlan(pruneColumns(logical.plan), {
    queryId: `transient_${entry.name}_${context.transientSuffix}`,
    serviceId: serviceId(context),
    defaultKeyFormat: defaultKeyFormat(context),
    sink: null,
    output: logical.output,
    limit: query.limit === null ? null : Number(query.limit),
    settings: {},
    materialize: false,
  });
  return { kind: 'stream', plan, schema: streamSchema(logical.output!) };
}

function tablePull(query: Query, entry: SourceEntry, context: PlanningContext): PullTablePlan {
  const keeper = context.catalog
    .queries()
    .find((q) => q.sink === entry.name && (q.origin === 'SOURCE_TABLE' || q.id === entry.createdBy));
  const base = keeper === undefined ? null : storedTable((JSON.parse(keeper.plan) as PhysicalPlan).root);
  if (keeper === undefined || base === null) {
    throw refusal(
      `The \`${entry.name}\` table isn't queryable. To derive a queryable table, you can do 'CREATE TABLE QUERYABLE_${entry.name} AS SELECT * FROM ${entry.name}'. ` +
        'See https://cnfl.io/queries for more info.\n' +
        ADD_EMIT,
    );
  }
  const logical = buildLogicalPlan({ ...query, emit: null }, { kind: 'transient' }, context);
  const { scan, where, select } = parts(logical.plan);
  const layout = scanExpressions(scan, entry, base);
  const overStore = (e: BoundExpression): BoundExpression => replaceColumns(e, (c) => layout(c.index));
  const scans = flag(context, 'ksql.query.pull.table.scan.enabled', true);
  const ranges = flag(context, 'ksql.query.pull.range.scan.enabled', true);
  return {
    kind: 'table',
    queryId: keeper.id,
    source: entry.name,
    store: base.store,
    access: accessOf(query, entry, context, { scans, ranges }),
    windowBounds: windowBoundsOf(query, entry, context),
    filters: [...base.filters, ...(where === null ? [] : [overStore(where)])],
    expressions: logical.output!.map((column) => {
      if (!('column' in column.from)) throw refusal(ADD_EMIT);
      return overStore(select[column.from.column]!);
    }),
    schema: tableSchema(logical.output!, logical.plan, select, scan),
    limit: query.limit === null ? null : Number(query.limit),
  };
}

function parts(plan: LogicalPlan): {
  scan: ScanNode;
  where: BoundExpression | null;
  select: readonly BoundExpression[];
} {
  if (plan.kind !== 'project') throw refusal('Pull queries only support projections and filters.');
  const below = plan.input;
  if (below.kind === 'scan') return { scan: below, where: null, select: plan.expressions };
  if (below.kind === 'filter' && below.input.kind === 'scan') {
    return { scan: below.input, where: below.predicate, select: plan.expressions };
  }
  throw refusal(`Pull queries don't support aggregates. ${ADD_EMIT}`);
}

/** The columns of a bounded read of a stream: none is a key. */
function streamSchema(output: readonly OutputColumn[]): { columns: Column[] } {
  return { columns: output.map(({ name, type }) => ({ name, type, role: 'value' })) };
}

const WINDOW_BOUNDS: ReadonlySet<SourceColumn['from']> = new Set(['windowstart', 'windowend']);

/** The columns as the answer names them. The bounds of a table's windows belong to its key. */
function tableSchema(
  output: readonly OutputColumn[],
  plan: LogicalPlan,
  select: readonly BoundExpression[],
  scan: ScanNode,
): { columns: Column[] } {
  const keys = keyColumns(plan.schema).length;
  const isKey = ({ from }: OutputColumn): boolean => {
    if (!('column' in from)) return true;
    if (from.column < keys) return true;
    const e = select[from.column]!;
    return e.kind === 'column' && WINDOW_BOUNDS.has(scan.columns[e.index]!.from);
  };
  return {
    columns: output.map((column) => ({
      name: column.name,
      type: column.type,
      role: isKey(column) ? 'key' : 'value',
    })),
  };
}

/** A table as its store keeps it: its own columns and conditions as expressions over the stored row. */
interface StoredTable {
  readonly store: StorePlan;
  readonly columns: readonly BoundExpression[];
  readonly filters: readonly BoundExpression[];
}

/** Positions in the stored row after the key columns. */
const WINDOW_START = 0;
const WINDOW_END = 1;
const ROWTIME = 2;
const VALUES = 3;

function storedTable(step: PhysicalStep): StoredTable | null {
  switch (step.kind) {
    case 'tableProject': {
      const below = storedTable(step.input);
      return (
        below && { ...below, columns: step.expressions.map((e) => replaceColumns(e, (c) => below.columns[c.index]!)) }
      );
    }
    case 'tableFilter': {
      const below = storedTable(step.input);
      return (
        below && {
          ...below,
          filters: [...below.filters, replaceColumns(step.predicate, (c) => below.columns[c.index]!)],
        }
      );
    }
    case 'aggregate': {
      const keys = step.store.key.length;
      const windowed = step.window !== null;
      const columns = step.schema.columns.map((column, i): BoundExpression => {
        if (i < keys) return at(column, i);
        const after = i - keys - (windowed ? 2 : 0);
        if (after < 0) return at(column, keys + (i - keys === 0 ? WINDOW_START : WINDOW_END));
        if (after === 0) return at(column, keys + ROWTIME);
        return at(column, keys + VALUES + step.calls[after - 1]!.resultColumn);
      });
      return step.emit === 'CHANGES' ? { store: step.store, columns, filters: [] } : null;
    }
    case 'materialize':
    case 'tableSource': {
      if (step.store === undefined) return null;
      const keys = step.store.key.length;
      const columns = step.schema.columns.map((column, i) => at(column, i < keys ? i : i + VALUES));
      return { store: step.store, columns, filters: [] };
    }
    default:
      return null;
  }
}

function at(column: Column, index: number): BoundExpression {
  return { kind: 'column', type: column.type, index, name: column.name };
}

/** For each column of a scan of the table: the expression over the stored row. */
function scanExpressions(scan: ScanNode, entry: SourceEntry, base: StoredTable): (index: number) => BoundExpression {
  const keys = keyColumns(entry.schema).length;
  return (index) => {
    const source = scan.columns[index]!;
    const column = scan.schema.columns[index]!;
    switch (source.from) {
      case 'key':
        return base.columns[source.index]!;
      case 'value':
        return base.columns[keys + source.index]!;
      case 'windowstart':
        return { kind: 'column', type: BIGINT, index: keys + WINDOW_START, name: column.name };
      case 'windowend':
        return { kind: 'column', type: BIGINT, index: keys + WINDOW_END, name: column.name };
      case 'rowtime':
        return { kind: 'column', type: BIGINT, index: keys + ROWTIME, name: column.name };
      default:
        throw refusal(`Pull queries don't support the following columns in SELECT clauses: \`${column.name}\``);
    }
  };
}
