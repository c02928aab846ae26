import type { SourceEntry } from '../../catalog/catalog.js';
import { StatementError } from '../../model/errors.js';
import type { Column, Schema } from '../../model/schema.js';
import { NO_SPAN } from '../../model/source-span.js';
import { BIGINT, INTEGER } from '../../model/sql-type.js';
import type { Expression, Identifier } from '../../parser/ast.js';
import type { LogicalPlan, ScanNode } from '../logical/logical-plan.js';
import type { SourceColumn } from '../physical/physical-plan.js';
import type { PlanningContext } from '../planning-context.js';
import { rewriteExpression, visitExpression } from './rewrite-ast.js';
import { nearest, Scope } from './scope.js';

/** One source of a FROM clause: its columns lie side by side in the relation's rows. */
export interface RelationSource {
  readonly alias: string;
  readonly entry: SourceEntry;
  /** All columns with the pseudo columns at the end. */
  readonly schema: Schema;
  readonly firstIndex: number;
}

/** How many join keys are allowed to name the result's key: see {@link RelationKey}. */
export type KeyOrigin = 'source' | 'groupBy' | 'partitionBy' | 'join' | 'syntheticJoin' | 'foreignKeyJoin';

/** One key column of a relation: any of `expressions` in a projection stands for it. */
export interface RelationKey {
  /** Qualified expressions that may name the key in a projection, the preferred one first. */
  readonly expressions: readonly Expression[];
  /** All qualified expressions that are equal to the key: those, and what joins compared it with. */
  readonly equivalents: readonly Expression[];
  readonly origin: KeyOrigin;
}

export function relationKey(expressions: readonly Expression[], origin: KeyOrigin): RelationKey {
  return { expressions, equivalents: expressions, origin };
}

/** A relation under construction: its plan, the sources that may be named, and what its key means. */
export interface Relation {
  readonly plan: LogicalPlan;
  readonly sources: readonly RelationSource[];
  readonly keys: readonly RelationKey[];
}

/** A scan with every column that may be asked for. */
export function scanRelation(entry: SourceEntry, alias: string): Relation {
  const { schema, columns } = fullSchema(entry);
  const plan: ScanNode = { kind: 'scan', entry, schema, columns };
  return {
    plan,
    sources: [{ alias, entry, schema, firstIndex: 0 }],
    keys: entry.schema.columns
      .filter((c) => c.role === 'key')
      .map((c) => relationKey([qualifiedColumn(alias, c.name)], 'source')),
  };
}

function fullSchema(entry: SourceEntry): { schema: Schema; columns: SourceColumn[] } {
  const schema: Column[] = [];
  const columns: SourceColumn[] = [];
  const counts = { key: 0, value: 0 };
  const pseudo = (
    name: string,
    type: Column['type'],
    from: 'rowtime' | 'rowpartition' | 'rowoffset' | 'windowstart' | 'windowend',
  ): void => {
    schema.push({ name, type, role: 'value' });
    columns.push({ from });
  };
  const keys = entry.schema.columns.filter((c) => c.role === 'key');
  for (const column of keys) {
    schema.push(column);
    columns.push({ from: 'key', index: counts.key++ });
  }
  if (entry.keyWindow !== null) {
    pseudo('WINDOWSTART', BIGINT, 'windowstart');
    pseudo('WINDOWEND', BIGINT, 'windowend');
  }
  for (const column of entry.schema.columns.slice(keys.length)) {
    schema.push({ name: column.name, type: column.type, role: 'value' });
    columns.push(
      column.role === 'headers'
        ? { from: 'headers', headerKey: column.headerKey ?? null }
        : { from: 'value', index: counts.value++ },
    );
  }
  pseudo('ROWTIME', BIGINT, 'rowtime');
  pseudo('ROWPARTITION', INTEGER, 'rowpartition');
  pseudo('ROWOFFSET', BIGINT, 'rowoffset');
  return { schema: { columns: schema }, columns };
}

export function scopeOf(relation: Pick<Relation, 'sources'>): Scope {
  return new Scope(
    relation.sources.map((s) => ({ alias: s.alias, name: s.entry.name, schema: s.schema, firstIndex: s.firstIndex })),
  );
}

export function identifier(name: string): Identifier {
  return { name, quoted: false, span: NO_SPAN };
}

export function qualifiedColumn(alias: string, name: string): Expression {
  return { kind: 'column', source: identifier(alias), name: identifier(name), span: NO_SPAN };
}

/**
 * The expression with each column as `ALIAS.NAME`: equal meanings become equal trees.
 * @param extra names that are visible besides the sources' columns; they stay unqualified
 * @throws StatementError for unknown and ambiguous names
 */
export function qualify(
  expression: Expression,
  scope: Scope,
  clause: string,
  extra: ReadonlySet<string> = NO_NAMES,
): Expression {
  visitExpression(expression, (e) => {
    if (e.kind === 'column' && e.source !== null) scope.source(e.source);
    return undefined;
  });
  return rewriteExpression(expression, (e, bound) => {
    if (e.kind !== 'column') return null;
    if (e.source === null && (bound.has(e.name.name) || extra.has(e.name.name))) return e;
    const found = scope.resolve(e.source, e.name, clause);
    return { ...e, source: { ...e.name, name: found.source.alias } };
  });
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** A qualified expression with columns as messages show them after joins: `NAME`, or `ALIAS_NAME` where several sources are joined. */
export function unqualify(expression: Expression, joined: boolean): Expression {
  return rewriteExpression(expression, (e) => {
    if (e.kind !== 'column' || e.source === null) return null;
    const name = joined ? `${e.source.name}_${e.name.name}` : e.name.name;
    return { ...e, source: null, name: { ...e.name, name } };
  });
}

/** The aliases that a qualified expression refers to. */
export function sourcesIn(expression: Expression): ReadonlySet<string> {
  const found = new Set<string>();
  visitExpression(expression, (e) => {
    if (e.kind === 'column' && e.source !== null) found.add(e.source.name);
  });
  return found;
}

/** @returns the error, with the nearest name that exists as its hint */
export function unknownSource(name: Identifier, context: PlanningContext): StatementError {
  const near = nearest(
    name.name,
    context.catalog.sources().map((s) => s.name),
  );
  return new StatementError(`Exception while preparing statement: ${name.name} does not exist.`, {
    code: 'unknown-source',
    problem: 'syntax',
    span: name.span,
    hint: near === null ? undefined : `Did you mean ${near}?`,
  });
}
