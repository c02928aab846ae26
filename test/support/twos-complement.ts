/** Minimal big-endian bytes, the slow way. */
export function twosComplement(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 8n) {
    bytes.unshift(Number(BigInt.asUintN(8, rest)));
    if (rest >> 7n === 0n || rest >> 7n === -1n) return Buffer.from(bytes);
  }
}
