import type { RecordHeader } from '../model/record.js';
import { decompressRecords } from './compression.js';
import {
  ATTRIBUTES_AT,
  BASE_TIMESTAMP_AT,
  baseOffset,
  COMPRESSION_MASK,
  CONTROL_BIT,
  checkHeader,
  corruptBatch,
  HEADER_BYTES,
  LOG_APPEND_TIME_BIT,
  lastOffsetDelta,
  maxTimestamp,
  readInt64,
  recordCount,
  TRANSACTIONAL_BIT,
} from './record-batch.js';

const NO_BYTES = Buffer.alloc(0);
const NO_HEADERS: readonly RecordHeader[] = [];

/**
 * Walks the records of a batch where they lie. After `reset`, each `next` that returns true has set the fields to one record; the ranges
 * are positions in `bytes`. One cursor serves any number of batches and allocates nothing (but for compressed batches and `headers`).
 *
 * Numbers and lengths are checked before they are used: damaged bytes raise SystemError `corrupt-batch`, at the latest when the last
 * record has been walked. The checksum is not checked here (`checksumMatches`).
 */
export class RecordBatchCursor {
  /** Where the ranges point: the buffer given to `reset`, or the unpacked records of a compressed batch. */
  bytes: Buffer = NO_BYTES;
  baseOffset = 0;
  lastOffset = -1;
  /** Records in the batch; fewer than its offsets after compaction. */
  records = 0;
  /** Where the batch ends in the buffer given to `reset`, which is where the next one begins. */
  batchEnd = 0;
  /** The batch holds a marker of Kafka's transactions, not data: skip it. */
  isControl = false;
  isTransactional = false;

  offset = -1;
  /** Event time in ms; -1 when the producer gave none. */
  timestamp = 0;
  /** -1 when the key is null, and so is `keyEnd`. */
  keyStart = -1;
  keyEnd = -1;
  /** -1 when the value is null, and so is `valueEnd`. */
  valueStart = -1;
  valueEnd = -1;
  headerCount = 0;
  headersStart = 0;
  headersEnd = 0;

  #position = 0;
  #end = 0;
  #remaining = 0;
  #lastDelta = -1;
  #lastDeltaMax = 0;
  #baseTimestamp = 0;
  #appendTime = -1;
  #isAppendTime = false;
  /** Where the number that was read last ended. */
  #after = 0;

  /**
   * Begins with the batch at `start`.
   * @throws SystemError `corrupt-batch`, `unsupported-batch`, `unsupported-compression`.
   */
  reset(bytes: Buffer, start = 0): void {
    this.#remaining = 0;
    this.#position = this.#end = 0;
    const size = checkHeader(bytes, start);
    const attributes = bytes.readInt16BE(start + ATTRIBUTES_AT);
    this.baseOffset = baseOffset(bytes, start);
    this.#lastDeltaMax = lastOffsetDelta(bytes, start);
    this.lastOffset = this.baseOffset + this.#lastDeltaMax;
    this.records = recordCount(bytes, start);
    this.batchEnd = start + size;
    this.isControl = (attributes & CONTROL_BIT) !== 0;
    this.isTransactional = (attributes & TRANSACTIONAL_BIT) !== 0;
    this.#isAppendTime = (attributes & LOG_APPEND_TIME_BIT) !== 0;
    this.#appendTime = maxTimestamp(bytes, start);
    this.#baseTimestamp = readInt64(bytes, start + BASE_TIMESTAMP_AT);
    const codec = attributes & COMPRESSION_MASK;
    if (codec === 0) {
      this.bytes = bytes;
      this.#position = start + HEADER_BYTES;
      this.#end = this.batchEnd;
    } else {
      this.bytes = decompressRecords(codec, bytes.subarray(start + HEADER_BYTES, this.batchEnd));
      this.#position = 0;
      this.#end = this.bytes.length;
    }
    this.#lastDelta = -1;
    this.#remaining = this.records;
  }

  /**
   * Moves to the next record; false when there is none. Small numbers are read in place: a call for each of the six costs a third more
   * (41 ns a record instead of 30, with 160-byte values).
   */
  next(): boolean {
    if (this.#remaining === 0) {
      if (this.#position !== this.#end) throw corruptBatch('bytes follow its last record');
      return false;
    }
    const bytes = this.bytes;
    let at = this.#position;
    // Most numbers are one byte; a byte past the end is undefined, which goes the long way and is found there.
    let byte = bytes[at]!;
    let length: number;
    if (byte < 0x80) {
      length = (byte >>> 1) ^ -(byte & 1);
      at++;
    } else {
      length = this.#varint(at);
      at = this.#after;
    }
    const recordEnd = at + length;
    if (length < 0 || recordEnd > this.#end) throw corruptBatch('a record is longer than the batch');

    at++;
    byte = bytes[at]!;
    let timestampDelta: number;
    if (byte < 0x80) {
      timestampDelta = (byte >>> 1) ^ -(byte & 1);
      at++;
    } else {
      timestampDelta = this.#varlong(at);
      at = this.#after;
    }

    byte = bytes[at]!;
    let delta: number;
    if (byte < 0x80) {
      delta = (byte >>> 1) ^ -(byte & 1);
      at++;
    } else {
      delta = this.#varint(at);
      at = this.#after;
    }
    if (delta <= this.#lastDelta || delta > this.#lastDeltaMax) throw corruptBatch('its offsets are out of order');

    byte = bytes[at]!;
    if (byte < 0x80) {
      length = (byte >>> 1) ^ -(byte & 1);
      at++;
    } else {
      length = this.#varint(at);
      at = this.#after;
    }
    if (length >= 0) {
      this.keyStart = at;
      at += length;
      this.keyEnd = at;
    } else if (length === -1) {
      this.keyStart = -1;
      this.keyEnd = -1;
    } else {
      throw corruptBatch('a key has a negative length');
    }
    if (at > recordEnd) throw corruptBatch('a key is longer than its record');

    byte = bytes[at]!;
    if (byte < 0x80) {
      length = (byte >>> 1) ^ -(byte & 1);
      at++;
    } else {
      length = this.#varint(at);
      at = this.#after;
    }
    if (length >= 0) {
      this.valueStart = at;
      at += length;
      this.valueEnd = at;
    } else if (length === -1) {
      this.valueStart = -1;
      this.valueEnd = -1;
    } else {
      throw corruptBatch('a value has a negative length');
    }
    if (at > recordEnd) throw corruptBatch('a value is longer than its record');

    byte = bytes[at]!;
    if (byte < 0x80) {
      length = (byte >>> 1) ^ -(byte & 1);
      at++;
    } else {
      length = this.#varint(at);
      at = this.#after;
    }
    // A header takes two bytes at least.
    const headerBytes = recordEnd - at;
    if (length < 0 || (length === 0 ? headerBytes !== 0 : headerBytes < 2 * length)) {
      throw corruptBatch('the length of a record is not that of its parts');
    }
    this.headerCount = length;
    this.headersStart = at;
    this.headersEnd = recordEnd;

    this.offset = this.baseOffset + delta;
    this.timestamp = this.#isAppendTime ? this.#appendTime : this.#baseTimestamp + timestampDelta;
    this.#lastDelta = delta;
    this.#position = recordEnd;
    this.#remaining--;
    return true;
  }

  /** The headers of the current record; values are views of the batch. */
  headers(): readonly RecordHeader[] {
    if (this.headerCount === 0) return NO_HEADERS;
    const headers: RecordHeader[] = [];
    let at = this.headersStart;
    for (let i = 0; i < this.headerCount; i++) {
      const keyLength = this.#varint(at);
      const keyStart = this.#after;
      const keyEnd = keyStart + keyLength;
      if (keyLength < 0 || keyEnd > this.headersEnd) throw corruptBatch('a header is longer than its record');
      const valueLength = this.#varint(keyEnd);
      const valueStart = this.#after;
      at = valueLength < 0 ? valueStart : valueStart + valueLength;
      if (valueLength < -1 || at > this.headersEnd) throw corruptBatch('a header is longer than its record');
      headers.push({
        key: this.bytes.toString('utf8', keyStart, keyEnd),
        value: valueLength < 0 ? null : this.bytes.subarray(valueStart, at),
      });
    }
    if (at !== this.headersEnd) throw corruptBatch('the length of a record is not that of its parts');
    return headers;
  }

  #varint(start: number): number {
    const bytes = this.bytes;
    const end = this.#end;
    let value = 0;
    let shift = 0;
    let at = start;
    for (;;) {
      if (at >= end) throw corruptBatch('it ends inside a number');
      const byte = bytes[at++]!;
      if (shift === 28 && byte > 0x0f) throw corruptBatch('a number is too long');
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
      shift += 7;
    }
    this.#after = at;
    return (value >>> 1) ^ -(value & 1);
  }

  #varlong(start: number): number {
    const bytes = this.bytes;
    const end = this.#end;
    let low = 0;
    let scale = 1;
    let at = start;
    let first = true;
    let negative = false;
    for (;;) {
      if (at >= end) throw corruptBatch('it ends inside a number');
      const byte = bytes[at++]!;
      if (at - start > 10) throw corruptBatch('a number is too long');
      // The sign bit goes out first, so that what is summed stays exact up to 2^53.
      if (first) {
        negative = (byte & 1) === 1;
        low = (byte & 0x7f) >>> 1;
        scale = 64;
        first = false;
      } else {
        low += (byte & 0x7f) * scale;
        scale *= 128;
      }
      if (byte < 0x80) break;
    }
    this.#after = at;
    return negative ? -low - 1 : low;
  }
}
