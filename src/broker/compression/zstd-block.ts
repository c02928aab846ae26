import { copyBytes, copyMatch, damaged, type Output } from './output.js';
import { FseTable, HuffmanTable, type ZstdInput } from './zstd-entropy.js';

/** Bytes that a block may hold once unpacked, whatever the frame says. */
export const ZSTD_BLOCK_BYTES_MAX = 128 * 1024;

/* RFC 8878, section 3.1.1.3.2.1.1: by code, the bits that follow and what they are added to. */
const LITERAL_BITS = bytesOf('0000000000000000111122334678', 9, 16);
const MATCH_BITS = bytesOf('000000000000000000000000000000001111223344578', 9, 16);
const LITERAL_BASES = basesOf(LITERAL_BITS, 0);
const MATCH_BASES = basesOf(MATCH_BITS, 3);
/** Larger distances are beyond any window that is accepted. */
const DISTANCE_CODE_MAX = 27;

/* Section 3.1.1.3.2.2: the tables that need not be sent. */
const LITERALS_DEFAULT = FseTable.of(
  6,
  [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1],
);
const MATCHES_DEFAULT = FseTable.of(6, [
  ...[1, 4, 3, 2, 2, 2, 2, 2, 2],
  ...new Array<number>(37).fill(1),
  ...new Array<number>(7).fill(-1),
]);
const DISTANCES_DEFAULT = FseTable.of(
  5,
  [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
);

/** The digits, and then all numbers from `first` to `last`. */
function bytesOf(digits: string, first: number, last: number): Uint8Array {
  const rest = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  return Uint8Array.from([...[...digits].map(Number), ...rest]);
}

function basesOf(bits: Uint8Array, first: number): Uint32Array {
  let base = first;
  return Uint32Array.from(bits, (width) => {
    const value = base;
    base += 2 ** width;
    return value;
  });
}

/** One of the three codes of sequences: the table in use, and the room for one that is sent. */
class SequenceCode {
  current: FseTable | null = null;
  readonly #own: FseTable;

  constructor(
    readonly standard: FseTable,
    logMax: number,
    readonly symbolMax: number,
  ) {
    this.#own = new FseTable(logMax);
  }

  /** Chooses the table as the mode says; returns where what was sent ends. */
  choose(mode: number, input: ZstdInput, at: number, end: number): number {
    switch (mode) {
      case 0:
        this.current = this.standard;
        return at;
      case 1: {
        if (at >= end) throw damaged('zstd', 'a block is cut short');
        const symbol = input.bytes[at]!;
        if (symbol > this.symbolMax) throw damaged('zstd', 'a table is not right');
        this.#own.setSingle(symbol);
        this.current = this.#own;
        return at + 1;
      }
      case 2:
        this.current = null;
        at = this.#own.read(input, at, end, this.symbolMax);
        this.current = this.#own;
        return at;
      default:
        if (this.current === null) throw damaged('zstd', 'a table is used that was not sent');
        return at;
    }
  }
}

/** Unpacks the compressed blocks of one frame after the other. The tables are kept between frames, their contents are not. */
export class ZstdBlocks {
  readonly #literalCode = new SequenceCode(LITERALS_DEFAULT, 9, LITERAL_BITS.length - 1);
  readonly #distanceCode = new SequenceCode(DISTANCES_DEFAULT, 8, 31);
  readonly #matchCode = new SequenceCode(MATCHES_DEFAULT, 9, MATCH_BITS.length - 1);
  readonly #huffman = new HuffmanTable();
  readonly #unpackedLiterals = Buffer.alloc(ZSTD_BLOCK_BYTES_MAX);

  #hasHuffman = false;
  /** The last three distances. */
  #recent0 = 1;
  #recent1 = 4;
  #recent2 = 8;

  /** The literals of the block at hand: where they lie. */
  #literals: Buffer = this.#unpackedLiterals;
  #literalsAt = 0;
  #literalsEnd = 0;

  /** Forgets what the blocks of the last frame left. */
  beginFrame(): void {
    this.#literalCode.current = this.#distanceCode.current = this.#matchCode.current = null;
    this.#hasHuffman = false;
    this.#recent0 = 1;
    this.#recent1 = 4;
    this.#recent2 = 8;
  }

  /**
   * Unpacks the block in `[start, end)` of the input to the end of `output`.
   * @param floor where the frame begins in the output: no match reaches further back
   * @param bytesMax what a block of the frame may hold
   */
  unpack(input: ZstdInput, start: number, end: number, output: Output, floor: number, bytesMax: number): void {
    const room = Math.min(bytesMax, output.left);
    output.reserve(room);
    const targetEnd = output.length + room;
    let at = this.#readLiterals(input, start, end, room);
    if (at >= end) throw damaged('zstd', 'a block is cut short');

    const bytes = input.bytes;
    let count = bytes[at++]!;
    if (count >= 128) {
      const wide = count === 255;
      if (at + (wide ? 2 : 1) > end) throw damaged('zstd', 'a block is cut short');
      if (wide) {
        count = bytes[at]! + bytes[at + 1]! * 256 + 0x7f00;
        at += 2;
      } else {
        count = (count - 128) * 256 + bytes[at++]!;
      }
    }
    if (count > 0) {
      if (at >= end) throw damaged('zstd', 'a block is cut short');
      const modes = bytes[at++]!;
      if (modes & 3) throw damaged('zstd', 'a reserved bit is set');
      at = this.#literalCode.choose(modes >>> 6, input, at, end);
      at = this.#distanceCode.choose((modes >>> 4) & 3, input, at, end);
      at = this.#matchCode.choose((modes >>> 2) & 3, input, at, end);
      this.#runSequences(input, at, end, count, output, floor, targetEnd);
    } else if (at !== end) {
      throw damaged('zstd', 'a block is longer than its parts');
    }

    const rest = this.#literalsEnd - this.#literalsAt;
    if (rest > targetEnd - output.length) throw damaged('zstd', 'a block holds more than it may');
    copyBytes(this.#literals, this.#literalsAt, output.bytes, output.length, rest);
    output.length += rest;
  }

  /** Reads the section of literals; returns where it ends. */
  #readLiterals(input: ZstdInput, start: number, end: number, room: number): number {
    const bytes = input.bytes;
    if (start >= end) throw damaged('zstd', 'a block is cut short');
    const first = bytes[start]!;
    const kind = first & 3;
    const format = (first >>> 2) & 3;
    if (kind < 2) {
      const headerBytes = format === 1 ? 2 : format === 3 ? 3 : 1;
      const shift = headerBytes === 1 ? 3 : 4;
      const size = (input.words.getUint32(start, true) & (2 ** (8 * headerBytes) - 1)) >>> shift;
      const at = start + headerBytes;
      const stored = kind === 0 ? size : 1;
      if (at + stored > end) throw damaged('zstd', 'literals are cut short');
      if (size > room) throw damaged('zstd', 'a block holds more than it may');
      if (kind === 0) {
        this.#literals = bytes;
        this.#literalsAt = at;
      } else {
        this.#literals = this.#unpackedLiterals;
        this.#literals.fill(bytes[at]!, 0, size);
        this.#literalsAt = 0;
      }
      this.#literalsEnd = this.#literalsAt + size;
      return at + stored;
    }

    const headerBytes = format < 2 ? 3 : format + 2;
    const width = format < 2 ? 10 : format === 2 ? 14 : 18;
    const header = input.words.getUint32(start, true) + bytes[start + 4]! * 2 ** 32;
    const size = Math.floor(header / 16) % 2 ** width;
    const packed = Math.floor(header / 2 ** (4 + width)) % 2 ** width;
    let at = start + headerBytes;
    const sectionEnd = at + packed;
    if (sectionEnd > end) throw damaged('zstd', 'literals are cut short');
    if (size > room) throw damaged('zstd', 'a block holds more than it may');
    if (kind === 2) {
      this.#hasHuffman = false;
      at = this.#huffman.read(input, at, sectionEnd);
      this.#hasHuffman = true;
    } else if (!this.#hasHuffman) {
      throw damaged('zstd', 'a table is used that was not sent');
    }
    const target = this.#unpackedLiterals;
    if (format === 0) this.#huffman.unpack(input, at, sectionEnd, target, 0, size);
    else this.#unpackFourStreams(input, at, sectionEnd, target, size);
    this.#literals = target;
    this.#literalsAt = 0;
    this.#literalsEnd = size;
    return sectionEnd;
  }

  #unpackFourStreams(input: ZstdInput, start: number, end: number, target: Buffer, size: number): void {
    const quarter = (size + 3) >>> 2;
    if (start + 6 > end || quarter * 3 > size) throw damaged('zstd', 'literals are cut short');
    const bytes = input.bytes;
    let at = start + 6;
    for (let i = 0; i < 4; i++) {
      const length = i < 3 ? bytes[start + i * 2]! + bytes[start + i * 2 + 1]! * 256 : end - at;
      if (length > end - at) throw damaged('zstd', 'literals are cut short');
      this.#huffman.unpack(input, at, at + length, target, i * quarter, i < 3 ? (i + 1) * quarter : size);
      at += length;
    }
  }

  #runSequences(
    input: ZstdInput,
    start: number,
    end: number,
    count: number,
    output: Output,
    floor: number,
    targetEnd: number,
  ): void {
    const literalTable = this.#literalCode.current!;
    const distanceTable = this.#distanceCode.current!;
    const matchTable = this.#matchCode.current!;
    const literals = this.#literals;
    const literalsEnd = this.#literalsEnd;
    const target = output.bytes;
    const first = start * 8;
    let literalsAt = this.#literalsAt;
    let recent0 = this.#recent0;
    let recent1 = this.#recent1;
    let recent2 = this.#recent2;
    let to = output.length;

    let at = input.lastBit(start, end);
    at -= literalTable.log;
    let literalState = input.bits(at, literalTable.log);
    at -= distanceTable.log;
    let distanceState = input.bits(at, distanceTable.log);
    at -= matchTable.log;
    let matchState = input.bits(at, matchTable.log);

    for (let left = count; left > 0; left--) {
      const distanceCode = distanceTable.symbols[distanceState]!;
      const matchCode = matchTable.symbols[matchState]!;
      const literalCode = literalTable.symbols[literalState]!;
      if (distanceCode > DISTANCE_CODE_MAX) throw damaged('zstd', 'a match begins before the data');

      let upper = 0;
      let width = distanceCode;
      if (width > 16) {
        width -= 16;
        at -= width;
        upper = input.bits(at, width) * 65536;
        width = 16;
      }
      at -= width;
      const value = 2 ** distanceCode + upper + input.bits(at, width);
      width = MATCH_BITS[matchCode]!;
      at -= width;
      const matchLength = MATCH_BASES[matchCode]! + input.bits(at, width);
      width = LITERAL_BITS[literalCode]!;
      at -= width;
      const literalLength = LITERAL_BASES[literalCode]! + input.bits(at, width);

      let distance: number;
      if (value > 3) {
        distance = value - 3;
        recent2 = recent1;
        recent1 = recent0;
        recent0 = distance;
      } else {
        const index = literalLength === 0 ? value + 1 : value;
        if (index === 1) {
          distance = recent0;
        } else {
          distance = index === 2 ? recent1 : index === 3 ? recent2 : recent0 - 1;
          if (index !== 2) recent2 = recent1;
          recent1 = recent0;
          recent0 = distance;
        }
      }

      if (left > 1) {
        width = literalTable.bits[literalState]!;
        at -= width;
        literalState = literalTable.bases[literalState]! + input.bits(at, width);
        width = matchTable.bits[matchState]!;
        at -= width;
        matchState = matchTable.bases[matchState]! + input.bits(at, width);
        width = distanceTable.bits[distanceState]!;
        at -= width;
        distanceState = distanceTable.bases[distanceState]! + input.bits(at, width);
      }
      if (at < first) throw damaged('zstd', 'sequences are cut short');

      if (literalLength > literalsEnd - literalsAt) throw damaged('zstd', 'literals are cut short');
      if (literalLength + matchLength > targetEnd - to) throw damaged('zstd', 'a block holds more than it may');
      copyBytes(literals, literalsAt, target, to, literalLength);
      literalsAt += literalLength;
      to += literalLength;
      if (distance === 0 || distance > to - floor) throw damaged('zstd', 'a match begins before the data');
      copyMatch(target, to, distance, matchLength);
      to += matchLength;
    }
    if (at !== first) throw damaged('zstd', 'sequences are longer than they say');

    this.#literalsAt = literalsAt;
    this.#recent0 = recent0;
    this.#recent1 = recent1;
    this.#recent2 = recent2;
    output.length = to;
  }
}
