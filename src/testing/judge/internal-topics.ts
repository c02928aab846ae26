import type { FormatSpec } from '../../formats/format.js';
import { type Column, keyColumns } from '../../model/schema.js';
import {
  inputsOf,
  type KeyWindow,
  type PhysicalPlan,
  type PhysicalStep,
  repartitionColumns,
  type StorePlan,
  walkSteps,
} from '../../planner/physical/physical-plan.js';

/** One half of the records of a topic. */
export interface TopicHalf {
  readonly format: FormatSpec;
  readonly columns: readonly Column[];
}

/** A topic that a query keeps for itself. */
export interface InternalTopic {
  readonly name: string;
  /** Whether it would be the changelog of a store, which has no topic of its own here. */
  readonly isStore: boolean;
  readonly keyWindow: KeyWindow | null;
  readonly key: TopicHalf;
  readonly value: TopicHalf;
}

/** The topics that ksqlDB would keep for the query: one a repartition, and one a store, which here share a changelog. */
export function internalTopicsOf(plan: PhysicalPlan): readonly InternalTopic[] {
  const topics: InternalTopic[] = [];
  const addStore = (store: StorePlan, held: PhysicalStep): void => {
    const { keyFormat, valueFormat, keyWindow = null } = formatsOf(held);
    const { columns } = held.schema;
    topics.push({
      isStore: true,
      keyWindow: held.kind === 'aggregate' && held.window !== null ? held.window : keyWindow,
      name: `_confluent-ksql-some.ksql.service.idquery_${plan.queryId}-${store.name}-changelog`,
      key: { format: keyFormat, columns: keyColumns(held.schema) },
      value: { format: valueFormat, columns: columns.filter(({ role }) => role !== 'key') },
    });
  };
  walkSteps(plan.root, (step) => {
    switch (step.kind) {
      case 'repartition': {
        const { keys, values } = repartitionColumns(step);
        topics.push({
          name: step.topic,
          isStore: false,
          keyWindow: step.keyWindow ?? null,
          key: { format: step.keyFormat, columns: keys },
          value: { format: step.valueFormat, columns: values },
        });
        return;
      }
      case 'streamStreamJoin':
        addStore(step.leftStore, step.left);
        addStore(step.rightStore, step.right);
        return;
      case 'foreignKeyJoin':
        addStore(step.subscriptions, step.left);
        return;
      default:
        if ('store' in step && step.store !== undefined) addStore(step.store, step);
    }
  });
  return topics;
}

/** The formats of what passes through a step: those of the topic that it was read from last; of a join, the left one. */
function formatsOf(step: PhysicalStep): {
  readonly keyFormat: FormatSpec;
  readonly valueFormat: FormatSpec;
  readonly keyWindow?: KeyWindow | null;
} {
  return 'keyFormat' in step ? step : formatsOf(inputsOf(step)[0]!);
}
