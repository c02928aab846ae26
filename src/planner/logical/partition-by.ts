import { StatementError } from '../../model/errors.js';
import { keyColumns } from '../../model/schema.js';
import type { Expression } from '../../parser/ast.js';
import { aggregatesIn } from '../analysis/aggregation.js';
import { bindExpression } from '../analysis/bind-expression.js';
import { expressionText } from '../analysis/expression-text.js';
import { qualify, type Relation, relationKey, scopeOf } from '../analysis/relation.js';
import { keyColumnsOf, sameAsKey, synthetics } from '../analysis/relation-keys.js';
import { resultKind } from './logical-plan.js';
import { bindingOver, type QueryInHand } from './logical-query.js';
import { aggregateIn, checkDistinct, checkNoWindow, rekey } from './rekey.js';

export interface Partitioned {
  readonly relation: Relation;
  /** The new key columns; null when the key stays as it is. */
  readonly columns: readonly { readonly expression: Expression; readonly name: string }[] | null;
}

/** Re-keys a relation for the PARTITION BY of a query, if it has one. */
export function partitionBy({ query, context }: QueryInHand, relation: Relation): Partitioned {
  const written = query.partitionBy;
  if (written === null) return { relation, columns: null };
  if (resultKind(relation.plan) === 'TABLE') {
    throw new StatementError(
      'Cannot repartition a TABLE source. If this is a join, joins on tables can only be done on their primary key.',
      { code: 'partition-by-table' },
    );
  }
  const scope = scopeOf(relation);
  const expressions = written.map((e) => qualify(e, scope, 'PARTITION BY', synthetics(relation)));
  if (expressions.length > 1 && expressions.some((e) => e.kind === 'null')) {
    throw new StatementError('Cannot PARTITION BY multiple columns including NULL', { code: 'invalid-partition-by' });
  }
  const texts = expressions.map((e) => expressionText(e));
  checkDistinct('PARTITION BY', texts);
  checkNoWindow(relation);
  if (sameAsKey(texts, relation.keys)) {
    return { relation: { ...relation, keys: expressions.map((e) => relationKey([e], 'partitionBy')) }, columns: null };
  }
  const isNull = expressions[0]!.kind === 'null';
  const keys = isNull
    ? []
    : expressions.map((e) => {
        for (const call of aggregatesIn(e, context)) throw aggregateIn('PARTITION BY', call);
        return bindExpression(e, {
          ...bindingOver(relation, 'PARTITION BY', context),
          replace: keyColumnsOf(relation),
        });
      });
  const rekeyed = rekey(relation, 'partitionBy', isNull ? [] : expressions, keys, query.select);
  const columns = keyColumns(rekeyed.plan.schema).map((column, i) => ({
    expression: expressions[i]!,
    name: column.name,
  }));
  return { relation: rekeyed, columns };
}
