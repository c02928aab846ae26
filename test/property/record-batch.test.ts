import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checksumMatches } from '../../src/broker/record-batch.js';
import { RecordBatchBuilder } from '../../src/broker/record-batch-builder.js';
import { RecordBatchCursor } from '../../src/broker/record-batch-cursor.js';
import { SystemError } from '../../src/model/errors.js';
import type { RecordHeader } from '../../src/model/record.js';

interface Written {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 80 }),
  fc.nat(20_000).map((length) => new Uint8Array(length).fill(length)),
);
const nullable = fc.option(
  bytes.map((b) => Buffer.from(b)),
  { freq: 4 },
);
const header = fc.record({ key: fc.string({ unit: 'grapheme', maxLength: 10 }), value: nullable });
const timestamp = fc.oneof(
  fc.integer(),
  fc.integer({ min: 1_600_000_000_000, max: 1_800_000_000_000 }),
  fc.constantFrom(-1, 0, 2 ** 31, -(2 ** 31), 2 ** 52, 64 * 2 ** 35),
);
const batch = fc
  .array(
    fc.record({
      gap: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 100_000 })),
      timestamp,
      key: nullable,
      value: nullable,
      headers: fc.array(header, { maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((records) => {
    let offset = -1;
    return records.map(({ gap, ...record }): Written => ({ ...record, offset: (offset += gap) }));
  });

const builder = new RecordBatchBuilder(256);

function write(records: readonly Written[]): Buffer {
  for (const record of records) {
    builder.begin(record.timestamp, record.offset);
    if (record.key !== null) builder.copyFrom(record.key, 0, record.key.length);
    builder.endKey(record.key === null);
    if (record.value !== null) builder.copyFrom(record.value, 0, record.value.length);
    builder.endValue(record.value === null);
    builder.end(record.headers);
  }
  return builder.finish();
}

function read(bytes: Buffer): Written[] {
  const cursor = new RecordBatchCursor();
  const records: Written[] = [];
  const slice = (start: number, end: number) => {
    if (start < 0) return null;
    if (end < start || end > cursor.bytes.length) throw new Error(`range ${start}-${end} is outside the batch`);
    return cursor.bytes.subarray(start, end);
  };
  cursor.reset(bytes);
  while (cursor.next()) {
    records.push({
      offset: cursor.offset,
      timestamp: cursor.timestamp,
      key: slice(cursor.keyStart, cursor.keyEnd),
      value: slice(cursor.valueStart, cursor.valueEnd),
      headers: cursor.headers(),
    });
  }
  return records;
}

/** One text for all: comparing buffers element by element takes seconds. */
function printed(records: readonly Written[]): string {
  const text = (bytes: Buffer | null) => bytes?.toString('latin1') ?? null;
  return JSON.stringify(
    records.map(({ offset, timestamp, key, value, headers }) => [
      offset,
      timestamp,
      text(key),
      text(value),
      headers.map((h) => [h.key, text(h.value)]),
    ]),
  );
}

it('what is written is read', () => {
  fc.assert(
    fc.property(batch, (records) => {
      const written = write(records);
      expect(checksumMatches(written)).toBe(true);
      expect(printed(read(written))).toBe(printed(records));
    }),
    { numRuns: 150 },
  );
});

it('changed or cut bytes are read or refused, never more than that', () => {
  fc.assert(
    fc.property(
      batch,
      fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), { maxLength: 4 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.boolean(),
      (records, changes, cut, isCut) => {
        const whole = write(records);
        // The last bytes of a larger buffer, so that a read past the end would meet other bytes.
        const size = isCut ? Math.floor(whole.length * cut) : whole.length;
        const surrounded = Buffer.alloc(size + 64, 0x01);
        whole.copy(surrounded, 0, 0, size);
        const changed = surrounded.subarray(0, size);
        for (const [where, value] of changes) changed[Math.min(size - 1, Math.floor(where * size))] = value;
        try {
          read(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(SystemError);
        }
      },
    ),
    { numRuns: 600 },
  );
});

it('any cut of a batch is refused', () => {
  const whole = write([
    { offset: 0, timestamp: 5, key: Buffer.from('k'), value: Buffer.from('v'), headers: [{ key: 'h', value: null }] },
    { offset: 1, timestamp: 6, key: null, value: Buffer.alloc(100), headers: [] },
  ]);
  for (let size = 0; size < whole.length; size++) {
    expect(() => read(whole.subarray(0, size))).toThrow(SystemError);
    if (size < 61) continue;
    // The same with a length that agrees with the cut.
    const cut = Buffer.from(whole.subarray(0, size));
    cut.writeInt32BE(size - 12, 8);
    expect(() => read(cut)).toThrow(SystemError);
  }
});
