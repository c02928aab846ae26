import type { Random } from '../simulation/random.js';

/** Bytes with which formats end, continue or count; written over others they change what follows. */
const TELLING: readonly (readonly number[])[] = [
  [0],
  [1],
  [2],
  [0x7f],
  [0x80],
  [0xff],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
  [0xc0, 0xaf],
  [0xed, 0xa0, 0x80],
];
const CHANGES_MAX = 4;
const RANGE_MAX = 16;

/** A copy of the bytes with one to four changes, of the kinds that find faults in decoders: bits, bytes, pieces moved, doubled or missing, an early end. */
export function mutateBytes(random: Random, bytes: Uint8Array): Buffer {
  let changed: Buffer = Buffer.from(bytes);
  for (let changes = 1 + random.below(CHANGES_MAX); changes > 0; changes--) changed = change(random, changed);
  return changed;
}

function change(random: Random, bytes: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  const length = Math.min(1 + random.below(RANGE_MAX), bytes.length - at);
  const before = bytes.subarray(0, at);
  const after = bytes.subarray(at);
  switch (random.below(8)) {
    case 0:
      if (at < bytes.length) bytes[at]! ^= 1 << random.below(8);
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = random.below(256);
      return bytes;
    case 2: {
      const telling = Buffer.from(random.pick(TELLING));
      return Buffer.concat([before, telling, bytes.subarray(at + telling.length)]);
    }
    case 3:
      return Buffer.concat([before, Buffer.from(random.pick(TELLING)), after]);
    case 4:
      return Buffer.concat([before, bytes.subarray(at + length)]);
    case 5:
      return Buffer.concat([before, bytes.subarray(at, at + length), after]);
    case 6: {
      const from = random.below(bytes.length + 1);
      return Buffer.concat([before, bytes.subarray(from, from + length), bytes.subarray(at + length)]);
    }
    default:
      return Buffer.from(before);
  }
}
