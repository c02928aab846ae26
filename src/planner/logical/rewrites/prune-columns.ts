import { columnsOf, remapColumns } from '../../expression.js';
import type { JoinColumn } from '../../physical/physical-plan.js';
import type { LogicalPlan } from '../logical-plan.js';

/** A relation without the columns nobody reads, and where each kept column went. */
interface Pruned {
  readonly plan: LogicalPlan;
  /** Old position to new; -1 when the column is gone. */
  readonly moved: readonly number[];
}

/**
 * Leaves each relation only the columns that something above it reads; key columns stay. The root keeps all of its columns.
 * Reaches the scans, so that decoders skip what no expression needs.
 */
export function pruneColumns(plan: LogicalPlan): LogicalPlan {
  return prune(plan, new Set(plan.schema.columns.keys())).plan;
}

function prune(plan: LogicalPlan, wanted: ReadonlySet<number>): Pruned {
  const kept = plan.schema.columns
    .map((column, i) => (column.role === 'key' || wanted.has(i) ? i : -1))
    .filter((i) => i >= 0);
  switch (plan.kind) {
    case 'scan':
      return {
        plan: { ...plan, schema: select(plan, kept), columns: kept.map((i) => plan.columns[i]!) },
        moved: moves(plan, kept),
      };
    case 'filter': {
      const input = prune(plan.input, new Set([...kept, ...columnsOf(plan.predicate)]));
      return {
        plan: {
          ...plan,
          input: input.plan,
          schema: input.plan.schema,
          predicate: remapColumns(plan.predicate, (i) => input.moved[i]!),
        },
        moved: input.moved,
      };
    }
    case 'project': {
      const expressions = kept.map((i) => plan.expressions[i]!);
      const input = prune(plan.input, new Set(expressions.flatMap(columnsOf)));
      return {
        plan: {
          ...plan,
          input: input.plan,
          schema: select(plan, kept),
          expressions: expressions.map((e) => remapColumns(e, (i) => input.moved[i]!)),
        },
        moved: moves(plan, kept),
      };
    }
    case 'rekey': {
      const keyCount = plan.keys.length;
      const carried = kept.filter((i) => i >= keyCount).map((i) => plan.carried[i - keyCount]!);
      const input = prune(plan.input, new Set([...carried, ...plan.keys.flatMap(columnsOf)]));
      return {
        plan: {
          ...plan,
          input: input.plan,
          schema: select(plan, kept),
          keys: plan.keys.map((e) => remapColumns(e, (i) => input.moved[i]!)),
          carried: carried.map((i) => input.moved[i]!),
        },
        moved: moves(plan, kept),
      };
    }
    case 'flatMap': {
      const inputCount = plan.input.schema.columns.length;
      const below = kept.filter((i) => i < inputCount);
      const read = plan.functions.flatMap((f) => f.arguments.flatMap(columnsOf));
      const input = prune(plan.input, new Set([...below, ...read]));
      const inputWidth = input.plan.schema.columns.length;
      return {
        plan: {
          ...plan,
          input: input.plan,
          schema: { columns: [...input.plan.schema.columns, ...plan.schema.columns.slice(inputCount)] },
          functions: plan.functions.map((f) => ({
            ...f,
            arguments: f.arguments.map((e) => remapColumns(e, (i) => input.moved[i]!)),
          })),
        },
        moved: plan.schema.columns.map((_, i) => (i < inputCount ? input.moved[i]! : i - inputCount + inputWidth)),
      };
    }
    case 'aggregate': {
      const input = prune(plan.input, new Set(plan.calls.flatMap((call) => call.arguments.flatMap(columnsOf))));
      return {
        plan: {
          ...plan,
          input: input.plan,
          calls: plan.calls.map((call) => ({
            ...call,
            arguments: call.arguments.map((e) => remapColumns(e, (i) => input.moved[i]!)),
          })),
        },
        moved: plan.schema.columns.map((_, i) => i),
      };
    }
    case 'join': {
      const columns = kept.map((i) => plan.columns[i]!);
      const side = (from: 'left' | 'right'): Set<number> =>
        new Set(columns.flatMap((c) => (c.from === from ? [c.index] : [])));
      const leftWanted = side('left');
      if (plan.foreignKey !== null) for (const i of columnsOf(plan.foreignKey)) leftWanted.add(i);
      const left = prune(plan.left, leftWanted);
      const right = prune(plan.right, side('right'));
      const move = (c: JoinColumn): JoinColumn =>
        c.from === 'key' ? c : { from: c.from, index: (c.from === 'left' ? left : right).moved[c.index]! };
      return {
        plan: {
          ...plan,
          left: left.plan,
          right: right.plan,
          schema: select(plan, kept),
          columns: columns.map(move),
          foreignKey: plan.foreignKey && remapColumns(plan.foreignKey, (i) => left.moved[i]!),
        },
        moved: moves(plan, kept),
      };
    }
  }
}

function select(plan: LogicalPlan, kept: readonly number[]): LogicalPlan['schema'] {
  return { columns: kept.map((i) => plan.schema.columns[i]!) };
}

function moves(plan: LogicalPlan, kept: readonly number[]): readonly number[] {
  return plan.schema.columns.map((_, i) => kept.indexOf(i));
}
