import { describe, expect, test } from 'vitest';
import { INTEGER, type SqlType, STRING } from '../../../../src/model/sql-type.js';
import type { Row } from '../../../../src/model/value.js';
import { Entry } from '../../../../src/state/entry.js';
import { KeyCodec, keyOrder } from '../../../../src/state/key-encoding.js';
import { WriteOrder } from '../../../../src/state/sqlite/write-order.js';

function orderOf(types: readonly SqlType[]): WriteOrder {
  const codec = new KeyCodec(types);
  const order = keyOrder(types);
  return new WriteOrder({
    groupOf: (entry) => entry.windowStart,
    encode: (key) => codec.encodeShared(key),
    compare: (a, b) => order(a.key, b.key),
  });
}

function entryOf(key: Row, windowStart = 0): Entry {
  return new Entry(key, windowStart, windowStart, [], 0, null, false, 0);
}

/** 0, 1, ... in an order that is far from sorted. */
function scattered(count: number): number[] {
  return Array.from({ length: count }, (_, i) => (i * 7_919) % count);
}

describe('write order', () => {
  test('is that of the keys when they differ soon after what they share', () => {
    const entries = scattered(5_000).map((n) => entryOf([`customer-${String(n).padStart(5, '0')}`]));
    const keys = orderOf([STRING])
      .arrange(entries)
      .map((entry) => entry.key[0] as string);
    expect(keys).toEqual([...keys].sort());
  });

  test('puts groups one after the other, and integers by size', () => {
    const entries = scattered(2_000).map((n) => entryOf([n - 1_000], n % 2));
    const arranged = orderOf([INTEGER]).arrange(entries);
    expect(arranged.map((entry) => entry.windowStart)).toEqual([
      ...new Array(1_000).fill(0),
      ...new Array(1_000).fill(1),
    ]);
    const first = arranged.slice(0, 1_000).map((entry) => entry.key[0] as number);
    expect(first).toEqual([...first].sort((a, b) => a - b));
  });

  test('compares where many keys share all that is looked at', () => {
    const entries = scattered(1_000).map((n) => entryOf([n % 2 === 0 ? 'some region' : 'other region', n]));
    const arranged = orderOf([STRING, INTEGER]).arrange(entries);
    expect(arranged.map((entry) => entry.key[1])).toEqual([
      ...Array.from({ length: 500 }, (_, i) => 2 * i + 1),
      ...Array.from({ length: 500 }, (_, i) => 2 * i),
    ]);
  });

  test('loses nobody and doubles nobody, flush after flush', () => {
    const order = orderOf([STRING]);
    const all = scattered(3_000).map((n) => entryOf([n % 500 === 0 ? `\u0001${n}` : `key-${n}`]));
    let seed = 1;
    for (let flush = 0; flush < 30; flush++) {
      const share = [1, 0.9, 0.01, 0.5][flush % 4]!;
      const some = all.filter(() => {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
        return seed / 2 ** 32 < share;
      });
      if (flush % 3 === 0) all.push(entryOf([`new-${flush}`]));
      const expected = new Set(some);
      const arranged = order.arrange(some.slice());
      expect(arranged.length).toBe(expected.size);
      expect(new Set(arranged)).toEqual(expected);
    }
    expect(order.arrange([])).toEqual([]);
  });

  test('entries of the last sorting come in its order, whatever order they arrive in', () => {
    const order = orderOf([STRING]);
    const sorted = order.arrange(scattered(500).map((n) => entryOf([`k${String(n).padStart(3, '0')}`])));
    const again = order.arrange([...sorted].reverse());
    expect(again.map((entry) => entry.key[0])).toEqual(sorted.map((entry) => entry.key[0]));
  });
});
