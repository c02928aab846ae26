import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { messageOf } from '../../../../src/formats/protobuf/content-of.js';
import { ValueProblem } from '../../../../src/formats/value-problem.js';
import { messageText, withSortedMaps } from '../../../../src/testing/judge/protobuf-text.js';
import { TestFailure } from '../../../../src/testing/test-case.js';

const SCHEMA = `syntax = "proto3";
message M {
  int64 ID = 1;
  double D = 2;
  bool B = 3;
  string S = 4;
  bytes Y = 5;
  repeated int32 RUN = 6;
  repeated Inner LIST = 7;
  repeated TagsEntry TAGS = 8;
  uint64 U = 9;
  message Inner { string S = 1; repeated TagsEntry TAGS = 2; }
  message TagsEntry { string key = 1; int32 value = 2; }
}`;

const message = messageOf({ type: 'PROTOBUF', text: SCHEMA, imports: [] }, null);
const peer = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('M');
const textOf = (members: Record<string, unknown>): string =>
  messageText(Buffer.from(peer.encode(peer.fromObject(members)).finish()), message);

describe('messageText', () => {
  it('writes scalars a line each', () => {
    expect(textOf({ ID: '-9223372036854775808', D: 37, B: true, U: '18446744073709551615' })).toBe(
      'ID: -9223372036854775808\nD: 37.0\nB: true\nU: 18446744073709551615\n',
    );
    expect(textOf({})).toBe('');
  });

  it('escapes texts and bytes', () => {
    expect(textOf({ S: 'a"\'\\\n\té\u0007' })).toBe(`S: "a\\"\\'\\\\\\n\\t\\303\\251\\a"\n`);
    expect(textOf({ Y: Buffer.from([0x21, 0, 0x7f, 0xff]) })).toBe('Y: "!\\000\\177\\377"\n');
  });

  it('writes what is repeated once for each, and messages between braces', () => {
    expect(textOf({ RUN: [1, -2], LIST: [{ S: 'x' }, { TAGS: [{ key: 'k', value: 1 }] }] })).toBe(
      'RUN: 1\nRUN: -2\nLIST {\n  S: "x"\n}\nLIST {\n  TAGS {\n    key: "k"\n    value: 1\n  }\n}\n',
    );
  });

  it('orders fields by their numbers', () => {
    expect(messageText(Buffer.from([0x18, 1, 0x08, 7]), message)).toBe('ID: 7\nB: true\n');
  });

  it('fails for fields that the schema does not have, and for what is no message', () => {
    expect(() => messageText(Buffer.from([0x78, 1]), message)).toThrow(TestFailure);
    expect(() => messageText(Buffer.from([0x08]), message)).toThrow(ValueProblem);
    expect(() => messageText(Buffer.from([0x22, 5, 0x61]), message)).toThrow(ValueProblem);
  });
});

describe('withSortedMaps', () => {
  const entries = [
    { key: 'b', value: 2 },
    { key: 'a', value: 3 },
  ];
  const turned = [...entries].reverse();

  it('makes maps equal that differ in order, also within messages', () => {
    const text = textOf({ ID: 1, TAGS: entries, LIST: [{ S: 'x', TAGS: entries }] });
    const other = textOf({ ID: 1, TAGS: turned, LIST: [{ S: 'x', TAGS: turned }] });
    expect(text).not.toBe(other);
    expect(withSortedMaps(text, message)).toBe(other);
    expect(withSortedMaps(other, message)).toBe(other);
  });

  it('leaves everything else where it is', () => {
    const text = textOf({ ID: 1, RUN: [2, 1], LIST: [{ S: 'b' }, { S: 'a } {' }, {}] });
    expect(withSortedMaps(text, message)).toBe(text);
  });
});
