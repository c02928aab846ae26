import type { Fingerprint } from '../changelog/fingerprint.js';
import { RowRecordCodec } from '../changelog/row-record-codec.js';
import type { StoreDefinition } from '../changelog/store-definition.js';
import type { Entry } from '../entry.js';
import type { ChangeRecords } from '../state-store.js';

/** What the logs of all tables of a file share: where records go while a flush runs, and what the rows add up to. */
export interface LogState {
  records: ChangeRecords | null;
  readonly fingerprint: Fingerprint;
}

/** Turns the changes of one table into records, and keeps the fingerprint and the hashes of its entries. */
export class TableLog {
  readonly definition: StoreDefinition;
  readonly #codec: RowRecordCodec;
  readonly #state: LogState;

  constructor(definition: StoreDefinition, state: LogState) {
    this.definition = definition;
    this.#codec = new RowRecordCodec(definition);
    this.#state = state;
  }

  /** The entry is as it was read from disk: takes down the hash of its row. */
  know(entry: Entry, encodedKey: Buffer): void {
    const codec = this.#codec;
    codec.encodeKey(entry, encodedKey);
    codec.encodeValue(entry);
    entry.hashHigh = codec.hash.high;
    entry.hashLow = codec.hash.low;
  }

  /** The entry's row is being written. Its hash must be that of the row that it replaces. */
  put(entry: Entry, encodedKey: Buffer): void {
    const codec = this.#codec;
    const { key, value, hash } = codec;
    const { fingerprint } = this.#state;
    if (entry.hashHigh !== 0 || entry.hashLow !== 0) fingerprint.subtract(entry.hashHigh, entry.hashLow);
    codec.encodeKey(entry, encodedKey);
    codec.encodeValue(entry);
    fingerprint.add(hash.high, hash.low);
    entry.hashHigh = hash.high;
    entry.hashLow = hash.low;
    this.#state.records!.record(key.bytes, key.length, value.bytes, value.length, entry.timestamp);
  }

  /** The entry's row is being deleted. Its hash must be that of the row; where there is none, nothing is to tell. */
  remove(entry: Entry, encodedKey: Buffer): void {
    if (entry.hashHigh === 0 && entry.hashLow === 0) return;
    const { key } = this.#codec;
    this.#state.fingerprint.subtract(entry.hashHigh, entry.hashLow);
    entry.hashHigh = 0;
    entry.hashLow = 0;
    this.#codec.encodeKey(entry, encodedKey);
    this.#state.records!.record(key.bytes, key.length, null, 0, entry.timestamp);
  }
}
