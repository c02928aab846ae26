import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameReader } from '../../../../src/broker/kafka/frame-reader.js';

const seed = Number(process.env.SEED ?? randomInt(2 ** 31));
const MIB = 1024 * 1024;

function frameOf(size: number, fill: number): Buffer {
  const frame = Buffer.alloc(4 + size, fill);
  frame.writeInt32BE(size);
  return frame;
}

/** Puts bytes into the room that the reader gives, at most so many at a time. */
function deliver(reader: FrameReader, bytes: Buffer, sizes: readonly number[]): void {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const room = reader.room();
    expect(room.length).toBeGreaterThan(0);
    const count = Math.min(room.length, bytes.length - at, sizes[i % sizes.length]!);
    bytes.copy(room, 0, at, at + count);
    reader.received(count);
    at += count;
  }
}

test(`frames come out as they went in, however they are cut (seed ${seed})`, () => {
  const sizes = fc.oneof(
    fc.integer({ min: 0, max: 40 }),
    fc.integer({ min: 65_520, max: 65_550 }),
    fc.nat({ max: 300_000 }),
  );
  fc.assert(
    fc.property(
      fc.array(sizes, { minLength: 1, maxLength: 12 }),
      fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1_000, max: 200_000 })), {
        minLength: 1,
        maxLength: 5,
      }),
      (lengths, pieces) => {
        const frames = lengths.map((length, i) => frameOf(length, i + 1));
        const found: Buffer[] = [];
        const reader = new FrameReader((frame) => found.push(frame));
        const bytes = Buffer.concat(frames);
        // Many small pieces of much are slow to no end.
        deliver(reader, bytes, bytes.length > 20_000 ? pieces.map((piece) => piece * 500) : pieces);
        // As late as this: what was handed over must not be written over.
        expect(found.map((frame, i) => frame.equals(frames[i]!))).toEqual(lengths.map(() => true));
      },
    ),
    { seed, numRuns: 200 },
  );
});

test('a frame that is larger than the room made at first is whole', () => {
  const found: Buffer[] = [];
  const reader = new FrameReader((frame) => found.push(frame));
  const frame = frameOf(40 * MIB, 7);
  deliver(reader, Buffer.concat([frame, frameOf(3, 1)]), [5 * MIB]);
  expect(found.map((each) => each.length)).toEqual([frame.length, 7]);
  expect(found[0]!.equals(frame)).toBe(true);
});

test('what claims to be huge gets room only as it comes', () => {
  const reader = new FrameReader(() => {});
  // The alert with which TLS answers to something else.
  deliver(reader, Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x50]), [7]);
  expect(reader.room().length).toBeLessThanOrEqual(16 * MIB);
});

test('a size below zero is no frame', () => {
  const reader = new FrameReader(() => {});
  expect(() => deliver(reader, Buffer.from([0xff, 0, 0, 0]), [4])).toThrow(RangeError);
});
