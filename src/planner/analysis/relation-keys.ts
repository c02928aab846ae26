import { keyColumns } from '../../model/schema.js';
import type { Expression } from '../../parser/ast.js';
import type { BoundExpression } from '../expression.js';
import { expressionText } from './expression-text.js';
import type { Relation, RelationKey } from './relation.js';

/** A source's key column, or a join's synthetic key, read from the row's key. */
export function keyColumnsOf(relation: Relation): (e: Expression) => BoundExpression | null {
  const columns = keyColumns(relation.plan.schema);
  return (e) => {
    if (e.kind === 'null' || e.kind === 'integer' || e.kind === 'string') return null;
    const text = expressionText(e);
    const index = relation.keys.findIndex(
      (key) => key.origin !== 'join' && key.expressions.some((k) => expressionText(k) === text),
    );
    const column = columns[index];
    return column === undefined ? null : { kind: 'column', type: column.type, index, name: column.name };
  };
}

/** Names that only the relation's key has: the synthetic key of a join. */
export function synthetics(relation: Relation): ReadonlySet<string> {
  return new Set(
    relation.keys.flatMap((key) =>
      key.origin === 'syntheticJoin' ? key.expressions.flatMap((e) => (e.kind === 'column' ? [e.name.name] : [])) : [],
    ),
  );
}

/** Whether the expressions, by canonical text, are the relation's key as it stands. */
export function sameAsKey(texts: readonly string[], keys: readonly RelationKey[]): boolean {
  return (
    texts.length === keys.length &&
    texts.every((text, i) => keys[i]!.expressions.some((e) => expressionText(e) === text))
  );
}
