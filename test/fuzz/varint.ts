import type { Random } from '../simulation/random.js';

/** Seven bits a byte, the lowest first; negative numbers take ten bytes. */
export function varint(n: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(n));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** As {@link varint}, with the sign in the lowest bit. */
export function zigzag(n: number | bigint): Buffer {
  const value = BigInt(n);
  return varint((value << 1n) ^ (value >> 63n));
}

/** Ends of ranges. */
export const EXTREMES: readonly bigint[] = [7n, 15n, 31n, 32n, 35n, 53n, 62n, 63n].flatMap((bits) => [
  2n ** bits - 1n,
  2n ** bits,
  -(2n ** bits),
]);

/** More bytes than a number has. */
export const OVERLONG: readonly Buffer[] = [
  Buffer.from([0x80, 0x00]),
  Buffer.from([0xff, 0x80, 0x80, 0x80, 0x00]),
  Buffer.concat([Buffer.alloc(9, 0x80), Buffer.from([1])]),
  Buffer.concat([Buffer.alloc(10, 0x80), Buffer.from([1])]),
  Buffer.alloc(12, 0xff),
  Buffer.alloc(40, 0x80),
];

/** Small numbers for the most part. */
export function anyNumber(random: Random): bigint {
  return random.chance(0.8) ? BigInt(random.below(200) - 100) : random.pick(EXTREMES);
}

/** Numbers below the limit, each order of magnitude as often as another: most are small, and some as large as may be. */
export function anySize(random: Random, limit: number): number {
  return Math.floor(Math.max(1, limit) ** random.next()) - 1;
}
