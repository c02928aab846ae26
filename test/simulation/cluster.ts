import type { PartitionOffsets, TopicPartition } from '../../src/broker/broker.js';
import { Coordinator } from './coordinator.js';
import type { Network } from './network.js';
import { PartitionLog } from './partition-log.js';

export const INPUT_TOPIC = 'in';
export const OUTPUT_TOPIC = 'out';
export const CHANGELOG_TOPIC = 'changelog';

/** The broker: the partitions of an input, an output and a changelog, and its coordinator of transactions. */
export class Cluster {
  readonly coordinator: Coordinator;
  readonly inputs: readonly PartitionLog[];
  readonly outputs: readonly PartitionLog[];
  readonly changelog: PartitionLog;

  constructor(
    readonly network: Network,
    inputs: number,
    outputs: number,
    epochMax: number,
  ) {
    const { scheduler } = network;
    const now = (): number => Math.floor(scheduler.time);
    const logs = (topic: string, count: number): PartitionLog[] =>
      Array.from({ length: count }, (_, partition) => new PartitionLog(topic, partition, now));
    this.coordinator = new Coordinator(network, epochMax);
    this.inputs = logs(INPUT_TOPIC, inputs);
    this.outputs = logs(OUTPUT_TOPIC, outputs);
    this.changelog = new PartitionLog(CHANGELOG_TOPIC, 0, now);
  }

  log({ topic, partition }: TopicPartition): PartitionLog {
    switch (topic) {
      case INPUT_TOPIC:
        return this.inputs[partition]!;
      case OUTPUT_TOPIC:
        return this.outputs[partition]!;
      default:
        return this.changelog;
    }
  }

  offsets(partitions: readonly TopicPartition[]): readonly PartitionOffsets[] {
    return partitions.map((partition) => this.log(partition).offsets);
  }
}
