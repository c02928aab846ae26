import { assert } from '../../model/errors.js';
import type { Window } from '../../model/record.js';
import type { Row } from '../../model/value.js';
import type { KeyValueStore, SessionStore, StateEntry, StoreSpec, WindowStore } from '../../state/state-store.js';
import type { OperatorBuilder } from './operator-builder.js';

/** One row a key, or a key and window: the three kinds of store in one shape, for tables. */
export interface RowStore {
  get(key: Row, window: Window | null): StateEntry | null;
  /** Takes over `row`. */
  set(key: Row, window: Window | null, row: Row, timestamp: number): StateEntry;
  /** Declares that a gotten entry was changed in place. */
  put(entry: StateEntry): void;
  delete(key: Row, window: Window | null): void;
  /** Drops windows that are older than the retention at this stream time. */
  expire(streamTime: number): void;
}

/** Opens the store that a table step declares; windowed keys need a window or session store. */
export function openRowStore(spec: StoreSpec, builder: OperatorBuilder): RowStore {
  switch (spec.kind) {
    case 'key-value':
      return new KeyedRows(builder.store({ ...spec, kind: 'key-value' }));
    case 'window':
      return new WindowedRows(builder.store({ ...spec, kind: 'window' }), spec.retentionMs);
    case 'session':
      return new SessionRows(builder.store({ ...spec, kind: 'session' }), spec.retentionMs);
  }
}

class KeyedRows implements RowStore {
  readonly #store: KeyValueStore;

  constructor(store: KeyValueStore) {
    this.#store = store;
  }

  get(key: Row): StateEntry | null {
    return this.#store.get(key);
  }

  set(key: Row, _window: Window | null, row: Row, timestamp: number): StateEntry {
    return this.#store.set(key, row, timestamp);
  }

  put(entry: StateEntry): void {
    this.#store.put(entry);
  }

  delete(key: Row): void {
    this.#store.delete(key);
  }

  expire(): void {}
}

class WindowedRows implements RowStore {
  readonly #store: WindowStore;
  readonly #retentionMs: number | null;

  constructor(store: WindowStore, retentionMs: number | null) {
    this.#store = store;
    this.#retentionMs = retentionMs;
  }

  get(key: Row, window: Window | null): StateEntry | null {
    return this.#store.get(key, windowOf(window).start);
  }

  set(key: Row, window: Window | null, row: Row, timestamp: number): StateEntry {
    const { start, end } = windowOf(window);
    return this.#store.set(key, start, end, row, timestamp);
  }

  put(entry: StateEntry): void {
    this.#store.put(entry);
  }

  delete(key: Row, window: Window | null): void {
    this.#store.delete(key, windowOf(window).start);
  }

  expire(streamTime: number): void {
    if (this.#retentionMs !== null) this.#store.expire(streamTime - this.#retentionMs);
  }
}

class SessionRows implements RowStore {
  readonly #store: SessionStore;
  readonly #retentionMs: number | null;

  constructor(store: SessionStore, retentionMs: number | null) {
    this.#store = store;
    this.#retentionMs = retentionMs;
  }

  get(key: Row, window: Window | null): StateEntry | null {
    const { start, end } = windowOf(window);
    return sessionIn(this.#store, key, start, end);
  }

  set(key: Row, window: Window | null, row: Row, timestamp: number): StateEntry {
    const { start, end } = windowOf(window);
    return this.#store.set(key, start, end, row, timestamp);
  }

  put(entry: StateEntry): void {
    this.#store.put(entry);
  }

  delete(key: Row, window: Window | null): void {
    const { start, end } = windowOf(window);
    this.#store.delete(key, start, end);
  }

  expire(streamTime: number): void {
    if (this.#retentionMs !== null) this.#store.expire(streamTime - this.#retentionMs);
  }
}

/** The session with exactly these bounds. */
export function sessionIn(store: SessionStore, key: Row, start: number, end: number): StateEntry | null {
  for (const entry of store.find(key, end, start)) {
    if (entry.windowStart === start && entry.windowEnd === end) return entry;
  }
  return null;
}

function windowOf(window: Window | null): Window {
  assert(window !== null, 'a table with windows is written and read by windows');
  return window;
}
