import type { Api } from './api.js';
import type { Decoder } from './decoder.js';

export interface BrokerAddress {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

export interface PartitionMetadata {
  readonly error: number;
  readonly partition: number;
  /** -1 while there is none. */
  readonly leader: number;
  readonly replicas: number;
}

export interface TopicMetadata {
  readonly error: number;
  readonly name: string;
  readonly id: string;
  readonly internal: boolean;
  readonly partitions: readonly PartitionMetadata[];
}

export interface MetadataAnswer {
  readonly brokers: readonly BrokerAddress[];
  readonly clusterId: string | null;
  readonly controller: number;
  readonly topics: readonly TopicMetadata[];
}

/** Brokers, and topics with their ids and leaders; all topics for null. Never creates one. */
export const METADATA: Api<readonly string[] | null, MetadataAnswer> = {
  name: 'Metadata',
  key: 3,
  version: 12,
  flexible: true,
  encode(to, names) {
    if (names === null) to.uvarint(0);
    else {
      to.compactArrayLength(names.length);
      for (const name of names) {
        to.uuid('');
        to.compactNullableString(name);
        to.noTags();
      }
    }
    to.bool(false);
    to.bool(false);
    to.noTags();
  },
  decode(from) {
    from.int32();
    return {
      brokers: from.compactArray(broker),
      clusterId: from.compactNullableString(),
      controller: from.int32(),
      topics: from.compactArray(topic),
    };
  },
};

function broker(from: Decoder): BrokerAddress {
  const address = { nodeId: from.int32(), host: from.compactString(), port: from.int32() };
  from.compactNullableString();
  from.skipTags();
  return address;
}

function topic(from: Decoder): TopicMetadata {
  const metadata = {
    error: from.int16(),
    name: from.compactNullableString() ?? '',
    id: from.uuid(),
    internal: from.bool(),
    partitions: from.compactArray(partition).sort((a, b) => a.partition - b.partition),
  };
  from.int32();
  from.skipTags();
  return metadata;
}

function partition(from: Decoder): PartitionMetadata {
  const error = from.int16();
  const index = from.int32();
  const leader = from.int32();
  from.int32();
  const replicas = skipNodes(from);
  skipNodes(from);
  skipNodes(from);
  from.skipTags();
  return { error, partition: index, leader, replicas };
}

function skipNodes(from: Decoder): number {
  const length = from.compactArrayLength();
  for (let i = 0; i < length; i++) from.int32();
  return length;
}
