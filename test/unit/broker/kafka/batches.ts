import { signBatch } from '../../../../src/broker/kafka/producer-batches.js';
import { ATTRIBUTES_AT, CONTROL_BIT, CRC_AT, checksum, setBaseOffset } from '../../../../src/broker/record-batch.js';
import { RecordBatchBuilder } from '../../../../src/broker/record-batch-builder.js';

/** A batch of records that differ by their values. */
export function dataBatch(records: number, key: Buffer | null = null, baseOffset = 0): Buffer {
  const builder = new RecordBatchBuilder();
  for (let i = 0; i < records; i++) builder.append(1000 + i, key, Buffer.from(`value ${i}`));
  const bytes = builder.finish();
  setBaseOffset(bytes, baseOffset);
  return bytes;
}

/** The batch that a coordinator writes at the end of a transaction. */
export function controlBatch(producerId: number, type: 'abort' | 'commit', baseOffset = 0): Buffer {
  const builder = new RecordBatchBuilder();
  const key = Buffer.alloc(4);
  key.writeInt16BE(type === 'abort' ? 0 : 1, 2);
  builder.append(1000, key, Buffer.alloc(6));
  const bytes = builder.finish();
  signBatch(bytes, { producerId, epoch: 0 }, -1, true);
  bytes.writeInt16BE(bytes.readInt16BE(ATTRIBUTES_AT) | CONTROL_BIT, ATTRIBUTES_AT);
  bytes.writeUInt32BE(checksum(bytes, 0, bytes.length), CRC_AT);
  setBaseOffset(bytes, baseOffset);
  return bytes;
}
