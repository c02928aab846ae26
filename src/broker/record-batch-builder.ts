import { assert } from '../model/errors.js';
import type { RecordHeader } from '../model/record.js';
import {
  BASE_OFFSET_AT,
  BASE_SEQUENCE_AT,
  BASE_TIMESTAMP_AT,
  CRC_AT,
  checksum,
  HEADER_BYTES,
  LAST_OFFSET_DELTA_AT,
  LEADER_EPOCH_AT,
  LENGTH_AT,
  MAGIC,
  MAGIC_AT,
  MAX_TIMESTAMP_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  RECORDS_AT,
  writeInt64,
} from './record-batch.js';

/** After a batch larger than this the buffer is given back. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024;
/** Copying fewer bytes one by one is cheaper than a call into the runtime. */
const CALL_BYTES = 40;
/** Room for the numbers of a record between two pieces of data. */
const NUMBERS_BYTES = 32;

/**
 * Writes a batch, record by record. A record is
 *
 *     builder.begin(timestamp);
 *     ... append the key's bytes at `builder.position` (a builder is the sink that serializers write to) ...
 *     builder.endKey(isNull);
 *     ... append the value's bytes ...
 *     builder.endValue(isNull);
 *     builder.end(headers);
 *
 * or `abandon()` anywhere between, when a serializer gives up. The length of a thing comes before it and has as many bytes as it needs:
 * room is left for as many as the last one had, and a wrong guess moves the data by the difference.
 *
 * The caller watches `byteLength` and `records`, and finishes before they pass its limits.
 */
export class RecordBatchBuilder {
  bytes: Buffer;
  /** Where the next byte goes. */
  position = HEADER_BYTES;
  /** Complete records since the last `finish`. */
  records = 0;

  readonly #initialBytes: number;
  readonly #seals: boolean;
  #baseTimestamp = 0;
  #maxTimestamp = 0;
  #lastDelta = -1;

  #recordStart = -1;
  #recordTimestamp = 0;
  #recordDelta = 0;
  #lengthWidth = 1;
  #keyAt = 0;
  #keyWidth = 1;
  #valueAt = 0;
  #valueWidth = 1;

  /** @param seals false leaves the checksum to whoever appends the batch, and writes more into its header before */
  constructor(initialBytes = 64 * 1024, seals = true) {
    this.#seals = seals;
    this.#initialBytes = Math.max(initialBytes, 2 * HEADER_BYTES);
    this.bytes = Buffer.allocUnsafeSlow(this.#initialBytes);
  }

  /** Bytes that the batch would have if it were finished now; the record in progress counts. */
  get byteLength(): number {
    return this.position;
  }

  /** Makes room for `n` more bytes at `position`; may replace `bytes`. */
  reserve(n: number): void {
    const needed = this.position + n;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.position);
    this.bytes = larger;
  }

  /** Appends bytes that lie elsewhere. */
  copyFrom(source: Buffer, start: number, end: number): void {
    const length = end - start;
    this.reserve(length);
    const bytes = this.bytes;
    let at = this.position;
    if (length <= CALL_BYTES) for (let i = start; i < end; i++) bytes[at++] = source[i]!;
    else at += source.copy(bytes, at, start, end);
    this.position = at;
  }

  /**
   * Begins a record; its key goes next.
   * @param timestamp event time in ms, an integer
   * @param offsetDelta offset in the batch; ascending, with holes if need be
   */
  begin(timestamp: number, offsetDelta: number = this.#lastDelta + 1): void {
    assert(
      this.#recordStart < 0 && offsetDelta > this.#lastDelta,
      'records are written one by one, in order of offset',
    );
    this.reserve(NUMBERS_BYTES);
    if (this.records === 0) this.#baseTimestamp = this.#maxTimestamp = timestamp;
    this.#recordStart = this.position;
    this.#recordTimestamp = timestamp;
    this.#recordDelta = offsetDelta;
    this.position += this.#lengthWidth;
    this.bytes[this.position++] = 0;
    this.#varlong(timestamp - this.#baseTimestamp);
    this.#varint(offsetDelta);
    this.#keyAt = this.position;
    this.position += this.#keyWidth;
  }

  /** The bytes since `begin` are the key; or it is null, and they do not count. The value goes next. */
  endKey(isNull: boolean): void {
    if (isNull) this.#null(this.#keyAt);
    else this.#keyWidth = this.#lengthBefore(this.#keyAt, this.#keyWidth);
    this.reserve(NUMBERS_BYTES);
    this.#valueAt = this.position;
    this.position += this.#valueWidth;
  }

  /** The bytes since `endKey` are the value; or it is null, and they do not count. */
  endValue(isNull: boolean): void {
    if (isNull) this.#null(this.#valueAt);
    else this.#valueWidth = this.#lengthBefore(this.#valueAt, this.#valueWidth);
  }

  /** Completes the record. */
  end(headers: readonly RecordHeader[] | null = null): void {
    this.reserve(NUMBERS_BYTES);
    if (headers === null || headers.length === 0) {
      this.bytes[this.position++] = 0;
    } else {
      this.#varint(headers.length);
      for (const header of headers) this.#header(header);
    }
    this.#complete();
  }

  /** Completes the record with headers that are already encoded: `count` of them in `source[start, end)`. */
  endWithEncodedHeaders(count: number, source: Buffer, start: number, end: number): void {
    this.reserve(NUMBERS_BYTES);
    this.#varint(count);
    this.copyFrom(source, start, end);
    this.#complete();
  }

  /** Forgets the record that was begun. */
  abandon(): void {
    if (this.#recordStart < 0) return;
    this.position = this.#recordStart;
    this.#recordStart = -1;
  }

  /** Writes a whole record. */
  append(
    timestamp: number,
    key: Buffer | null,
    value: Buffer | null,
    headers: readonly RecordHeader[] | null = null,
  ): void {
    this.begin(timestamp);
    if (key !== null) this.copyFrom(key, 0, key.length);
    this.endKey(key === null);
    if (value !== null) this.copyFrom(value, 0, value.length);
    this.endValue(value === null);
    this.end(headers);
  }

  /**
   * The batch, in a buffer of its own; the builder begins the next one.
   * @param lastOffsetDelta at least that of the last record: how many offsets the batch stands for, less one
   */
  finish(baseOffset = 0, lastOffsetDelta: number = this.#lastDelta): Buffer {
    assert(this.#recordStart < 0, 'a batch is finished between records');
    assert(lastOffsetDelta >= this.#lastDelta && lastOffsetDelta >= 0, 'a batch covers the offsets of its records');
    const size = this.position;
    const batch = Buffer.allocUnsafeSlow(size);
    this.bytes.copy(batch, HEADER_BYTES, HEADER_BYTES, size);
    batch.fill(0, 0, HEADER_BYTES);
    writeInt64(batch, BASE_OFFSET_AT, baseOffset);
    batch.writeInt32BE(size - LEADER_EPOCH_AT, LENGTH_AT);
    batch.writeInt32BE(-1, LEADER_EPOCH_AT);
    batch[MAGIC_AT] = MAGIC;
    batch.writeInt32BE(lastOffsetDelta, LAST_OFFSET_DELTA_AT);
    writeInt64(batch, BASE_TIMESTAMP_AT, this.#baseTimestamp);
    writeInt64(batch, MAX_TIMESTAMP_AT, this.#maxTimestamp);
    writeInt64(batch, PRODUCER_ID_AT, -1);
    batch.writeInt16BE(-1, PRODUCER_EPOCH_AT);
    batch.writeInt32BE(-1, BASE_SEQUENCE_AT);
    batch.writeInt32BE(this.records, RECORDS_AT);
    if (this.#seals) batch.writeUInt32BE(checksum(batch, 0, size), CRC_AT);
    this.clear();
    return batch;
  }

  /** Forgets all records. */
  clear(): void {
    this.position = HEADER_BYTES;
    this.records = 0;
    this.#recordStart = -1;
    this.#lastDelta = -1;
    if (this.bytes.length > KEPT_BYTES_MAX) this.bytes = Buffer.allocUnsafeSlow(this.#initialBytes);
  }

  #complete(): void {
    this.#lengthWidth = this.#lengthBefore(this.#recordStart, this.#lengthWidth);
    this.#recordStart = -1;
    this.#lastDelta = this.#recordDelta;
    if (this.#recordTimestamp > this.#maxTimestamp) this.#maxTimestamp = this.#recordTimestamp;
    this.records++;
  }

  #header(header: RecordHeader): void {
    const keyLength = Buffer.byteLength(header.key);
    this.reserve(keyLength + NUMBERS_BYTES);
    this.#varint(keyLength);
    this.position += this.bytes.write(header.key, this.position, keyLength, 'utf8');
    if (header.value === null) {
      this.bytes[this.position++] = 1;
      return;
    }
    this.#varint(header.value.length);
    this.copyFrom(header.value, 0, header.value.length);
    this.reserve(NUMBERS_BYTES);
  }

  /** Puts the number -1 where a length was to be. */
  #null(at: number): void {
    this.bytes[at] = 1;
    this.position = at + 1;
  }

  /** Writes the length of what lies from `at + width` to `position`, at `at`; returns how many bytes it took. */
  #lengthBefore(at: number, width: number): number {
    const length = this.position - at - width;
    const needed = length < 0x40 ? 1 : length < 0x2000 ? 2 : length < 0x100000 ? 3 : length < 0x8000000 ? 4 : 5;
    if (needed !== width) {
      if (needed > width) this.reserve(needed - width);
      this.#shift(at + width, needed - width);
    }
    const bytes = this.bytes;
    if (needed === 1) {
      bytes[at] = length << 1;
    } else {
      let rest = (length << 1) >>> 0;
      let i = at;
      while (rest > 0x7f) {
        bytes[i++] = (rest & 0x7f) | 0x80;
        rest >>>= 7;
      }
      bytes[i] = rest;
    }
    return needed;
  }

  /** Moves the bytes from `from` to `position`, and `position` with them. */
  #shift(from: number, by: number): void {
    const bytes = this.bytes;
    const end = this.position;
    if (by > 0 || end - from > CALL_BYTES) bytes.copyWithin(from + by, from, end);
    else for (let i = from; i < end; i++) bytes[i + by] = bytes[i]!;
    this.position = end + by;
  }

  #varint(value: number): void {
    const bytes = this.bytes;
    let at = this.position;
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.position = at;
  }

  #varlong(value: number): void {
    if (value >= -0x40000000 && value <= 0x3fffffff) {
      this.#varint(value);
      return;
    }
    const bytes = this.bytes;
    let at = this.position;
    const negative = value < 0;
    // The zigzag number is 2 * magnitude + sign; the sign goes in with the first seven bits, so that nothing passes 2^53.
    let magnitude = negative ? -value - 1 : value;
    bytes[at++] = ((magnitude % 64) * 2 + (negative ? 1 : 0)) | 0x80;
    magnitude = Math.floor(magnitude / 64);
    while (magnitude > 0x7f) {
      bytes[at++] = (magnitude % 128) | 0x80;
      magnitude = Math.floor(magnitude / 128);
    }
    bytes[at++] = magnitude;
    this.position = at;
  }
}
