import { StatementError } from '../../model/errors.js';
import type { Column } from '../../model/schema.js';
import type { SqlType } from '../../model/sql-type.js';
import { tableFunctionsIn } from '../analysis/aggregation.js';
import { bindCall } from '../analysis/bind-expression.js';
import { expressionText } from '../analysis/expression-text.js';
import type { Relation } from '../analysis/relation.js';
import { keyColumnsOf } from '../analysis/relation-keys.js';
import type { ProjectionItem } from '../analysis/select-items.js';
import type { BoundExpression } from '../expression.js';
import type { PlanningContext } from '../planning-context.js';
import { type LogicalPlan, resultKind } from './logical-plan.js';
import { bindingOver } from './logical-query.js';

export interface Flattened {
  readonly plan: LogicalPlan;
  /** What each call of a table function has become, by its text. */
  readonly columns: ReadonlyMap<string, BoundExpression>;
}

/** The relation's plan, under a flatMap when the projection calls table functions. */
export function flatten(items: readonly ProjectionItem[], relation: Relation, context: PlanningContext): Flattened {
  const columns = new Map<string, BoundExpression>();
  const calls = items.flatMap((item) => tableFunctionsIn(item.expression, context));
  if (calls.length === 0) return { plan: relation.plan, columns };
  if (resultKind(relation.plan) === 'TABLE') {
    throw new StatementError('Table source is not supported with table functions', { code: 'table-function' });
  }
  const width = relation.plan.schema.columns.length;
  const functions: { name: string; signature: string; arguments: BoundExpression[]; type: SqlType }[] = [];
  for (const call of calls) {
    const text = expressionText(call);
    if (columns.has(text)) continue;
    for (const argument of call.arguments) {
      if (argument.kind === 'lambda' || argument.kind === 'intervalUnit') continue;
      if (tableFunctionsIn(argument, context).length > 0) {
        throw new StatementError(`Table functions cannot be nested: ${text}`, { code: 'table-function' });
      }
    }
    const { resolved, arguments: args } = bindCall(call, {
      ...bindingOver(relation, 'SELECT', context),
      replace: keyColumnsOf(relation),
    });
    const index = width + functions.length;
    functions.push({
      name: resolved.definition.name,
      signature: resolved.signature,
      arguments: args.filter((a) => a.kind !== 'lambda' && a.kind !== 'intervalUnit'),
      type: resolved.returnType,
    });
    columns.set(text, {
      kind: 'column',
      type: resolved.returnType,
      index,
      name: `KSQL_SYNTH_${functions.length - 1}`,
    });
  }
  return {
    columns,
    plan: {
      kind: 'flatMap',
      input: relation.plan,
      functions,
      schema: {
        columns: [
          ...relation.plan.schema.columns,
          ...functions.map((f, i): Column => ({ name: `KSQL_SYNTH_${i}`, type: f.type, role: 'value' })),
        ],
      },
    },
  };
}
