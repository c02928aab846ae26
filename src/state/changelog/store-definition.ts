import type { StoreColumn } from '../state-store.js';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { corruptChangelog, DEFINITION_RECORD, HASH_BYTES, RECORD_VERSION } from './change-records.js';
import { RowHash } from './row-hash.js';

/**
 * How the rows of a store's table are ordered, and so which reads and deletions touch neighbours:
 *
 * | layout | primary key | for |
 * |---|---|---|
 * | `key-value` | key, partition | |
 * | `window` | window_start, key, partition | writes of one window are neighbours, old windows are a prefix |
 * | `instant` | segment, key, window_start, partition | one key over a range of time, in few places; old segments are a prefix |
 * | `session` | key, partition, window_start, window_end | all sessions of a key; indexed by window_end for dropping old ones |
 */
export type StoreLayout = 'key-value' | 'window' | 'instant' | 'session';

/** The columns of a store, as one version of them. */
export interface StoreShape {
  readonly layout: StoreLayout;
  readonly key: readonly StoreColumn[];
  readonly value: readonly StoreColumn[];
  /** Layout `instant`: the length of a segment of time in ms; else null. */
  readonly segmentMs: number | null;
}

/**
 * What a changelog has to say about a store before its rows, so that it can be folded without the plan. The number is the store's for good;
 * the version counts how often its columns have changed. A definition with a later version begins the store anew: all of its rows follow.
 */
export interface StoreDefinition extends StoreShape {
  readonly number: number;
  readonly version: number;
  /** The store's name in its plan. */
  readonly name: string;
}

/** Definitions as records: the key has number and version, the value a hash like those of rows, then JSON. */
export class DefinitionCodec {
  readonly key = new ByteWriter();
  readonly value = new ByteWriter();
  readonly #hash = new RowHash();

  encode(definition: StoreDefinition): void {
    const { number, version, name, layout, key, value, segmentMs } = definition;
    this.key.length = 0;
    this.key.byte(RECORD_VERSION);
    this.key.byte(DEFINITION_RECORD);
    this.key.varint(number);
    this.key.varint(version);
    const json = Buffer.from(JSON.stringify({ name, layout, key, value, segmentMs }));
    this.value.length = 0;
    this.value.skip(HASH_BYTES);
    this.value.copy(json);
    this.#hash.compute(this.key.bytes, 0, this.key.length, this.value.bytes, HASH_BYTES, this.value.length);
    this.#hash.write(this.value.bytes, 0);
  }

  /** @throws SystemError `changelog-corrupt` */
  decode(bytes: Buffer, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): StoreDefinition {
    if (valueStart < 0 || valueEnd - valueStart < HASH_BYTES)
      throw corruptChangelog('the definition of a store is empty');
    this.#hash.compute(bytes, keyStart, keyEnd, bytes, valueStart + HASH_BYTES, valueEnd);
    if (!this.#hash.matches(bytes, valueStart)) throw corruptChangelog('the definition of a store is damaged');
    const reader = new ByteReader();
    reader.seek(bytes, keyStart + 2);
    const number = reader.varint();
    const version = reader.varint();
    const shape = JSON.parse(bytes.toString('utf8', valueStart + HASH_BYTES, valueEnd)) as Omit<
      StoreDefinition,
      'number' | 'version'
    >;
    return { ...shape, number, version };
  }
}
