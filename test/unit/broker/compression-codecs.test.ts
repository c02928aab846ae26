import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compressLz4, decompressLz4 } from '../../../src/broker/compression/lz4.js';
import { copyMatch } from '../../../src/broker/compression/output.js';
import { compressSnappy, decompressSnappy } from '../../../src/broker/compression/snappy.js';
import { xxHash32, xxHash64Low } from '../../../src/broker/compression/xxhash.js';
import { decompressZstd, decompressZstdHere } from '../../../src/broker/compression/zstd.js';
import { canCompress, compressRecords, decompressRecords } from '../../../src/broker/compression.js';
import { HEADER_BYTES } from '../../../src/broker/record-batch.js';
import { SystemError } from '../../../src/model/errors.js';

/* Each codec against what may be written, and against what must be refused. */

const ZSTD = 4;
const LIMIT = 1024 * 1024;
const corrupt = expect.objectContaining({ name: 'SystemError', code: 'corrupt-batch' });
const hex = (digits: string) => Buffer.from(digits.replaceAll(' ', ''), 'hex');
const fixture = (name: string) => JSON.parse(readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8'));

/** Frames of other libraries, each with the size of the content and its checksum. */
const withChecksum: { readonly lz4: string; readonly zstd: string } = fixture('checksum-frames.json');
const javaBatches: readonly { data: string; codec: string; bytes: string }[] = fixture('java-compressed.json');

/** What the frames with checksums hold. */
const text = (lines: number, of: number) =>
  Buffer.from(Array.from({ length: lines }, (_, i) => `line ${i % of} of a text that repeats itself; `).join(''));

/** Bytes with repetitions near and far, runs, and noise. */
const data = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.uint8Array({ maxLength: 60, max: 3 }),
      fc.record({ back: fc.nat(70_000), length: fc.nat(400) }),
      fc.record({ byte: fc.nat(255), length: fc.oneof(fc.nat(300), fc.nat(70_000)) }),
    ),
    { maxLength: 40 },
  )
  .map((pieces) => {
    const bytes: number[] = [];
    for (const piece of pieces) {
      if (piece instanceof Uint8Array) bytes.push(...piece);
      else if ('byte' in piece) for (let i = 0; i < piece.length; i++) bytes.push(piece.byte);
      else {
        const from = Math.max(0, bytes.length - 1 - piece.back);
        if (bytes.length > 0) for (let i = 0; i < piece.length; i++) bytes.push(bytes[from + i]!);
      }
    }
    return Buffer.from(bytes);
  });

const comesBack = (unpack: (bytes: Buffer, bytesMax: number) => Buffer, pack: (bytes: Buffer) => Buffer) =>
  fc.assert(
    fc.property(data, (bytes) => {
      const packed = pack(bytes);
      expect(unpack(packed, bytes.length).equals(bytes)).toBe(true);
      if (bytes.length > 0) expect(() => unpack(packed, bytes.length - 1)).toThrow(corrupt);
    }),
    { numRuns: 60 },
  );

/** A number as three bytes of seven bits. */
const varint = (n: number) => Buffer.from([(n & 0x7f) | 0x80, ((n >> 7) & 0x7f) | 0x80, n >> 14]);

describe('a match', () => {
  it('repeats what is before it byte by byte, however near that is', () => {
    const start = Buffer.from(Array.from({ length: 130 }, (_, i) => (i * 37 + 11) & 0xff));
    for (let distance = 1; distance <= 130; distance++) {
      for (const length of [...Array(140).keys(), 255, 256, 1_000]) {
        const actual = Buffer.concat([start, Buffer.alloc(length + 3, 0xee)]);
        const expected = Buffer.from(actual);
        for (let i = 130; i < 130 + length; i++) expected[i] = expected[i - distance]!;
        copyMatch(actual, 130, distance, length);
        if (!actual.equals(expected)) expect.fail(`${length} bytes from ${distance} before`);
      }
    }
  });
});

describe('snappy', () => {
  it.each([1, 2, 3, 7, 58])('copies again and again from %i before', (distance) => {
    const start = Buffer.from(Array.from({ length: 58 }, (_, i) => i + 1));
    const literal = Buffer.concat([Buffer.from([57 << 2]), start]);
    for (const [name, length, copy] of [
      ['near', 11, [((11 - 4) << 2) | 1, distance]],
      ['far', 64, [(63 << 2) | 2, distance, 0]],
      ['very far', 20, [(19 << 2) | 3, distance, 0, 0, 0]],
    ] as const) {
      for (const times of [1, 2, 3, 100]) {
        const expected = Buffer.concat([start, Buffer.alloc(length * times)]);
        for (let i = 58; i < expected.length; i++) expected[i] = expected[i - distance]!;
        const copies = Buffer.alloc(copy.length * times, Buffer.from(copy));
        const stream = (unpacked: number) => Buffer.concat([varint(unpacked), literal, copies]);
        expect(decompressSnappy(stream(expected.length), LIMIT).equals(expected), `${times} ${name}`).toBe(true);
        for (const wrong of [expected.length - 1, expected.length - length, expected.length + 1]) {
          expect(() => decompressSnappy(stream(wrong), LIMIT)).toThrow(corrupt);
        }
        expect(() => decompressSnappy(stream(expected.length).subarray(0, -1), LIMIT)).toThrow(corrupt);
      }
    }
  });

  it('whatever is packed comes back', () => comesBack(decompressSnappy, compressSnappy));

  it('is read without framing too, and with framing in the middle', () => {
    const bytes = text(1_000, 40);
    const framed = compressSnappy(bytes);
    const bare = framed.subarray(20);
    expect(decompressSnappy(bare, LIMIT).equals(bytes)).toBe(true);
    const joined = Buffer.concat([framed, framed, framed.subarray(16)]);
    expect(decompressSnappy(joined, LIMIT).equals(Buffer.concat([bytes, bytes, bytes]))).toBe(true);
    expect(() => decompressSnappy(joined, bytes.length * 3 - 1)).toThrow(corrupt);
  });

  it.each([
    ['a literal', '03 08 616263', 'abc'],
    ['a literal of which the length follows', '03 f0 02 616263', 'abc'],
    ['... in two bytes', '03 f4 0200 616263', 'abc'],
    ['... in four bytes', '03 fc 02000000 616263', 'abc'],
    ['a near copy', '07 08 616263 01 03', 'abcabca'],
    ['a far copy', '07 08 616263 0e 0300', 'abcabca'],
    ['a copy from very far', '07 08 616263 0f 03000000', 'abcabca'],
    ['a copy of itself', '09 00 61 11 01', 'aaaaaaaaa'],
    ['nothing', '00', ''],
  ])('%s', (_, digits, expected) => {
    expect(decompressSnappy(hex(digits), LIMIT).toString()).toBe(expected);
  });

  const header = '82534e4150505900 00000001 00000001';
  it.each([
    ['nothing at all', ''],
    ['a length without end', 'ffffffffffff'],
    ['a length of more than five bytes', '808080808000'],
    ['less than it says', '04 08 616263'],
    ['more than it says', '02 08 616263'],
    ['a copy of more than it says', '05 08 616263 01 03'],
    ['a literal that is not there', '03 08 6162'],
    ['a literal of 4 GiB', '03 fc ffffffff 616263'],
    ['a number that is not there', '07 08 616263 0e 03'],
    ['a copy of nothing', '07 08 616263 01 00'],
    ['a copy from before the data', '07 08 616263 01 04'],
    ['a copy from 4 GiB before', '07 08 616263 0f ffffffff'],
    ['a frame of half a length', `${header} 0000`],
    ['a frame of an empty block', `${header} 00000000`],
    ['a frame of a negative block', `${header} 80000000 00`],
    ['a frame of a block that is not there', `${header} 00000006 03086162`],
    ['a frame of no version', '82534e4150505900 00000000 00000001'],
    ['half a header in the middle', `${header} 82534e41505059`],
  ])('refused: %s', (_, digits) => {
    expect(() => decompressSnappy(hex(digits), LIMIT)).toThrow(corrupt);
  });
});

/** An LZ4 frame of one block. */
function lz4Frame(block: string, { flags = 0x60, sizes = 0x40, extra = '', stored = false, end = '00000000' } = {}) {
  const descriptor = Buffer.concat([Buffer.from([flags, sizes]), hex(extra)]);
  const check = (xxHash32(descriptor, 0, descriptor.length) >>> 8) & 0xff;
  const bytes = hex(block);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length + (stored ? 2 ** 31 : 0));
  return Buffer.concat([hex('04224d18'), descriptor, Buffer.from([check]), length, bytes, hex(end)]);
}

describe('lz4', () => {
  it('whatever is packed comes back', () => comesBack(decompressLz4, compressLz4));

  it('blocks that go on from each other, with every checksum', () => {
    const packed = Buffer.from(withChecksum.lz4, 'base64');
    expect(decompressLz4(packed, LIMIT).equals(text(3_400, 40))).toBe(true);
    for (let at = 0; at < packed.length; at++) {
      const changed = Buffer.from(packed);
      changed[at]! ^= 1 << (at % 8);
      expect(() => decompressLz4(changed, LIMIT), `byte ${at}`).toThrow(corrupt);
    }
  });

  it('frames to skip are skipped', () => {
    const skipped = hex('5f2a4d18 03000000 010203');
    const frame = lz4Frame('30 616263');
    expect(decompressLz4(Buffer.concat([skipped, frame, skipped, frame]), LIMIT).toString()).toBe('abcabc');
    expect(() => decompressLz4(hex('5f2a4d18 04000000 010203'), LIMIT)).toThrow(corrupt);
  });

  it.each([
    ['literals', lz4Frame('30 616263'), 'abc'],
    ['a stored block', lz4Frame('616263', { stored: true }), 'abc'],
    ['a match', lz4Frame('31 616263 0300 10 7a'), 'abcabcabz'],
    ['a long match', lz4Frame('1f 61 0100 ff00 10 62'), `${'a'.repeat(275)}b`],
    ['no block at all', Buffer.concat([lz4Frame('').subarray(0, 7), Buffer.alloc(4)]), ''],
  ])('%s', (_, frame, expected) => {
    expect(decompressLz4(frame, LIMIT).toString()).toBe(expected);
  });

  it.each([
    ['nothing at all', Buffer.alloc(0)],
    ['no frame', Buffer.from('not a frame')],
    ['no end', lz4Frame('30 616263', { end: '' })],
    ['more after the end', lz4Frame('30 616263', { end: '0000000000' })],
    ['another version', lz4Frame('30 616263', { flags: 0xa0 })],
    ['a reserved bit', lz4Frame('30 616263', { flags: 0x62 })],
    ['another reserved bit', lz4Frame('30 616263', { sizes: 0x41 })],
    ['blocks of no size', lz4Frame('30 616263', { sizes: 0x30 })],
    ['a dictionary', lz4Frame('30 616263', { flags: 0x61, extra: '01000000' })],
    ['a size that is not so', lz4Frame('30 616263', { flags: 0x68, extra: '0400000000000000' })],
    ['a literal that is not there', lz4Frame('40 616263')],
    ['a length that does not end', lz4Frame('f0 ffffff')],
    ['a match that does not end', lz4Frame('31 616263 03')],
    ['a match at the end', lz4Frame('31 616263 0300')],
    ['a match with a length that does not end', lz4Frame('1f 61 0100 ffff')],
    ['a match of distance 0', lz4Frame('31 616263 0000 10 7a')],
    ['a match from before the block', lz4Frame('31 616263 0400 10 7a')],
    ['more than a block may hold', lz4Frame(`1f 61 0100 ${'ff'.repeat(258)} 00 10 62`)],
    ['a stored block of more than it may', lz4Frame('00'.repeat(65_537), { stored: true })],
  ])('refused: %s', (_, frame) => {
    expect(() => decompressLz4(frame, LIMIT)).toThrow(corrupt);
  });

  it('a match may not reach into another block that does not allow it', () => {
    const blocks = '04000000 30616263 09000000 01 0300 50 6465666768';
    const frame = (flags: number) =>
      Buffer.concat([lz4Frame('', { flags }).subarray(0, 7), hex(blocks), Buffer.alloc(4)]);
    expect(decompressLz4(frame(0x40), LIMIT).toString()).toBe('abcabcabdefgh');
    expect(() => decompressLz4(frame(0x60), LIMIT)).toThrow(corrupt);
  });
});

/** A frame of one compressed block, with a window of 128 KiB. */
function zstdFrame(block: string, { flags = 0x00, window = '38', kind = 2 } = {}): Buffer {
  const bytes = hex(block);
  const header = Buffer.alloc(3);
  header.writeUIntLE((bytes.length << 3) | (kind << 1) | 1, 0, 3);
  return Buffer.concat([hex('28b52ffd'), Buffer.from([flags]), hex(window), header, bytes]);
}

describe('zstd', () => {
  it.skipIf(!canCompress(ZSTD))('whatever Node packs comes back', () => {
    comesBack(decompressZstd, (bytes) => compressRecords(ZSTD, bytes));
    comesBack(decompressZstdHere, (bytes) => compressRecords(ZSTD, bytes));
  });

  const readers = [
    { name: 'here', unpack: decompressZstdHere },
    { name: 'as this Node does', unpack: decompressZstd },
  ];

  it.each(readers)('$name: a checksum finds every change', ({ unpack }) => {
    const packed = Buffer.from(withChecksum.zstd, 'base64');
    expect(unpack(packed, LIMIT).equals(text(40, 40))).toBe(true);
    for (let at = 0; at < packed.length * 8; at++) {
      const changed = Buffer.from(packed);
      changed[at >>> 3]! ^= 1 << (at & 7);
      // A few bits mean nothing: they fill up a byte.
      const refusedOrSame = (() => {
        try {
          return unpack(changed, LIMIT).equals(text(40, 40));
        } catch (error) {
          return (error as SystemError).code === 'corrupt-batch';
        }
      })();
      expect(refusedOrSame, `bit ${at}`).toBe(true);
    }
  });

  it.each(readers)('$name: frames to skip are skipped', ({ unpack }) => {
    const skipped = hex('502a4d18 03000000 010203');
    const frame = zstdFrame('616263', { kind: 0 });
    expect(unpack(Buffer.concat([skipped, frame, skipped, frame]), LIMIT).toString()).toBe('abcabc');
    expect(unpack(skipped, LIMIT)).toHaveLength(0);
    expect(() => unpack(hex('502a4d18 04000000 010203'), LIMIT)).toThrow(corrupt);
  });

  it.each(readers)('$name: frames that hold nothing', ({ unpack }) => {
    const empty = zstdFrame('', { kind: 0 });
    expect(unpack(empty, LIMIT)).toHaveLength(0);
    expect(unpack(Buffer.concat([empty, zstdFrame('61', { kind: 0 }), empty]), 1).toString()).toBe('a');
  });

  it.each([
    ['literals as they are', '18 616263 00', 'abc'],
    ['a literal again and again', '19 61 00', 'aaa'],
    // One literal, then a match of 3 + 8 at the last distance, by codes of a single symbol: 1, 0 and 8.
    ['a match', '08 61 01 54 01 00 08 01', 'a'.repeat(12)],
  ])('%s', (_, block, expected) => {
    expect(decompressZstdHere(zstdFrame(block), LIMIT).toString()).toBe(expected);
    expect(decompressZstd(zstdFrame(block), LIMIT).toString()).toBe(expected);
  });

  /** So many matches of 65,539 bytes and more, in a few bytes: each takes 0 bits where there are none left. */
  const manyMatches = '08 61 ffffff 54 01 00 34 01';
  /** Weights by a code of one symbol, which takes no bits, for ever. */
  const endlessWeights = '12 c0 01 04 f0 03 00 04 ff 01 00';

  it.each(
    readers.flatMap((reader) =>
      (
        [
          ['nothing at all', Buffer.alloc(0)],
          ['no frame', Buffer.from('not a frame')],
          ['a header cut short', hex('28b52ffd 00')],
          ['a reserved bit', zstdFrame('616263', { kind: 0, flags: 0x08 })],
          ['a dictionary', zstdFrame('616263', { kind: 0, flags: 0x01, window: '3801' })],
          ['a window of 2 GiB', zstdFrame('616263', { kind: 0, window: 'a8' })],
          ['a size that is not so', zstdFrame('616263', { kind: 0, flags: 0x20, window: '04' })],
          ['a block of no kind', zstdFrame('616263', { kind: 3 })],
          ['a stored block larger than the window', zstdFrame('00'.repeat(1_025), { kind: 0, window: '00' })],
          ['no literals', zstdFrame('')],
          ['literals that are not there', zstdFrame('20 616263')],
          ['literals without sequences', zstdFrame('18 616263')],
          ['more after the sequences', zstdFrame('18 616263 00 00')],
          ['a Huffman code that was not sent', zstdFrame('33 c0 00 01 02 03 00')],
          ['a table that was not sent', zstdFrame('08 61 01 fc 01')],
          ['sequences without bits', zstdFrame('08 61 01 54 01 00 08')],
          ['sequences with an empty last byte', zstdFrame('08 61 01 54 01 00 08 00')],
          ['sequences with bits left', zstdFrame('08 61 01 54 01 00 08 04')],
          ['a literal length that does not exist', zstdFrame('08 61 01 54 24 00 08 01')],
          ['a distance from before the data', zstdFrame('08 61 01 54 01 01 08 03')],
          ['more literals than there are', zstdFrame('08 61 01 54 02 00 08 01')],
          ['many matches', zstdFrame(manyMatches)],
          ['endless weights', zstdFrame(endlessWeights)],
        ] as const
      ).map(([what, frame]) => ({ ...reader, what, frame })),
    ),
  )('$name, refused: $what', ({ unpack, frame }) => {
    expect(() => unpack(frame, LIMIT)).toThrow(corrupt);
  });
});

describe('gzip', () => {
  const unpack = (bytes: Buffer) => decompressRecords(1, bytes, LIMIT);

  it('members in a row', () => {
    const members = [gzipSync('abc'), gzipSync(''), gzipSync('def')];
    expect(unpack(Buffer.concat(members)).toString()).toBe('abcdef');
  });

  it.each([
    ['nothing at all', Buffer.alloc(0)],
    ['no member', Buffer.from('not a member')],
    ['a member cut short', gzipSync('abc').subarray(0, 20)],
    ['half a second member', Buffer.concat([gzipSync('abc'), gzipSync('abc').subarray(0, 15)])],
  ])('refused: %s', (_, bytes) => {
    expect(() => unpack(bytes)).toThrow(corrupt);
  });
});

describe('xxHash', () => {
  // By the library of its author, of the bytes (7 i + n) mod 251.
  it.each([
    [0, 46947589, 1373170073],
    [1, 949155633, 455206704],
    [3, 3443335746, 1390765257],
    [4, 3754248595, 1677313859],
    [7, 2440367078, 3234724045],
    [8, 2727766005, 2769153880],
    [15, 4278000263, 1853170701],
    [16, 3746157243, 352942624],
    [31, 3830134545, 3297250426],
    [32, 1301467266, 4000283028],
    [33, 689296271, 1971507105],
    [63, 1245473094, 734395344],
    [100, 2829166374, 1519222758],
    [1000, 2050154397, 3810518573],
  ])('of %i bytes', (length, of32, of64) => {
    const bytes = Buffer.from([0, ...Array.from({ length }, (_, i) => (i * 7 + length) % 251), 0]);
    expect(xxHash32(bytes, 1, length + 1)).toBe(of32);
    expect(xxHash64Low(bytes, 1, length + 1)).toBe(of64);
  });
});

describe('changed at random', () => {
  /** xorshift: the same numbers in every run. */
  function randomNumbers(seed: number): (below: number) => number {
    let state = seed;
    return (below) => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) % below;
    };
  }

  function changed(bytes: Buffer, random: (below: number) => number): Buffer {
    let result = Buffer.from(bytes);
    for (let i = random(4); i >= 0; i--) {
      // The first bytes decide most.
      const at = random(random(3) === 0 ? Math.min(result.length, 40) : result.length);
      const kind = random(6);
      if (kind < 2) result[at]! ^= 1 << random(8);
      else if (kind === 2) result[at] = [0, 127, 128, 255, random(256)][random(5)]!;
      else if (kind === 3) result = result.subarray(0, at + 1);
      else if (kind === 4) result = Buffer.concat([result.subarray(0, at), result.subarray(at + random(8))]);
      else result = Buffer.concat([result.subarray(0, at), result.subarray(random(at + 1), at), result.subarray(at)]);
      if (result.length === 0) return result;
    }
    return result;
  }

  const INPUTS = 2_000;

  it.each([
    {
      name: 'gzip',
      unpack: (bytes: Buffer, bytesMax: number) => decompressRecords(1, bytes, bytesMax),
      more: gzipSync,
    },
    { name: 'snappy', unpack: decompressSnappy, more: (bytes: Buffer) => compressSnappy(bytes).subarray(20) },
    { name: 'lz4', unpack: decompressLz4, more: compressLz4 },
    { name: 'zstd', unpack: decompressZstd, more: () => Buffer.from(withChecksum.zstd, 'base64') },
    { name: 'zstd', unpack: decompressZstdHere, more: () => Buffer.from(withChecksum.zstd, 'base64') },
  ])('$name: unpacks or is refused, within the limit', ({ name, unpack, more }) => {
    const random = randomNumbers(20_250_101);
    const inputs: Buffer[] = javaBatches
      .filter((batch) => batch.codec === name)
      .map((batch) => Buffer.from(batch.bytes, 'base64').subarray(HEADER_BYTES));
    inputs.push(more(text(100, 30)));
    let refused = 0;
    for (let i = 0; i < INPUTS; i++) {
      const input = changed(inputs[i % inputs.length]!, random);
      try {
        expect(unpack(input, LIMIT).length).toBeLessThanOrEqual(LIMIT);
      } catch (error) {
        if (!(error instanceof SystemError && error.code === 'corrupt-batch')) {
          throw new Error(`input ${i}: ${input.toString('hex')}`, { cause: error });
        }
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(INPUTS / 2);
  });
});
