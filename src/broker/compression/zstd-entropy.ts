import { damaged } from './output.js';

/*
 * The two entropy codes of Zstandard (RFC 8878, sections 4.1 and 4.2). Positions in bits count from the start of the input. Inputs have
 * some bytes of room around them (`ZstdInput`), so that a word can be read wherever a bit lies; what lies outside is found afterwards.
 */

/** Bytes that can be read before and after an input. */
const ROOM_BYTES = 16;
/** Of any code: those for the lengths of matches have most, 53. */
const SYMBOLS_MAX = 64;

/** What is unpacked: a copy of the input with room around it, which begins at `start`. */
export class ZstdInput {
  readonly bytes: Buffer;
  readonly words: DataView;
  readonly start = ROOM_BYTES;
  readonly end: number;

  constructor(bytes: Buffer) {
    this.end = ROOM_BYTES + bytes.length;
    this.bytes = Buffer.allocUnsafe(this.end + ROOM_BYTES);
    this.bytes.fill(0, 0, ROOM_BYTES);
    bytes.copy(this.bytes, ROOM_BYTES);
    this.bytes.fill(0, this.end);
    this.words = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
  }

  /** `count` bits (at most 25) from a position in bits. */
  bits(at: number, count: number): number {
    return (this.words.getUint32(at >>> 3, true) >>> (at & 7)) & ((1 << count) - 1);
  }

  /** Where the bits of a stream that is read backwards end: below the highest bit set in its last byte. */
  lastBit(start: number, end: number): number {
    const last = end > start ? this.bytes[end - 1]! : 0;
    if (last === 0) throw damaged('zstd', 'a stream of bits has no end');
    return end * 8 - 1 - (Math.clz32(last) - 24);
  }
}

/** A table of a finite state entropy code: by state the symbol, the bits to read, and what they are added to for the next state. */
export class FseTable {
  /** States are this many bits. */
  log = 0;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;
  /** By symbol: how many states it has, and which comes next. */
  readonly #counts = new Int16Array(SYMBOLS_MAX);
  readonly #next = new Uint16Array(SYMBOLS_MAX);

  constructor(readonly logMax: number) {
    this.symbols = new Uint8Array(1 << logMax);
    this.bits = new Uint8Array(1 << logMax);
    this.bases = new Uint16Array(1 << logMax);
  }

  static of(log: number, counts: readonly number[]): FseTable {
    const table = new FseTable(log);
    table.#counts.set(counts);
    table.#build(log, counts.length);
    return table;
  }

  /** The code of a single symbol, which takes no bits. */
  setSingle(symbol: number): void {
    this.log = 0;
    this.symbols[0] = symbol;
    this.bits[0] = 0;
    this.bases[0] = 0;
  }

  /** Reads how often each symbol is, from `start`; returns where that ends, in bytes. */
  read(input: ZstdInput, start: number, end: number, symbolMax: number): number {
    if (start >= end) throw damaged('zstd', 'a table is cut short');
    let at = start * 8;
    const log = input.bits(at, 4) + 5;
    at += 4;
    if (log > this.logMax) throw damaged('zstd', 'a table is too large');
    const counts = this.#counts;
    let remaining = 1 << log;
    let symbol = 0;
    while (remaining > 0) {
      if (symbol > symbolMax || at > end * 8) throw damaged('zstd', 'a table is not right');
      const width = 32 - Math.clz32(remaining + 1);
      const short = (1 << width) - 2 - remaining;
      let value = input.bits(at, width);
      const low = value & ((1 << (width - 1)) - 1);
      if (low < short) {
        value = low;
        at += width - 1;
      } else {
        if (value >= 1 << (width - 1)) value -= short;
        at += width;
      }
      const count = value - 1;
      counts[symbol++] = count;
      remaining -= count < 0 ? 1 : count;
      if (count === 0) {
        let repeat: number;
        do {
          repeat = input.bits(at, 2);
          at += 2;
          if (symbol + repeat > symbolMax + 1 || at > end * 8) throw damaged('zstd', 'a table is not right');
          for (let i = 0; i < repeat; i++) counts[symbol++] = 0;
        } while (repeat === 3);
      }
    }
    const after = (at + 7) >>> 3;
    if (remaining < 0 || after > end) throw damaged('zstd', 'a table is not right');
    this.#build(log, symbol);
    return after;
  }

  /** Lays out the states: rare symbols, counted -1, have one each at the end, the others are spread over the rest. */
  #build(log: number, symbols: number): void {
    const size = 1 << log;
    const counts = this.#counts;
    const next = this.#next;
    this.log = log;
    let high = size;
    for (let symbol = 0; symbol < symbols; symbol++) {
      const isRare = counts[symbol] === -1;
      if (isRare) this.symbols[--high] = symbol;
      next[symbol] = isRare ? 1 : counts[symbol]!;
    }
    const step = (size >>> 1) + (size >>> 3) + 3;
    let at = 0;
    for (let symbol = 0; symbol < symbols; symbol++) {
      for (let i = counts[symbol]!; i > 0; i--) {
        this.symbols[at] = symbol;
        do at = (at + step) & (size - 1);
        while (at >= high);
      }
    }
    for (let state = 0; state < size; state++) {
      const value = next[this.symbols[state]!]!++;
      const bits = log - (31 - Math.clz32(value));
      this.bits[state] = bits;
      this.bases[state] = (value << bits) - size;
    }
  }
}

const HUFFMAN_BITS_MAX = 11;
const WEIGHT_LOG_MAX = 6;
const SYMBOLS = 256;

/** A Huffman code of bytes: a table by the next bits of the stream. */
export class HuffmanTable {
  #log = 0;
  /** Symbol in the upper byte, bits it takes in the lower. */
  readonly #entries = new Uint16Array(1 << HUFFMAN_BITS_MAX);
  readonly #weights = new Uint8Array(SYMBOLS);
  /** By weight: where its entries go. */
  readonly #places = new Uint16Array(HUFFMAN_BITS_MAX + 1);
  readonly #weightTable = new FseTable(WEIGHT_LOG_MAX);

  /** Reads the weights of the symbols from `start`; returns where they end. */
  read(input: ZstdInput, start: number, end: number): number {
    if (start >= end) throw damaged('zstd', 'a table is cut short');
    const header = input.bytes[start]!;
    const packed = header < 128;
    const after = start + 1 + (packed ? header : (header - 126) >>> 1);
    if (after > end) throw damaged('zstd', 'a table is cut short');
    if (packed) {
      this.#build(this.#readWeights(input, start + 1, after));
    } else {
      const count = header - 127;
      for (let i = 0; i < count; i++) {
        const pair = input.bytes[start + 1 + (i >>> 1)]!;
        this.#weights[i] = i & 1 ? pair & 15 : pair >>> 4;
      }
      this.#build(count);
    }
    return after;
  }

  /** Weights of which two states take turns, until the bits are used up. */
  #readWeights(input: ZstdInput, start: number, end: number): number {
    const table = this.#weightTable;
    const first = table.read(input, start, end, HUFFMAN_BITS_MAX) * 8;
    let at = input.lastBit(first >>> 3, end) - table.log * 2;
    if (at < first) throw damaged('zstd', 'a table is cut short');
    let state = input.bits(at + table.log, table.log);
    let other = input.bits(at, table.log);
    let count = 0;
    for (;;) {
      // The last symbol of all is left out; two more are written below.
      if (count > SYMBOLS - 3) throw damaged('zstd', 'a table is not right');
      this.#weights[count++] = table.symbols[state]!;
      const bits = table.bits[state]!;
      if (at - bits < first) break;
      at -= bits;
      const next = table.bases[state]! + input.bits(at, bits);
      state = other;
      other = next;
    }
    this.#weights[count++] = table.symbols[other]!;
    return count;
  }

  /** The weight of the last symbol is what the others leave; long codes come first. */
  #build(given: number): void {
    const weights = this.#weights;
    const places = this.#places;
    places.fill(0);
    let sum = 0;
    for (let i = 0; i < given; i++) {
      const weight = weights[i]!;
      if (weight > HUFFMAN_BITS_MAX) throw damaged('zstd', 'a code is too long');
      const size = (1 << weight) >>> 1;
      sum += size;
      places[weight]! += size;
    }
    const log = 32 - Math.clz32(sum);
    const left = (1 << log) - sum;
    if (sum === 0 || log > HUFFMAN_BITS_MAX || (left & (left - 1)) !== 0) throw damaged('zstd', 'a table is not right');
    const last = 32 - Math.clz32(left);
    weights[given] = last;
    places[last]! += left;
    let place = 0;
    for (let weight = 1; weight <= log; weight++) {
      const size = places[weight]!;
      places[weight] = place;
      place += size;
    }
    this.#log = log;
    for (let symbol = 0; symbol <= given; symbol++) {
      const weight = weights[symbol]!;
      if (weight === 0) continue;
      const from = places[weight]!;
      const to = from + (1 << (weight - 1));
      this.#entries.fill((symbol << 8) | (log + 1 - weight), from, to);
      places[weight] = to;
    }
  }

  /** Unpacks the stream in `[start, end)`, read backwards, to `output[to, toEnd)`, which it must fill. */
  unpack(input: ZstdInput, start: number, end: number, output: Buffer, to: number, toEnd: number): void {
    const entries = this.#entries;
    const words = input.words;
    const log = this.#log;
    const mask = (1 << log) - 1;
    const first = start * 8;
    let at = input.lastBit(start, end);
    let out = to;
    // Two symbols a word, as long as both are there.
    const twice = log * 2;
    while (out + 1 < toEnd && at - twice >= first) {
      const from = at - twice;
      const word = words.getUint32(from >>> 3, true) >>> (from & 7);
      let entry = entries[(word >>> log) & mask]!;
      output[out++] = entry >>> 8;
      const bits = entry & 0xff;
      entry = entries[(word >>> (log - bits)) & mask]!;
      output[out++] = entry >>> 8;
      at -= bits + (entry & 0xff);
    }
    while (out < toEnd) {
      const from = at - log;
      const entry = entries[(words.getUint32(from >>> 3, true) >>> (from & 7)) & mask]!;
      at -= entry & 0xff;
      if (at < first) throw damaged('zstd', 'literals are cut short');
      output[out++] = entry >>> 8;
    }
    if (at !== first) throw damaged('zstd', 'literals are longer than they say');
  }
}
