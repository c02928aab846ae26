import {
  ATTRIBUTES_AT,
  CONTROL_BIT,
  HEADER_BYTES,
  PRODUCER_ID_AT,
  readInt64,
  TRANSACTIONAL_BIT,
} from '../record-batch.js';
import type { AbortedTransaction } from './wire/fetch.js';

const ABORT = 0;
const LOW_ATTRIBUTES_AT = ATTRIBUTES_AT + 1;

/**
 * Tells the batches of one partition in one answer apart: those of committed transactions and of no transaction, and those that nobody may
 * see. A broker lists the aborted transactions in the order in which they ended, so that more than one may begin before a batch. The rule
 * is that of Kafka's own reader: a transaction counts as aborted from its first offset to its producer's abort marker; and a marker is
 * known by the control bit of its batch, whatever the keys of data look like.
 */
export class AbortFilter {
  /** Sorted by first offset. */
  readonly #transactions: readonly AbortedTransaction[];
  #begun = 0;
  readonly #producers = new Set<number>();

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#transactions = aborted.length < 2 ? aborted : [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  }

  /**
   * Whether the batch holds committed data. The batches of an answer are shown one by one, in order, each whole.
   * @param lastOffset of the batch
   */
  isCommittedData(bytes: Buffer, start: number, end: number, lastOffset: number): boolean {
    const attributes = bytes[start + LOW_ATTRIBUTES_AT]!;
    const isControl = (attributes & CONTROL_BIT) !== 0;
    if (this.#transactions.length === 0) return !isControl;
    this.#beginUpTo(lastOffset);
    if (isControl) {
      if (isAbortMarker(bytes, start, end)) this.#producers.delete(readInt64(bytes, start + PRODUCER_ID_AT));
      return false;
    }
    if ((attributes & TRANSACTIONAL_BIT) === 0) return true;
    return !this.#producers.has(readInt64(bytes, start + PRODUCER_ID_AT));
  }

  #beginUpTo(offset: number): void {
    const transactions = this.#transactions;
    while (this.#begun < transactions.length && transactions[this.#begun]!.firstOffset <= offset) {
      this.#producers.add(transactions[this.#begun++]!.producerId);
    }
  }
}

/** A marker is a record whose key is two 16-bit numbers: a version and the type. Control batches are never compressed. */
function isAbortMarker(bytes: Buffer, start: number, end: number): boolean {
  let at = start + HEADER_BYTES;
  at = pastVarint(bytes, at, end);
  at += 1;
  at = pastVarint(bytes, at, end);
  at = pastVarint(bytes, at, end);
  at = pastVarint(bytes, at, end);
  return at + 4 <= end && bytes.readInt16BE(at + 2) === ABORT;
}

function pastVarint(bytes: Buffer, at: number, end: number): number {
  while (at < end && bytes[at]! >= 0x80) at++;
  return at + 1;
}
