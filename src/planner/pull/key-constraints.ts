import type { SourceEntry } from '../../catalog/catalog.js';
import { StatementError } from '../../model/errors.js';
import { type Column, keyColumns } from '../../model/schema.js';
import { formatType } from '../../model/sql-type.js';
import type { ComparisonOperator, Expression, Query } from '../../parser/ast.js';
import { bindExpression } from '../analysis/bind-expression.js';
import { bindingIn } from '../analysis/binding.js';
import { expressionText } from '../analysis/expression-text.js';
import { visitExpression } from '../analysis/rewrite-ast.js';
import { Scope } from '../analysis/scope.js';
import type { BoundExpression } from '../expression.js';
import type { PlanningContext } from '../planning-context.js';
import type { PullAccess, PullConstant, WindowBound } from './pull-plan.js';

/** More combinations than this are not looked up one by one. */
const LOOKUPS_MAX = 10_000;

type Conjunction = readonly Expression[];
type Comparison = Expression & { readonly kind: 'comparison' };

const FLIPPED: Readonly<Record<string, ComparisonOperator>> = {
  '=': '=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

/**
 * How the WHERE clause of a pull query finds its rows: every disjunct that fixes all key columns is one lookup; one bound on a
 * single STRING or BYTES key is a range; everything else scans. The whole WHERE is applied to what is found.
 * @throws StatementError where scans are switched off
 */
export function accessOf(
  query: Query,
  entry: SourceEntry,
  context: PlanningContext,
  allowed: { readonly scans: boolean; readonly ranges: boolean },
): PullAccess {
  const refuse = (reason: string): PullAccess => {
    if (allowed.scans) return { kind: 'tableScan' };
    throw new StatementError(`${reason}\n${HELP}`, { code: 'pull-query-scan' });
  };
  if (query.where === null) return refuse('Missing WHERE clause.');
  const disjuncts = disjunctions(query.where);
  if (disjuncts === null) return refuse('Query requires table scan to be enabled.');
  const keys = keyColumns(entry.schema);
  const lookups: PullConstant[][] = [];
  for (const conjunction of disjuncts) {
    const complaint = allowed.scans ? null : complaintOf(conjunction, keys);
    if (complaint !== null) return refuse(complaint);
    const constants = keys.map((key) => equality(conjunction, key, context)).filter((constant) => constant !== null);
    if (constants.length === keys.length) {
      lookups.push(constants);
      continue;
    }
    if (disjuncts.length === 1 && allowed.ranges && keys.length === 1 && entry.keyWindow === null) {
      const range = rangeOf(conjunction, keys[0]!, context);
      if (range !== null) return range;
    }
    return refuse('Query requires table scan to be enabled.');
  }
  return { kind: 'keyLookup', keys: lookups };
}

/** Why the comparisons of a conjunction do not name each key column once; null when they do. */
function complaintOf(conjunction: Conjunction, keys: readonly Column[]): string | null {
  const compared = new Set<Column>();
  for (const e of conjunction) {
    if (e.kind === 'like' && e.operand.kind !== 'column') return 'Like condition must be between strings.';
    if (e.kind !== 'comparison') continue;
    const key = keys.find((column) => sides(e, column.name) !== null);
    if (key === undefined) {
      const refers = [e.left, e.right].some((side) => keys.some((column) => isColumn(side, column.name)));
      if (refers) return 'A comparison must be between a key column and a resolvable expression.';
      continue;
    }
    if (compared.has(key)) {
      return 'A comparison condition on the key column cannot be combined with other comparisons such as an IN predicate.';
    }
    compared.add(key);
  }
  if (compared.size === keys.length) return null;
  if (compared.size > 0) {
    const specified = keys.filter((key) => compared.has(key)).map((key) => key.name);
    return `Multi-column sources must specify every key in the WHERE clause. Specified: [${specified.join(', ')}] Expected: [${keys.map(shown).join(', ')}]`;
  }
  const text = conjunction.map((e) => expressionText(e)).join(' AND ');
  return `WHERE clause missing key column for disjunct: ${conjunction.length === 1 ? text : `(${text})`}`;
}

const HELP =
  'Pull queries require a WHERE clause that:\n - includes a key equality expression, e.g. `SELECT * FROM X WHERE <key-column> = Y;`.\n' +
  ' - in the case of a multi-column key, is a conjunction of equality expressions that cover all key columns.\n' +
  'If more flexible queries are needed, table scans can be enabled by setting ksql.query.pull.table.scan.enabled=true.';

/** Bounds on the window that hold for every row: those of a WHERE without OR. */
export function windowBoundsOf(query: Query, entry: SourceEntry, context: PlanningContext): readonly WindowBound[] {
  if (query.where === null || entry.keyWindow === null) return [];
  const disjuncts = disjunctions(query.where);
  if (disjuncts === null || disjuncts.length !== 1) return [];
  return disjuncts[0]!.flatMap((e): WindowBound[] => {
    if (e.kind !== 'comparison') return [];
    for (const column of ['WINDOWSTART', 'WINDOWEND'] as const) {
      const side = sides(e, column);
      if (side === null || !isBoundOperator(side.operator)) continue;
      const bound = tryBind(e, context);
      const value = bound !== null && bound.kind === 'comparison' ? (side.flipped ? bound.left : bound.right) : null;
      if (value !== null && value.type.kind !== 'DOUBLE') return [{ column, operator: side.operator, value }];
    }
    return [];
  });
}

function isBoundOperator(operator: ComparisonOperator): operator is WindowBound['operator'] {
  return operator in FLIPPED;
}

/** The comparison bound in a scope of just the window bounds, so that datetime texts become milliseconds. */
function tryBind(e: Comparison, context: PlanningContext): BoundExpression | null {
  const columns: Column[] = ['WINDOWSTART', 'WINDOWEND'].map((name) => ({
    name,
    type: { kind: 'BIGINT' },
    role: 'value',
  }));
  try {
    return bindExpression(
      stripSources(e),
      bindingIn(new Scope([{ alias: 'W', name: 'W', schema: { columns }, firstIndex: 0 }]), 'WHERE', context),
    );
  } catch (error) {
    if (error instanceof StatementError) return null;
    throw error;
  }
}

function stripSources(e: Comparison): Comparison {
  const strip = (x: Expression): Expression => (x.kind === 'column' ? { ...x, source: null } : x);
  return { ...e, left: strip(e.left), right: strip(e.right) };
}

/** The constant that a conjunction demands of a key column. */
function equality(conjunction: Conjunction, key: Column, context: PlanningContext): PullConstant | null {
  for (const e of conjunction) {
    if (e.kind !== 'comparison') continue;
    const side = sides(e, key.name);
    if (side !== null && side.operator === '=') return constantOf(e, side.value, key, context);
  }
  return null;
}

function rangeOf(conjunction: Conjunction, key: Column, context: PlanningContext): PullAccess | null {
  if (key.type.kind !== 'STRING' && key.type.kind !== 'BYTES') return null;
  const bounds = conjunction.flatMap((e) => {
    const side = e.kind === 'comparison' ? sides(e, key.name) : null;
    return side !== null && isBoundOperator(side.operator) ? [{ e: e as Comparison, side }] : [];
  });
  if (bounds.length !== 1) return null;
  const { e, side } = bounds[0]!;
  const end = { value: constantOf(e, side.value, key, context), inclusive: side.operator.endsWith('=') };
  return side.operator.startsWith('>')
    ? { kind: 'rangeScan', from: end, to: null }
    : { kind: 'rangeScan', from: null, to: end };
}

function constantOf(comparison: Comparison, value: Expression, key: Column, context: PlanningContext): PullConstant {
  const expression = bindExpression(value, bindingIn(new Scope([]), 'WHERE', context));
  return { expression, type: key.type, comparison: expressionText(comparison), column: shown(key) };
}

function shown(column: Column): string {
  return `${column.name} ${formatType(column.type)} KEY`;
}

/** The operator and the constant side of a comparison with a column, turned so that the column is on the left. */
function sides(
  e: Comparison,
  column: string,
): { operator: ComparisonOperator; value: Expression; flipped: boolean } | null {
  if (isColumn(e.left, column) && isConstant(e.right)) return { operator: e.operator, value: e.right, flipped: false };
  if (isColumn(e.right, column) && isConstant(e.left)) {
    return { operator: FLIPPED[e.operator] ?? e.operator, value: e.left, flipped: true };
  }
  return null;
}

function isColumn(e: Expression, name: string): boolean {
  return e.kind === 'column' && e.name.name === name;
}

function isConstant(expression: Expression): boolean {
  let constant = true;
  visitExpression(expression, (e, bound) => {
    if (e.kind === 'column' && !bound.has(e.name.name)) constant = false;
  });
  return constant;
}

/** Disjunctive normal form with BETWEEN and IN written out; null when it grows too large. */
function disjunctions(e: Expression): Conjunction[] | null {
  if (e.kind === 'logical' && e.operator === 'OR') {
    const left = disjunctions(e.left);
    const right = disjunctions(e.right);
    return left === null || right === null || left.length + right.length > LOOKUPS_MAX ? null : [...left, ...right];
  }
  if (e.kind === 'logical') {
    const left = disjunctions(e.left);
    const right = disjunctions(e.right);
    if (left === null || right === null || left.length * right.length > LOOKUPS_MAX) return null;
    return left.flatMap((l) => right.map((r) => [...l, ...r]));
  }
  if (e.kind === 'in' && !e.negated) {
    if (e.items.length > LOOKUPS_MAX) return null;
    return e.items.map((item) => [compare(e.operand, '=', item)]);
  }
  if (e.kind === 'between' && !e.negated) {
    return [[compare(e.operand, '>=', e.low), compare(e.operand, '<=', e.high)]];
  }
  return [[e]];
}

function compare(left: Expression, operator: ComparisonOperator, right: Expression): Expression {
  return { kind: 'comparison', operator, left, right, span: left.span };
}
