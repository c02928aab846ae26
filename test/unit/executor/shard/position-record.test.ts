import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ClaimRecord,
  type CommittedPosition,
  claimKey,
  decodeClaim,
  decodePosition,
  encodeClaim,
  encodePosition,
  isClaimKey,
  isPositionKey,
  POSITION_KEY,
} from '../../../../src/executor/shard/position-record.js';

const POSITION: CommittedPosition = {
  sequence: 7,
  inputs: [
    { topic: 't', topicId: 'id-of-t', partition: 3, offset: 2 ** 53 - 1, streamTime: -1 },
    { topic: 'ü"\\', topicId: '', partition: 0, offset: 0, streamTime: 1_700_000_000_000 },
  ],
  records: 12,
  fingerprint: 'ab',
  plan: 'cd',
  node: 'n1',
  producerId: 2 ** 40,
  epoch: 3,
};
const CLAIM: ClaimRecord = { generation: 2, producerId: 77, node: 'n1', leftover: { from: 3, to: 9 } };

const positions: fc.Arbitrary<CommittedPosition> = fc.record({
  sequence: fc.maxSafeNat(),
  inputs: fc.array(
    fc.record({
      topic: fc.string({ unit: 'grapheme' }),
      topicId: fc.string(),
      partition: fc.nat(),
      offset: fc.maxSafeNat(),
      streamTime: fc.integer({ min: -1 }),
    }),
  ),
  records: fc.nat(),
  fingerprint: fc.string(),
  plan: fc.string(),
  node: fc.string(),
  producerId: fc.maxSafeNat(),
  epoch: fc.nat(32_767),
});

describe('a position record', () => {
  it('says again what it was told', () => {
    expect(decodePosition(encodePosition(POSITION))).toEqual(POSITION);
    fc.assert(
      fc.property(positions, (position) => {
        expect(decodePosition(encodePosition(position))).toEqual(position);
      }),
    );
  });

  it.each([
    ['', 'changelog-corrupt'],
    ['{"format":1', 'changelog-corrupt'],
    ['{}', 'newer-changelog'],
    ['null', 'newer-changelog'],
    ['{"format":2}', 'newer-changelog'],
    ['{"format":1,"sequence":1}', 'changelog-corrupt'],
    ['{"format":1,"sequence":1,"inputs":[3]}', 'changelog-corrupt'],
    ['{"format":1,"sequence":"x","inputs":[]}', 'changelog-corrupt'],
  ])('%s is refused as %s', (text, code) => {
    expect(() => decodePosition(Buffer.from(text))).toThrow(expect.objectContaining({ name: 'SystemError', code }));
  });

  it('cut anywhere is damaged', () => {
    const bytes = encodePosition(POSITION);
    for (let end = 0; end < bytes.length; end++) {
      expect(() => decodePosition(bytes.subarray(0, end))).toThrow(
        expect.objectContaining({ code: 'changelog-corrupt' }),
      );
    }
  });
});

describe('a claim record', () => {
  it('says again what it was told', () => {
    expect(decodeClaim(encodeClaim(CLAIM))).toEqual(CLAIM);
    expect(decodeClaim(encodeClaim({ ...CLAIM, leftover: null }))).toEqual({ ...CLAIM, leftover: null });
  });

  it.each(['', '{', 'null', '{}', '{"generation":1}', '{"generation":"1","producerId":2}'])('%s is damaged', (text) => {
    expect(() => decodeClaim(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'changelog-corrupt' }));
  });

  it('has a key of its own for each generation and producer, so that compaction keeps them all', () => {
    const keys = [CLAIM, { ...CLAIM, generation: 3 }, { ...CLAIM, producerId: 2 ** 40 + 77 }].map((claim) =>
      claimKey(claim).toString('hex'),
    );
    expect(new Set(keys).size).toBe(3);
    expect(claimKey({ ...CLAIM, leftover: null }).equals(claimKey(CLAIM))).toBe(true);
  });
});

describe('keys of a changelog', () => {
  const claim = claimKey(CLAIM);
  /** As a record of a store has it: another kind after the version. */
  const change = Buffer.concat([Buffer.from([1, 1]), Buffer.alloc(12)]);

  it.each([
    ['a position', POSITION_KEY, true, false],
    ['a claim', claim, false, true],
    ['a change', change, false, false],
    ['a short change', change.subarray(0, 2), false, false],
    ['a position with more', Buffer.concat([POSITION_KEY, Buffer.from([0])]), false, false],
    ['a claim with more', Buffer.concat([claim, Buffer.from([0])]), false, false],
    ['nothing', Buffer.alloc(0), false, false],
  ])('tell %s', (_, key, isPosition, isClaim) => {
    const around = Buffer.concat([POSITION_KEY, key, claim]);
    expect(isPositionKey(around, 2, 2 + key.length)).toBe(isPosition);
    expect(isClaimKey(around, 2, 2 + key.length)).toBe(isClaim);
  });

  it('of a record without one tell nothing', () => {
    expect(isPositionKey(POSITION_KEY, -1, -1)).toBe(false);
    expect(isClaimKey(claim, -1, -1)).toBe(false);
  });
});
