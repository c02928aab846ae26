import { describe } from 'vitest';
import { brokerContract, type LogNature } from '../contracts/broker-contract.js';
import { KAFKA, NO_KAFKA } from './adapter/adapter-kafka.js';
import { openKafkaUnderTest } from './adapter/kafka-under-test.js';

/* The contract of the embedded log, on a cluster: whatever a statement sees of a log is the same on both. */

const SHARED: Omit<LogNature, 'markers' | 'isAtomic'> = {
  // A shared log holds records and nothing else: a shard has its position in a record, and its state in a file of its own.
  keepsPositions: false,
  // The brokers do, each in its own way; what is given to a writer comes from our own builder.
  checksBatches: false,
  // A broker answers the same for both.
  knowsPartitions: false,
  // Whoever asks again because an answer was lost must not fail.
  missesTopics: false,
  // A broker takes it for a mistake.
  trimsPastEnd: false,
};

describe.skipIf(NO_KAFKA)(`on ${KAFKA}`, () => {
  // Each transaction ends with a marker in every partition.
  brokerContract('Kafka, with transactions', { ...SHARED, markers: 1, isAtomic: true }, () =>
    openKafkaUnderTest('transactions'),
  );
  // Batch after batch: what has been appended stands.
  brokerContract('Kafka, without transactions', { ...SHARED, markers: 0, isAtomic: false }, () =>
    openKafkaUnderTest('plain'),
  );
});
