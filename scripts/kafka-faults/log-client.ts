/** What the drivers use of the project's own client: to bring records in, and to look how far topics have grown. The verdict does not. */

export { openKafka } from '../../src/broker/kafka/open-kafka.js';
export { partitionOfKey } from '../../src/broker/partitioner.js';
export { RecordBatchBuilder } from '../../src/broker/record-batch-builder.js';
export { FAILPOINTS } from '../../src/executor/shard/failpoints.js';
