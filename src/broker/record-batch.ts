import { crc32c } from '@node-rs/crc32';
import { SystemError } from '../model/errors.js';

/**
 * Kafka's record batch, version 2: what topics hold and what travels. All integers big-endian:
 *
 * | at | field | |
 * |---|---|---|
 * | 0 | base offset | int64 |
 * | 8 | length of what follows | int32 |
 * | 12 | leader epoch | int32 |
 * | 16 | magic, 2 | int8 |
 * | 17 | CRC-32C of what follows | uint32 |
 * | 21 | attributes: compression (0-2), log append time (3), transactional (4), control (5), delete horizon (6) | int16 |
 * | 23 | last offset - base offset | int32 |
 * | 27 | base timestamp, max timestamp | int64, int64 |
 * | 43 | producer id, epoch, base sequence | int64, int16, int32 |
 * | 57 | records | int32 |
 * | 61 | the records, compressed as a whole | |
 *
 * A record: length, attributes (a zero byte), timestamp - base timestamp, offset - base offset, key length (-1: null), key, value length
 * (-1: null), value, number of headers, and for each its key length, key, value length (-1: null), value. All of these numbers are
 * zigzag varints.
 */
export const HEADER_BYTES = 61;
export const BASE_OFFSET_AT = 0;
export const LENGTH_AT = 8;
export const LEADER_EPOCH_AT = 12;
export const MAGIC_AT = 16;
export const CRC_AT = 17;
export const ATTRIBUTES_AT = 21;
export const LAST_OFFSET_DELTA_AT = 23;
export const BASE_TIMESTAMP_AT = 27;
export const MAX_TIMESTAMP_AT = 35;
export const PRODUCER_ID_AT = 43;
export const PRODUCER_EPOCH_AT = 51;
export const BASE_SEQUENCE_AT = 53;
export const RECORDS_AT = 57;

export const MAGIC = 2;
export const COMPRESSION_MASK = 0x07;
export const LOG_APPEND_TIME_BIT = 0x08;
export const TRANSACTIONAL_BIT = 0x10;
export const CONTROL_BIT = 0x20;

/** Bytes before the length ends: a batch is this and its length. */
const LENGTH_END = 12;
const TWO_32 = 4294967296;

/** Bytes of the batch that begins at `start`, or -1 when `bytes` ends before the batch does. */
export function batchSize(bytes: Buffer, start = 0): number {
  if (bytes.length - start < LENGTH_END) return -1;
  const size = LENGTH_END + bytes.readInt32BE(start + LENGTH_AT);
  if (size < HEADER_BYTES) throw corruptBatch(`its length is ${size} bytes`);
  return start + size > bytes.length ? -1 : size;
}

/**
 * Checks what does not need the records: that the whole batch is there, its version, its counts.
 * @returns bytes of the batch
 * @throws SystemError `corrupt-batch`, `unsupported-batch`
 */
export function checkHeader(bytes: Buffer, start = 0): number {
  const size = batchSize(bytes, start);
  if (size < 0) throw corruptBatch('it is cut short');
  const magic = bytes[start + MAGIC_AT]!;
  if (magic !== MAGIC) {
    throw new SystemError(`a record batch has format version ${magic}; only version 2 can be read`, {
      code: 'unsupported-batch',
      hint: 'the topic was written by a client older than Kafka 0.11; write it again with a newer one',
    });
  }
  if (bytes.readInt32BE(start + LAST_OFFSET_DELTA_AT) < 0) throw corruptBatch('its last offset is below its first');
  if (bytes.readInt32BE(start + RECORDS_AT) < 0) throw corruptBatch('it has a negative number of records');
  const first = baseOffset(bytes, start);
  if (first < 0 || !Number.isSafeInteger(first + lastOffsetDelta(bytes, start))) {
    throw corruptBatch('its base offset is out of range');
  }
  return size;
}

/** Whether the bytes from the attributes on are those that the checksum was made of. The batch must be whole. */
export function checksumMatches(bytes: Buffer, start = 0): boolean {
  return (
    bytes.readUInt32BE(start + CRC_AT) === checksum(bytes, start, LENGTH_END + bytes.readInt32BE(start + LENGTH_AT))
  );
}

/** CRC-32C of a batch of `size` bytes, over the attributes and all that follows. */
export function checksum(bytes: Buffer, start: number, size: number): number {
  return crc32c(bytes.subarray(start + ATTRIBUTES_AT, start + size));
}

export function baseOffset(bytes: Buffer, start = 0): number {
  return readInt64(bytes, start + BASE_OFFSET_AT);
}

export function lastOffsetDelta(bytes: Buffer, start = 0): number {
  return bytes.readInt32BE(start + LAST_OFFSET_DELTA_AT);
}

export function maxTimestamp(bytes: Buffer, start = 0): number {
  return readInt64(bytes, start + MAX_TIMESTAMP_AT);
}

export function recordCount(bytes: Buffer, start = 0): number {
  return bytes.readInt32BE(start + RECORDS_AT);
}

/** Moves a batch to its place in the log. The checksum does not cover the base offset. */
export function setBaseOffset(bytes: Buffer, offset: number, start = 0): void {
  writeInt64(bytes, start + BASE_OFFSET_AT, offset);
}

/** A 64-bit integer as a number: exact up to 2^53. */
export function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * TWO_32 + bytes.readUInt32BE(at + 4);
}

export function writeInt64(bytes: Buffer, at: number, value: number): void {
  const high = Math.floor(value / TWO_32);
  bytes.writeInt32BE(high, at);
  bytes.writeUInt32BE(value - high * TWO_32, at + 4);
}

export function corruptBatch(why: string): SystemError {
  return new SystemError(`a record batch is damaged: ${why}`, {
    code: 'corrupt-batch',
    hint: 'the bytes changed after they were written: check the disk or the network',
  });
}
