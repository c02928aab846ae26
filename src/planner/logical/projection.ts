import { type Column, keyColumns } from '../../model/schema.js';
import { INTEGER } from '../../model/sql-type.js';
import { untypedNull } from '../analysis/bind-expression.js';
import { checkResultColumns, keyPlacement } from '../analysis/key-projection.js';
import type { RelationKey } from '../analysis/relation.js';
import type { ProjectionItem } from '../analysis/select-items.js';
import type { BoundExpression } from '../expression.js';
import type { OutputColumn } from '../physical/physical-plan.js';
import type { LogicalPlan, ProjectNode } from './logical-plan.js';
import type { ProjectedQuery, QueryTarget } from './logical-query.js';

/** The final projection: key columns placed for persistent queries, listed columns for transient ones. */
export function projection(
  items: readonly ProjectionItem[],
  input: LogicalPlan,
  keys: readonly RelationKey[],
  target: QueryTarget,
  bind: (item: ProjectionItem, index: number) => BoundExpression,
): ProjectedQuery {
  const inputKeys = keyColumns(input.schema);
  const keyExpression = (i: number): BoundExpression => ({
    kind: 'column',
    type: inputKeys[i]!.type,
    index: i,
    name: inputKeys[i]!.name,
  });
  const expressions: BoundExpression[] = [];
  const columns: Column[] = [];
  if (target.kind === 'persistent') {
    const bound = items.map(bind);
    const placed = keyPlacement(items, keys, target.sink);
    placed.forEach((itemIndex, keyIndex) => {
      expressions.push(keyExpression(keyIndex));
      columns.push({ name: items[itemIndex]!.name, type: inputKeys[keyIndex]!.type, role: 'key' });
    });
    items.forEach((item, i) => {
      if (placed.includes(i)) return;
      const { type } = bound[i]!;
      if (type.kind === 'NULL') throw untypedNull(item.span);
      expressions.push(bound[i]!);
      columns.push({ name: item.name, type, role: 'value' });
    });
    checkResultColumns(columns);
    return { plan: project(input, expressions, columns), output: null };
  }

  inputKeys.forEach((key, i) => {
    expressions.push(keyExpression(i));
    columns.push(key);
  });
  const output: OutputColumn[] = items.map((item, i) => {
    const bound = bind(item, i);
    const type = bound.type.kind === 'NULL' ? INTEGER : bound.type;
    if (bound.kind === 'column' && bound.index < inputKeys.length) {
      return { name: item.name, type, from: { column: bound.index } };
    }
    expressions.push(bound.type.kind === 'NULL' ? { kind: 'literal', type, value: null } : bound);
    columns.push({ name: item.name, type, role: 'value' });
    return { name: item.name, type, from: { column: columns.length - 1 } };
  });
  return { plan: project(input, expressions, columns), output };
}

function project(input: LogicalPlan, expressions: BoundExpression[], columns: Column[]): ProjectNode {
  return { kind: 'project', input, expressions, schema: { columns } };
}
