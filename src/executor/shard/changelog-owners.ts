import type { PartitionOffsets } from '../../broker/broker.js';
import { PRODUCER_ID_AT, readInt64 } from '../../broker/record-batch.js';
import { RecordBatchCursor } from '../../broker/record-batch-cursor.js';
import { type ChangelogSource, nextBatches, withReader } from './changelog-reader.js';
import { type ClaimRecord, decodeClaim, isClaimKey, isPositionKey } from './position-record.js';

/**
 * Whose records count in a changelog that is written without transactions. The order of the log decides, the same for all: from a claim on,
 * records of its producer count, until a claim of a higher generation; but not those that their owner left without a position record after
 * them, which the next owner's claim names.
 */
export class ChangelogOwners {
  /** The offset of the last position record that counts; -1 when there is none. */
  lastPosition = -1;
  /** Where changes begin that count and have no position record after them; -1 when there are none. */
  unclosed = -1;
  readonly #claims: { readonly offset: number; readonly claim: ClaimRecord }[] = [];

  /** The claim that holds at the end; null when there is none. */
  get current(): ClaimRecord | null {
    return this.#holderAt(Number.POSITIVE_INFINITY);
  }

  /** Whether the records of a batch count that lies among those read so far. */
  counts(batch: Buffer): boolean {
    const base = readInt64(batch, 0);
    for (const { claim } of this.#claims) {
      if (claim.leftover !== null && base >= claim.leftover.from && base < claim.leftover.to) return false;
    }
    const holder = this.#holderAt(base);
    return holder === null || holder.producerId === readInt64(batch, PRODUCER_ID_AT);
  }

  /** Reads on: a claim. A claim that names a leftover takes the place of the same claim before it, which compaction may have removed. */
  claimed(claim: ClaimRecord, offset: number): void {
    this.#claims.push({ offset: claim.leftover?.to ?? offset, claim });
    if (claim.leftover !== null && this.unclosed >= claim.leftover.from && this.unclosed < claim.leftover.to)
      this.unclosed = -1;
  }

  /** Reads on: a position record that counts. */
  closed(offset: number): void {
    this.lastPosition = offset;
    this.unclosed = -1;
  }

  /** Reads on: a change that counts. */
  changed(offset: number): void {
    if (this.unclosed < 0) this.unclosed = offset;
  }

  #holderAt(offset: number): ClaimRecord | null {
    let holder: ClaimRecord | null = null;
    for (const { offset: since, claim } of this.#claims) {
      if (since < offset && (holder === null || claim.generation > holder.generation)) holder = claim;
    }
    return holder;
  }
}

/** Reads a changelog partition for its owners. */
export async function readOwners(source: ChangelogSource, range: PartitionOffsets): Promise<ChangelogOwners> {
  const owners = new ChangelogOwners();
  if (range.start >= range.end) return owners;
  await withReader(source, range.start, async (reader, changed) => {
    const cursor = new RecordBatchCursor();
    while (reader.next < range.end) {
      for (const { bytes } of await nextBatches(source, reader, changed)) {
        cursor.reset(bytes);
        const counts = owners.counts(bytes);
        while (!cursor.isControl && cursor.next()) {
          const { offset, keyStart, keyEnd, valueStart, valueEnd } = cursor;
          if (offset >= range.end) break;
          if (isClaimKey(cursor.bytes, keyStart, keyEnd)) {
            owners.claimed(decodeClaim(cursor.bytes.subarray(valueStart, valueEnd)), offset);
          } else if (counts) {
            if (isPositionKey(cursor.bytes, keyStart, keyEnd)) owners.closed(offset);
            else owners.changed(offset);
          }
        }
      }
    }
  });
  return owners;
}
