import { assert } from '../../model/errors.js';
import { estimateBytes } from '../entry.js';
import type { KeyValueStore, SessionStore, StateStore, StoreSpec, TaskStores, WindowStore } from '../state-store.js';
import { MemoryKeyValueStore } from './memory-key-value-store.js';
import { MemorySessionStore } from './memory-session-store.js';
import { MemoryWindowStore } from './memory-window-store.js';

export type MemoryStore = MemoryKeyValueStore | MemoryWindowStore | MemorySessionStore;

/** Stores that live and die with the process: for transient queries and tests. Opening one costs a few objects. */
export class MemoryTaskStores implements TaskStores {
  /** By store name, then partition. */
  readonly #stores = new Map<string, Map<number, MemoryStore>>();

  open(spec: StoreSpec & { readonly kind: 'key-value' }, partition: number): KeyValueStore;
  open(spec: StoreSpec & { readonly kind: 'window' }, partition: number): WindowStore;
  open(spec: StoreSpec & { readonly kind: 'session' }, partition: number): SessionStore;
  open(spec: StoreSpec, partition: number): StateStore;
  open(spec: StoreSpec, partition: number): StateStore {
    let partitions = this.#stores.get(spec.name);
    if (partitions === undefined) {
      partitions = new Map();
      this.#stores.set(spec.name, partitions);
    }
    let store = partitions.get(partition);
    if (store === undefined) {
      store = createStore(spec, partition);
      partitions.set(partition, store);
    }
    assert(store.kind === spec.kind, `store "${spec.name}" is open as another kind`);
    return store;
  }

  /** The opened partitions of a store, in partition order; empty when it was never opened. */
  partitions(name: string): MemoryStore[] {
    const partitions = this.#stores.get(name);
    if (partitions === undefined) return [];
    return [...partitions].sort((a, b) => a[0] - b[0]).map(([, store]) => store);
  }

  flush(): void {}
  flushSucceeded(): void {}
  flushFailed(): void {}

  memoryUsage(): { readonly bytes: number; readonly dirtyBytes: number } {
    let bytes = 0;
    for (const partitions of this.#stores.values()) {
      for (const store of partitions.values()) bytes += estimateStore(store);
    }
    return { bytes, dirtyBytes: 0 };
  }

  drop(): void {
    for (const partitions of this.#stores.values()) {
      for (const store of partitions.values()) store.clear();
    }
    this.#stores.clear();
  }

  close(): void {
    this.drop();
  }
}

function createStore(spec: StoreSpec, partition: number): MemoryStore {
  switch (spec.kind) {
    case 'key-value':
      return new MemoryKeyValueStore(spec, partition);
    case 'window':
      return new MemoryWindowStore(spec, partition);
    case 'session':
      return new MemorySessionStore(spec, partition);
  }
}

/** Rows change in place without the store being told their size, so the size is judged by a sample when it is asked for. */
const SAMPLED_ENTRIES = 256;

function estimateStore(store: MemoryStore): number {
  const size = store.size;
  if (size === 0) return 0;
  let sampled = 0;
  let bytes = 0;
  for (const entry of store.entries()) {
    bytes += estimateBytes(entry.key, entry.row);
    if (++sampled === SAMPLED_ENTRIES) break;
  }
  return Math.round((bytes / sampled) * size);
}
