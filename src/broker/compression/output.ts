import { corruptBatch } from '../record-batch.js';

/** Copying fewer bytes one by one is cheaper than a call into the runtime. */
const CALL_BYTES = 48;
/** A period shorter than this is first repeated byte by byte: it would take many calls that double it. */
const PERIOD_BYTES = 16;

/**
 * Room for unpacked bytes that grows with what is really there, never past its limit: what the input says about its size is a hint
 * at most. Write at `length` after `reserve`, then move `length`.
 */
export class Output {
  bytes: Buffer;
  length = 0;
  readonly #codec: string;
  readonly #bytesMax: number;

  /** @param expected bytes to begin with; a good guess saves copies */
  constructor(codec: string, bytesMax: number, expected: number) {
    this.#codec = codec;
    this.#bytesMax = bytesMax;
    this.bytes = Buffer.allocUnsafe(Math.min(bytesMax, expected));
  }

  /** Bytes that may still come. */
  get left(): number {
    return this.#bytesMax - this.length;
  }

  /** Makes room for `n` bytes at `length`; may replace `bytes`. @throws SystemError `corrupt-batch` past the limit */
  reserve(n: number): void {
    const needed = this.length + n;
    if (needed <= this.bytes.length) return;
    if (needed > this.#bytesMax) throw tooLarge(this.#codec, this.#bytesMax);
    const larger = Buffer.allocUnsafe(Math.min(this.#bytesMax, Math.max(needed, this.bytes.length * 2)));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  finish(): Buffer {
    return this.bytes.subarray(0, this.length);
  }
}

/** Copies `length` bytes between two buffers. The caller has checked both ends. */
export function copyBytes(source: Buffer, from: number, target: Buffer, to: number, length: number): void {
  if (length > CALL_BYTES) source.copy(target, to, from, from + length);
  else for (let i = 0; i < length; i++) target[to + i] = source[from + i]!;
}

/**
 * Repeats what lies `distance` bytes before `to`, as matches do: a match longer than its distance repeats itself. The caller has checked
 * that 0 < distance <= to, and that `length` bytes fit.
 */
export function copyMatch(bytes: Buffer, to: number, distance: number, length: number): void {
  const from = to - distance;
  if (length <= CALL_BYTES) {
    for (let i = 0; i < length; i++) bytes[to + i] = bytes[from + i]!;
    return;
  }
  const end = to + length;
  if (distance === 1) {
    bytes.fill(bytes[from]!, to, end);
    return;
  }
  let at = to;
  // What is repeated stays a whole number of periods.
  if (distance < PERIOD_BYTES) {
    const periods = to + distance * Math.ceil(PERIOD_BYTES / distance);
    for (; at < periods; at++) bytes[at] = bytes[at - distance]!;
  }
  while (at < end) {
    const step = Math.min(at - from, end - at);
    bytes.copyWithin(at, from, from + step);
    at += step;
  }
}

export function damaged(codec: string, why: string): Error {
  return corruptBatch(`its records do not unpack with ${codec}: ${why}`);
}

export function tooLarge(codec: string, bytesMax: number): Error {
  return damaged(codec, `they are more than ${bytesMax} bytes`);
}
