import { StatementError } from '../../model/errors.js';
import type { Column } from '../../model/schema.js';
import type { Expression, SelectItem } from '../../parser/ast.js';
import { expressionText } from '../analysis/expression-text.js';
import { qualify, type Relation, relationKey, scopeOf } from '../analysis/relation.js';
import { NameGenerator } from '../analysis/select-items.js';
import type { BoundExpression } from '../expression.js';
import { keyWindowOf } from './logical-plan.js';

/** The relation under new key columns, everything else carried along as values. */
export function rekey(
  relation: Relation,
  purpose: 'partitionBy' | 'groupBy',
  expressions: readonly Expression[],
  keys: readonly BoundExpression[],
  select: readonly SelectItem[],
): Relation {
  const { plan, sources } = relation;
  const names = keyNames(relation, expressions, select);
  const columns: Column[] = [
    ...keys.map((key, i): Column => ({ name: names[i]!, type: key.type, role: 'key' })),
    ...plan.schema.columns.map((c): Column => ({ ...c, role: 'value' })),
  ];
  return {
    plan: {
      kind: 'rekey',
      input: plan,
      purpose,
      keys,
      carried: plan.schema.columns.map((_, i) => i),
      schema: { columns },
    },
    sources: sources.map((s) => ({ ...s, firstIndex: s.firstIndex + keys.length })),
    keys: expressions.map((e) => relationKey([e], purpose)),
  };
}

/** Names of GROUP BY and PARTITION BY keys: the alias that the projection gives them, else the usual ones. */
function keyNames(relation: Relation, expressions: readonly Expression[], select: readonly SelectItem[]): string[] {
  const names = new NameGenerator(relation);
  const scope = scopeOf(relation);
  return expressions.map((expression) => {
    const text = expressionText(expression);
    for (const item of select) {
      if (item.kind !== 'single' || item.alias === null) continue;
      const qualified = tryQualify(item.expression, scope);
      if (qualified !== null && expressionText(qualified) === text) return item.alias.name;
    }
    return names.nameOf(expression);
  });
}

function tryQualify(expression: Expression, scope: ReturnType<typeof scopeOf>): Expression | null {
  try {
    return qualify(expression, scope, 'SELECT');
  } catch (error) {
    if (error instanceof StatementError) return null;
    throw error;
  }
}

/** @throws StatementError when the key has windows: records would have to be moved with theirs */
export function checkNoWindow(relation: Relation): void {
  if (keyWindowOf(relation.plan) === null) return;
  throw new StatementError(
    'Implicit repartitioning of windowed sources is not supported. See https://github.com/confluentinc/ksql/issues/4385.',
    { code: 'windowed-rekey' },
  );
}

/** @param texts the expressions of the clause @throws StatementError when one stands there twice */
export function checkDistinct(clause: 'GROUP BY' | 'PARTITION BY', texts: readonly string[]): void {
  const twice = texts.find((text, i) => texts.indexOf(text) !== i);
  if (twice === undefined) return;
  throw new StatementError(`Duplicate ${clause} expression: ${twice}`, { code: 'duplicate-expression' });
}

export function aggregateIn(clause: string, call: Expression & { kind: 'call' }): StatementError {
  const name = call.name.name.toUpperCase();
  return new StatementError(`${clause} does not support aggregate functions: ${name} is an aggregate function.`, {
    code: 'aggregate-in-key',
    span: call.span,
  });
}
