import { BIGINT, STRING } from '../../model/sql-type.js';
import type { Row } from '../../model/value.js';
import type { KeyValueStore, StateEntry, StoreSpec } from '../../state/state-store.js';

/**
 * How far a windowed operator has come in event time. Kept beside the stores, so that after a restart the same records are late
 * and no window is emitted twice.
 */
export class Progress {
  /** Greatest timestamp that reached the operator, in ms; -1 before the first. */
  streamTime: number;
  /** With FINAL: windows that start, or sessions that end, at or before this have been emitted, in ms; -1 when none has. */
  closedUntil: number;
  readonly #entry: StateEntry;
  readonly #store: KeyValueStore;

  constructor(store: KeyValueStore, name: string) {
    const key: Row = [name];
    this.#store = store;
    this.#entry = store.get(key) ?? store.set(key, [-1, -1], 0);
    this.streamTime = this.#entry.row[0] as number;
    this.closedUntil = this.#entry.row[1] as number;
  }

  /** Brings the store up to date; before each commit. */
  save(): void {
    const entry = this.#entry;
    if (entry.row[0] === this.streamTime && entry.row[1] === this.closedUntil) return;
    // Eviction may have dropped the entry: a set finds or makes the one that counts.
    this.#store.set(entry.key, [this.streamTime, this.closedUntil], 0);
    entry.row[0] = this.streamTime;
    entry.row[1] = this.closedUntil;
  }
}

export const PROGRESS_STORE: StoreSpec & { readonly kind: 'key-value' } = {
  name: 'Stream-Time',
  kind: 'key-value',
  key: [{ name: 'OPERATOR', type: STRING }],
  value: [
    { name: 'STREAM_TIME', type: BIGINT },
    { name: 'CLOSED_UNTIL', type: BIGINT },
  ],
  retentionMs: null,
  windowSizeMs: null,
};
