import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Api } from '../../../../src/broker/kafka/wire/api.js';
import { API_VERSIONS } from '../../../../src/broker/kafka/wire/api-versions.js';
import { CREATE_TOPICS } from '../../../../src/broker/kafka/wire/create-topics.js';
import { Decoder } from '../../../../src/broker/kafka/wire/decoder.js';
import { DELETE_RECORDS } from '../../../../src/broker/kafka/wire/delete-records.js';
import { DELETE_TOPICS } from '../../../../src/broker/kafka/wire/delete-topics.js';
import { DESCRIBE_CONFIGS } from '../../../../src/broker/kafka/wire/describe-configs.js';
import { Encoder } from '../../../../src/broker/kafka/wire/encoder.js';
import { FETCH } from '../../../../src/broker/kafka/wire/fetch.js';
import { FIND_COORDINATOR } from '../../../../src/broker/kafka/wire/find-coordinator.js';
import {
  HEARTBEAT,
  JOIN_GROUP,
  LEAVE_GROUP,
  OFFSET_COMMIT,
  SYNC_GROUP,
} from '../../../../src/broker/kafka/wire/group.js';
import { LIST_OFFSETS } from '../../../../src/broker/kafka/wire/list-offsets.js';
import { METADATA } from '../../../../src/broker/kafka/wire/metadata.js';
import { PRODUCE } from '../../../../src/broker/kafka/wire/produce.js';
import { ADD_PARTITIONS_TO_TXN, END_TXN, INIT_PRODUCER_ID } from '../../../../src/broker/kafka/wire/transactions.js';

const ID = 'AAECAwQFBgcICQoLDA0ODw';
const ID_HEX = '000102030405060708090a0b0c0d0e0f';

function bytesOf(write: (to: Encoder) => void): string {
  const encoder = new Encoder(4);
  write(encoder);
  const size = encoder.byteLength;
  const bytes = Buffer.concat(encoder.finish());
  expect(size).toBe(bytes.length);
  return bytes.toString('hex');
}

const from = (hex: string): Decoder => new Decoder(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

describe('the encoder', () => {
  test('writes numbers big-endian', () => {
    expect(bytesOf((to) => to.int8(-2))).toBe('fe');
    expect(bytesOf((to) => to.int16(-2))).toBe('fffe');
    expect(bytesOf((to) => to.int32(258))).toBe('00000102');
    expect(bytesOf((to) => to.int64(2 ** 40 + 3))).toBe('0000010000000003');
    expect(bytesOf((to) => to.int64(-1))).toBe('ffffffffffffffff');
    expect(bytesOf((to) => to.bool(true))).toBe('01');
    expect(() => bytesOf((to) => to.int64(2 ** 53))).toThrow('safe integer');
  });

  test('writes unsigned varints, seven bits at a time', () => {
    for (const [value, hex] of [
      [0, '00'],
      [127, '7f'],
      [128, '8001'],
      [300, 'ac02'],
      [2 ** 32 - 1, 'ffffffff0f'],
    ] as const) {
      expect(bytesOf((to) => to.uvarint(value))).toBe(hex);
      expect(from(hex).uvarint()).toBe(value);
    }
  });

  test('tells the length of a string first', () => {
    expect(bytesOf((to) => to.string('hé'))).toBe('000368c3a9');
    expect(bytesOf((to) => to.nullableString(null))).toBe('ffff');
    expect(bytesOf((to) => to.compactString('hé'))).toBe('0468c3a9');
    expect(bytesOf((to) => to.compactNullableString(null))).toBe('00');
    expect(() => bytesOf((to) => to.string('x'.repeat(32_768)))).toThrow('32,767');
  });

  test('writes ids of topics, and nothing as an id of zeros', () => {
    expect(bytesOf((to) => to.uuid(ID))).toBe(ID_HEX);
    expect(bytesOf((to) => to.uuid(''))).toBe('0'.repeat(32));
    expect(() => bytesOf((to) => to.uuid('short'))).toThrow('not the id');
  });

  test('passes large pieces on without a copy', () => {
    const large = Buffer.alloc(5000, 7);
    const encoder = new Encoder(4);
    encoder.string('before');
    encoder.compactBytes(large);
    encoder.bytes(Buffer.from([1, 2]));
    encoder.bytes(large);
    const pieces = encoder.finish();
    expect(pieces.filter((piece) => piece === large)).toHaveLength(2);
    const decoder = new Decoder(Buffer.concat(pieces));
    expect(decoder.string()).toBe('before');
    expect(decoder.compactBytes().equals(large)).toBe(true);
    expect([...decoder.bytes()]).toEqual([1, 2]);
    expect(decoder.bytes().equals(large)).toBe(true);
    expect(decoder.remaining).toBe(0);
  });
});

describe('the decoder', () => {
  test('reads what the encoder writes', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.record({ kind: fc.constant('int32' as const), value: fc.integer() }),
            fc.record({ kind: fc.constant('int64' as const), value: fc.maxSafeInteger() }),
            fc.record({ kind: fc.constant('uvarint' as const), value: fc.nat(2 ** 32 - 1) }),
            fc.record({
              kind: fc.constant('nullableString' as const),
              value: fc.option(fc.string({ unit: 'grapheme' })),
            }),
            fc.record({
              kind: fc.constant('compactNullableString' as const),
              value: fc.option(fc.string({ unit: 'grapheme' })),
            }),
          ),
        ),
        (items) => {
          const encoder = new Encoder(1);
          for (const { kind, value } of items) (encoder[kind] as (value: unknown) => void)(value);
          const decoder = new Decoder(Buffer.concat(encoder.finish()));
          for (const { kind, value } of items) expect(decoder[kind]()).toEqual(value);
          expect(decoder.remaining).toBe(0);
        },
      ),
    );
  });

  test('refuses to read past the end', () => {
    for (const read of [
      (d: Decoder) => d.int8(),
      (d: Decoder) => d.int16(),
      (d: Decoder) => d.int32(),
      (d: Decoder) => d.int64(),
      (d: Decoder) => d.uuid(),
      (d: Decoder) => d.uvarint(),
      (d: Decoder) => d.string(),
      (d: Decoder) => d.skipTags(),
    ]) {
      expect(() => read(from(''))).toThrow(expect.objectContaining({ code: 'damaged-answer' }));
    }
    expect(() => from('0005 6161').string()).toThrow('cut short');
    expect(() => from('ffff').string()).toThrow('null');
    expect(() => from('00').compactString()).toThrow('null');
    expect(() => from('ffffffff').bytes()).toThrow('null');
    expect(() => from('ffffffffffff').uvarint()).toThrow('too many bytes');
  });

  test('never makes a list that is longer than the answer', () => {
    expect(() => from('7fffffff').array((d) => d.int8())).toThrow('more elements');
    expect(() => from('ffffffff0f').compactArray((d) => d.int8())).toThrow('more elements');
    expect(from('ffffffff').array((d) => d.int8())).toEqual([]);
    expect(from('00').compactArray((d) => d.int8())).toEqual([]);
  });

  test('passes over tagged fields', () => {
    const decoder = from('02 00 03 aabbcc 07 00 2a');
    decoder.skipTags();
    expect(decoder.int8()).toBe(42);
  });

  test('raises a damaged answer, and nothing else, for bytes of any kind', () => {
    const apis = [
      API_VERSIONS,
      METADATA,
      FETCH,
      PRODUCE,
      INIT_PRODUCER_ID,
      ADD_PARTITIONS_TO_TXN,
      END_TXN,
      FIND_COORDINATOR,
      LIST_OFFSETS,
      CREATE_TOPICS,
      DELETE_TOPICS,
      DESCRIBE_CONFIGS,
      DELETE_RECORDS,
      JOIN_GROUP,
      SYNC_GROUP,
      HEARTBEAT,
      LEAVE_GROUP,
      OFFSET_COMMIT,
    ] as readonly Api<never, unknown>[];
    fc.assert(
      fc.property(fc.constantFrom(...apis), fc.uint8Array({ maxLength: 200 }), (api, bytes) => {
        try {
          api.decode(new Decoder(Buffer.from(bytes)));
        } catch (error) {
          expect(error).toMatchObject({ name: 'SystemError', code: 'damaged-answer' });
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('requests and answers', () => {
  test('Fetch keeps the order of partitions, across topics', () => {
    const other = 'EBESExQVFhcYGRobHB0eHw';
    const partition = (topicId: string, partition: number): object => ({ topicId, partition, offset: 5, bytesMax: 16 });
    const hex = bytesOf((to) =>
      FETCH.encode(to, {
        waitMs: 100,
        bytesMin: 1,
        bytesMax: 256,
        partitions: [partition(ID, 1), partition(other, 2), partition(ID, 3)] as never,
      }),
    );
    const one = (id: string, index: string): string =>
      `${id}02${index}ffffffff0000000000000005ffffffffffffffffffffffff000000100000`;
    const otherHex = '101112131415161718191a1b1c1d1e1f';
    expect(hex).toBe(
      `ffffffff00000064000000010000010001` +
        `00000000ffffffff04${one(ID_HEX, '00000001')}${one(otherHex, '00000002')}${one(ID_HEX, '00000003')}010100`,
    );
  });

  test('a Fetch answer is read without copying the records', () => {
    const bytes = Buffer.from(
      `00000000 0000 00000000 02 ${ID_HEX} 02 00000007 0000 0000000000000064 0000000000000032 0000000000000001
       03 0000000000000009 0000000000000014 00 0000000000000008 000000000000000a 00
       ffffffff 04 aabbcc 00 00 00`.replaceAll(/\s/g, ''),
      'hex',
    );
    const answer = FETCH.decode(new Decoder(bytes));
    expect(answer).toMatchObject({ error: 0, byteLength: bytes.length });
    const [partition] = answer.partitions;
    expect(partition).toMatchObject({
      topicId: ID,
      partition: 7,
      error: 0,
      lastStableOffset: 50,
      aborted: [
        { producerId: 9, firstOffset: 20 },
        { producerId: 8, firstOffset: 10 },
      ],
    });
    expect([...partition!.records!]).toEqual([0xaa, 0xbb, 0xcc]);
    expect(partition!.records!.buffer).toBe(bytes.buffer);
  });

  test('Produce names each topic once', () => {
    const batch = (topic: string, partition: number): object => ({ topic, partition, bytes: Buffer.from([1]) });
    const partitions = [batch('a', 0), batch('b', 0), batch('a', 1)] as never;
    expect(bytesOf((to) => PRODUCE.encode(to, { transactionalId: 't', timeoutMs: 1, partitions }))).toBe(
      `0274ffff0000000103` +
        `0261 03 00000000020100 00000001020100 00 0262 02 00000000020100 00 00`.replaceAll(' ', ''),
    );
  });

  test('a Produce answer tells why a batch is refused', () => {
    const answer = PRODUCE.decode(
      from(
        '02 0261 02 00000003 0057 ffffffffffffffff ffffffffffffffff 0000000000000000 02 00000000 03 6162 00 00 00 00 00000000 00',
      ),
    );
    expect(answer).toEqual([{ topic: 'a', partition: 3, error: 87, baseOffset: -1, message: 'ab' }]);
  });

  test('Metadata tells ids, and sorts partitions', () => {
    const partition = (index: string, leader: string): string =>
      `0000 ${index} ${leader} 00000000 03 00000001 00000002 01 00 00`;
    const answer = METADATA.decode(
      from(
        `00000000 02 00000001 0268 00002384 00 00 0263 00000001 02 0000 0274 ${ID_HEX} 00 03
         ${partition('00000001', 'ffffffff')} ${partition('00000000', '00000001')} 80000000 00 00`.replaceAll('\n', ''),
      ),
    );
    expect(answer).toEqual({
      brokers: [{ nodeId: 1, host: 'h', port: 9092 }],
      clusterId: 'c',
      controller: 1,
      topics: [
        {
          error: 0,
          name: 't',
          id: ID,
          internal: false,
          partitions: [
            { error: 0, partition: 0, leader: 1, replicas: 2 },
            { error: 0, partition: 1, leader: -1, replicas: 2 },
          ],
        },
      ],
    });
    expect(bytesOf((to) => METADATA.encode(to, null))).toBe('00000000');
    expect(bytesOf((to) => METADATA.encode(to, ['t']))).toBe(`02${'0'.repeat(32)}027400000000`);
  });

  test('JoinGroup tells a leader that comes back', () => {
    const answer = JOIN_GROUP.decode(from('00000000 0000 00000007 00 00 026d 01 026d 02 026d 00 03 6162 00 00'));
    expect(answer).toEqual({
      error: 0,
      generation: 7,
      leader: 'm',
      memberId: 'm',
      skipAssignment: true,
      members: [{ memberId: 'm', metadata: Buffer.from('ab') }],
    });
  });

  test('LeaveGroup answers for the member', () => {
    expect(LEAVE_GROUP.decode(from('00000000 0000 00000001 0001 6d ffff 0019'))).toEqual({ error: 25 });
    expect(LEAVE_GROUP.decode(from('00000000 0010 00000000'))).toEqual({ error: 16 });
  });

  test('settings leave out what has no value', () => {
    const answer = DESCRIBE_CONFIGS.decode(
      from(
        `00000000 00000001 0000 ffff 02 0001 74 00000002
         0001 61 0001 31 00 05 00 00000001 0001 62 ffff 05 0001 62 ffff 00 05 01 00000000`.replaceAll('\n', ''),
      ),
    );
    expect(answer).toEqual([{ error: 0, message: null, name: 't', settings: { a: '1' } }]);
  });
});
