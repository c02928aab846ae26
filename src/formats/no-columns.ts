import type { Deserializer, Serializer } from './format.js';

/** Reads a key of which no column is wanted to exist: the bytes may be anything. */
export const ignoredBytes: Deserializer = { scan: () => true, read: [] };

/** Writes a key that has no columns: always null. */
export const nothing: Serializer = { write: () => false };
