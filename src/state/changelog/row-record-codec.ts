import type { Row } from '../../model/value.js';
import { Entry } from '../entry.js';
import { KeyCodec } from '../key-encoding.js';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { corruptChangelog, HASH_BYTES, RECORD_VERSION, ROW_RECORD } from './change-records.js';
import { RowCodec } from './row-codec.js';
import { RowHash } from './row-hash.js';
import type { StoreDefinition } from './store-definition.js';

/**
 * The rows of a store as records:
 *
 * - key: version, kind, store number (varint), partition (varint); the window's start for every layout but `key-value`, and its end for
 *   layout `session` (integers of `ByteWriter`); the key as `KeyCodec` encodes it;
 * - value: hash of the key and of what follows (8 bytes), version of the store's definition (varint), timestamp; the window's end for layouts
 *   `window` and `instant`; the row as `RowCodec` writes it.
 *
 * A key and a row are the same bytes whether they come from memory, from disk or from a record. The buffers are used again for each record.
 */
export class RowRecordCodec {
  readonly key = new ByteWriter();
  readonly value = new ByteWriter();
  /** Of the record that was encoded or decoded last. */
  readonly hash = new RowHash();
  /** Of the key that was read last: where its encoding begins. */
  keyAt = 0;
  partition = 0;
  windowStart = 0;
  windowEnd = 0;
  readonly #version: number;
  readonly #startInKey: boolean;
  readonly #endInKey: boolean;
  readonly #endInValue: boolean;
  readonly #rows: RowCodec;
  readonly #keys: KeyCodec;
  readonly #prefixLength: number;
  readonly #reader = new ByteReader();

  constructor(definition: StoreDefinition) {
    const { layout } = definition;
    this.#version = definition.version;
    this.#startInKey = layout !== 'key-value';
    this.#endInKey = layout === 'session';
    this.#endInValue = layout === 'window' || layout === 'instant';
    this.#rows = new RowCodec(definition.value.map((column) => column.type));
    this.#keys = new KeyCodec(definition.key.map((column) => column.type));
    this.key.byte(RECORD_VERSION);
    this.key.byte(ROW_RECORD);
    this.key.varint(definition.number);
    this.#prefixLength = this.key.length;
  }

  /** @param encodedKey the key as `KeyCodec` encodes it */
  encodeKey(entry: Entry, encodedKey: Uint8Array): void {
    const { key } = this;
    key.length = this.#prefixLength;
    key.varint(entry.partition);
    if (this.#startInKey) key.integer(entry.windowStart);
    if (this.#endInKey) key.integer(entry.windowEnd);
    key.copy(encodedKey);
  }

  /** After `encodeKey`, whose bytes the hash covers. */
  encodeValue(entry: Entry): void {
    const { key, value, hash } = this;
    value.length = HASH_BYTES;
    value.varint(this.#version);
    value.integer(entry.timestamp);
    if (this.#endInValue) value.integer(entry.windowEnd);
    this.#rows.write(value, entry.row);
    hash.compute(key.bytes, 0, key.length, value.bytes, HASH_BYTES, value.length);
    hash.write(value.bytes, 0);
  }

  /**
   * Reads a key: `keyAt` and what else it says. The key must be of this store, see `storeNumber`.
   * @throws SystemError `changelog-corrupt`
   */
  decodeKey(bytes: Buffer, start: number, end: number): void {
    const reader = this.#reader;
    reader.seek(bytes, start + this.#prefixLength);
    this.partition = reader.varint();
    this.windowStart = this.#startInKey ? (reader.integer() ?? 0) : 0;
    this.windowEnd = this.#endInKey ? (reader.integer() ?? 0) : 0;
    this.keyAt = reader.at;
    if (this.keyAt >= end) throw corruptChangelog('a key is cut off');
  }

  /**
   * Reads a value, after `decodeKey` of its key, and leaves its hash in `hash`.
   * @throws SystemError `changelog-corrupt` when the hash in the value is another, or the row is of another version.
   */
  decodeValue(bytes: Buffer, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): Entry {
    const { hash } = this;
    hash.compute(bytes, keyStart, keyEnd, bytes, valueStart + HASH_BYTES, valueEnd);
    if (valueEnd - valueStart <= HASH_BYTES || !hash.matches(bytes, valueStart)) {
      throw corruptChangelog('the hash of a row is not that of its bytes');
    }
    const key: Row = this.#keys.decode(bytes.subarray(this.keyAt, keyEnd));
    const reader = this.#reader;
    reader.seek(bytes, valueStart + HASH_BYTES);
    const version = reader.varint();
    if (version !== this.#version) {
      throw corruptChangelog(`a row has version ${version} of its store where version ${this.#version} is in force`);
    }
    const timestamp = reader.integer() ?? 0;
    if (this.#endInValue) this.windowEnd = reader.integer() ?? 0;
    const row = this.#rows.read(reader);
    return new Entry(key, this.windowStart, this.windowEnd, row, timestamp, undefined, true, this.partition);
  }
}

/** The number of the store that the key of a row record belongs to. */
export function storeNumber(bytes: Buffer, keyStart: number): number {
  numberReader.seek(bytes, keyStart + 2);
  return numberReader.varint();
}

const numberReader = new ByteReader();
