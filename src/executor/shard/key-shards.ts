import { partitionOfKey } from '../../broker/partitioner.js';
import { GrowableSink } from '../../formats/byte-sink.js';
import { formatNamed } from '../../formats/index.js';
import { keyColumns } from '../../model/schema.js';
import { sameType } from '../../model/sql-type.js';
import type { Row } from '../../model/value.js';
import {
  inputsOf,
  type PhysicalPlan,
  type PhysicalStep,
  type RepartitionStep,
  type StorePlan,
  type StreamSourceStep,
  type TableSourceStep,
  walkSteps,
} from '../../planner/physical/physical-plan.js';

type StageInput = StreamSourceStep | TableSourceStep | RepartitionStep;

/** Where the rows of some keys should be. */
export interface KeyShards {
  /** One a key. */
  readonly shards: readonly number[];
  /** False when others write the topic too, who may choose partitions in their own way. */
  readonly certain: boolean;
}

/**
 * The shards that keep the rows of these keys in a store: those of the partitions that Kafka's partitioner chooses in the topic that feeds the store.
 * @param keys one value a column of the store's key
 * @param shards how many the query has
 * @param partitionsOf null for a topic that is not known
 * @returns null when it cannot be told
 */
export function keyShards(
  plan: PhysicalPlan,
  store: StorePlan,
  keys: readonly Row[],
  shards: number,
  partitionsOf: (topic: string) => number | null,
): KeyShards | null {
  const input = inputOfStore(plan, store.name);
  if (input === null) return null;
  const partitions = partitionsOf(input.topic);
  if (partitions === null) return null;
  const columns = keyColumns(input.kind === 'repartition' ? input.schema : input.sourceSchema);
  const fits =
    columns.length === store.key.length && columns.every(({ type }, i) => sameType(type, store.key[i]!.type));
  const format = formatNamed(input.keyFormat.name);
  if (!fits || format === null) return null;
  const serializer = format.serializer(input.keyFormat, columns, 'key');
  const sink = new GrowableSink(64);
  const found = keys.map((key) => {
    sink.reset();
    serializer.write(sink, ...key);
    return partitionOfKey(sink.bytes, 0, sink.position, partitions) % shards;
  });
  return { shards: found, certain: input.kind === 'repartition' };
}

/** The topic whose partitions a store's keys are spread over; null when the store's key is another than the topic's. */
function inputOfStore(plan: PhysicalPlan, storeName: string): StageInput | null {
  let keeper: PhysicalStep | null = null;
  walkSteps(plan.root, (step) => {
    if ('store' in step && step.store?.name === storeName) keeper = step;
  });
  for (let step: PhysicalStep | null = keeper; step !== null; step = inputsOf(step)[0] ?? null) {
    switch (step.kind) {
      case 'repartition':
        return step;
      case 'streamSource':
      case 'tableSource':
        return step.keyWindow === null ? step : null;
      case 'streamRekey':
      case 'tableRekey':
        return null;
      case 'streamProject':
      case 'tableProject':
        if (!keepsKey(step)) return null;
        break;
      default:
    }
  }
  return null;
}

/** Whether the key columns are those of the input, in their order. */
function keepsKey({ schema, expressions }: Extract<PhysicalStep, { kind: 'streamProject' | 'tableProject' }>): boolean {
  return keyColumns(schema).every((_, i) => {
    const expression = expressions[i]!;
    return expression.kind === 'column' && expression.index === i;
  });
}
