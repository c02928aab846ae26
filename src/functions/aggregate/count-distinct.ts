import { arrayType, BIGINT, INTEGER, type SqlType } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import { type AggregateCode, CATEGORY, defineAggregate } from '../define.js';
import { valueHashOf } from '../value-hash.js';

const INDEX_BITS = 14;
const REGISTERS = 1 << INDEX_BITS;
const REGISTER_BITS = 5;
const REGISTERS_PER_INT = 6;
/** Length of a dense state: six five-bit registers an INT. */
const DENSE_LENGTH = Math.ceil(REGISTERS / REGISTERS_PER_INT);
/** A shorter state is the sorted list of the hashes seen, which is exact but for colliding hashes. */
const SPARSE_MAX = 1024;
const ALPHA = 0.7213 / (1 + 1.079 / REGISTERS);
const HASHES = 2 ** 32;

function isDense(state: readonly number[]): boolean {
  return state.length === DENSE_LENGTH;
}

function register(state: readonly number[], index: number): number {
  const shift = REGISTER_BITS * (index % REGISTERS_PER_INT);
  return (state[Math.floor(index / REGISTERS_PER_INT)]! >>> shift) & 31;
}

function raise(state: number[], index: number, rank: number): void {
  const cell = Math.floor(index / REGISTERS_PER_INT);
  const shift = REGISTER_BITS * (index % REGISTERS_PER_INT);
  const held = state[cell]!;
  if (((held >>> shift) & 31) < rank) state[cell] = (held & ~(31 << shift)) | (rank << shift);
}

/** The leading bits of a hash choose the register; it keeps the longest run of zeros in front of the other bits. */
function addDense(state: number[], hash: number): void {
  const rest = (hash << INDEX_BITS) | (1 << (INDEX_BITS - 1));
  raise(state, hash >>> (32 - INDEX_BITS), Math.clz32(rest) + 1);
}

function toDense(sparse: readonly number[]): number[] {
  const dense = new Array<number>(DENSE_LENGTH).fill(0);
  for (const hash of sparse) addDense(dense, hash);
  return dense;
}

function addHash(state: number[], hash: number): number[] {
  if (isDense(state)) {
    addDense(state, hash);
    return state;
  }
  let low = 0;
  let high = state.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (state[middle]! < hash) low = middle + 1;
    else high = middle;
  }
  if (state[low] === hash) return state;
  state.splice(low, 0, hash);
  return state.length > SPARSE_MAX ? toDense(state) : state;
}

function mergeStates(a: number[], b: number[]): number[] {
  if (!isDense(b)) return b.reduce(addHash, a);
  if (!isDense(a)) return a.reduce(addHash, b);
  for (let index = 0; index < REGISTERS; index++) raise(a, index, register(b, index));
  return a;
}

function estimate(state: readonly number[]): number {
  if (!isDense(state)) return state.length;
  let sum = 0;
  let zeros = 0;
  for (let index = 0; index < REGISTERS; index++) {
    const rank = register(state, index);
    sum += 2 ** -rank;
    if (rank === 0) zeros++;
  }
  const raw = (ALPHA * REGISTERS * REGISTERS) / sum;
  if (raw <= 2.5 * REGISTERS && zeros > 0) return Math.round(REGISTERS * Math.log(REGISTERS / zeros));
  return Math.round(raw <= HASHES / 30 ? raw : -HASHES * Math.log(1 - raw / HASHES));
}

function bindCountDistinct(type: SqlType): AggregateCode {
  const hashOf = valueHashOf(type);
  return {
    stateType: arrayType(INTEGER),
    resultType: BIGINT,
    resultIsState: false,
    initial: () => [],
    add: (state, value) => (value === null ? state : addHash(state as number[], hashOf(value as SqlValue))),
    merge: (a, b) => mergeStates(a as number[], b as number[]),
    result: (state) => estimate(state as number[]),
  };
}

export const COUNT_DISTINCT = defineAggregate({
  name: 'COUNT_DISTINCT',
  displayName: 'count_distinct',
  category: CATEGORY.aggregate,
  description: `The number of distinct values, nulls left out: exact up to about ${SPARSE_MAX}, then estimated within one or two percent (HyperLogLog).`,
  examples: [{ sql: 'COUNT_DISTINCT(value)', result: '3' }],
  variants: [{ signature: '(val T) -> BIGINT', tableCapable: false, bind: (types) => bindCountDistinct(types[0]!) }],
});
