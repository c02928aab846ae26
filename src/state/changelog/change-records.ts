import { SystemError } from '../../model/errors.js';

/**
 * What the second byte of a key says the record is about, after the version of the format:
 *
 * | kind | key | value |
 * |---|---|---|
 * | `ROW_RECORD` | see `RowRecordCodec` | the row; a tombstone when it is deleted |
 * | `DEFINITION_RECORD` | store number, version | how rows of that version are to be read; see `StoreDefinition` |
 *
 * Kinds from 2 on are no state: whoever owns the changelog says with them how far it is.
 */
export type RecordKind = 0 | 1;
export const ROW_RECORD: RecordKind = 0;
export const DEFINITION_RECORD: RecordKind = 1;

/** The version of the format: the first byte of every key. */
export const RECORD_VERSION = 1;
/** Where a value's content begins: behind the hash of key and content. */
export const HASH_BYTES = 8;

/**
 * The kind of a record of state, by its key.
 * @throws SystemError `changelog-corrupt` when it is none.
 */
export function recordKind(bytes: Buffer, keyStart: number, keyEnd: number): RecordKind {
  if (keyEnd - keyStart >= 2 && bytes[keyStart] === RECORD_VERSION) {
    const kind = bytes[keyStart + 1]!;
    if (kind <= DEFINITION_RECORD) return kind as RecordKind;
  }
  throw corruptChangelog('a key begins like none of a row or a store');
}

export function corruptChangelog(what: string): SystemError {
  return new SystemError(`the changelog cannot be read: ${what}`, {
    code: 'changelog-corrupt',
    hint: 'check that the topic is written by this program alone; a query that was dropped and created again makes a new changelog',
  });
}
