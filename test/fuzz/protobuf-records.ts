import type { Random } from '../simulation/random.js';
import { foreignProto3 } from '../support/foreign-proto3.js';
import { anyNumber, anySize, varint } from './varint.js';

/** With what other programs write and SQL's own columns do not: every scalar, packed or not, oneofs, groups, wrappers, recursion. */
export const FOREIGN_PROTO3 = `${foreignProto3(
  `import "google/protobuf/wrappers.proto"; import "google/protobuf/timestamp.proto"; import "google/type/date.proto";
import "google/type/timeofday.proto"; import "confluent/type/decimal.proto";
`,
  `  google.protobuf.Timestamp at = 20; google.protobuf.StringValue wrapped = 21; confluent.type.Decimal amount = 22;
  google.type.Date day = 23; google.type.TimeOfDay clock = 24; repeated Part list = 25; repeated google.protobuf.Timestamp times = 26;
  map<int32, double> numbers = 27; bytes raw = 28;
`,
)}
message Other { string a = 1; message Inner { int32 b = 1; } Inner inner = 2; }`;

export const FOREIGN_PROTO2 = `syntax = "proto2";
message Foreign {
  required int32 id = 1; optional string name = 2 [default = "none"]; optional double price = 3 [default = 1.5];
  optional group Old = 4 { optional int32 n = 1; optional string s = 2; } repeated group Many = 5 { optional int64 n = 1; }
  repeated fixed32 run = 6 [packed = true]; optional Part part = 7; extensions 100 to 199;
  message Part { optional bytes raw = 1; optional Part inner = 2; repeated Part more = 3; }
}`;

const FIELDS_MAX = 12;
const DEPTH_MAX = 5;
const TEXTS = ['', 'a', 'Zürich', '12', '😀', 'x'.repeat(60)].map((text) => Buffer.from(text));

/** A message whose fields have small numbers and any wire types, so that many of them mean something in any schema. */
export function protobufBody(random: Random, depth = 0): Buffer {
  const parts: Buffer[] = [];
  for (let fields = random.below(FIELDS_MAX); fields > 0; fields--) {
    const number = random.chance(0.95) ? 1 + random.below(30) : random.pick([100, 2000, 19_000, 536_870_911]);
    parts.push(...field(random, number, depth));
  }
  return Buffer.concat(parts);
}

function field(random: Random, number: number, depth: number): Buffer[] {
  const tag = (wire: number) => varint(number * 8 + wire);
  const draw = random.below(10);
  if (draw < 3) return [tag(0), varint(anyNumber(random))];
  if (draw < 4) return [tag(1), Buffer.alloc(8, random.below(256))];
  if (draw < 5) return [tag(5), Buffer.alloc(4, random.below(256))];
  if (draw < 6 && depth < DEPTH_MAX) return [tag(3), protobufBody(random, depth + 1), tag(4)];
  return [tag(2), ...delimited(content(random, depth))];
}

function content(random: Random, depth: number): Buffer {
  const draw = random.below(4);
  if (draw === 0 && depth < DEPTH_MAX) return protobufBody(random, depth + 1);
  if (draw === 1) return Buffer.concat(Array.from({ length: random.below(6) }, () => varint(anyNumber(random))));
  return random.pick(TEXTS);
}

function delimited(bytes: Buffer): [Buffer, Buffer] {
  return [varint(bytes.length), bytes];
}

const DEEP = 20_000;
/** Bytes. */
const MANY = 100_000;

/** Messages within each other, some thousand deep. */
export function deepMessages(random: Random): Buffer {
  const tag = varint((1 + random.below(28)) * 8 + 2);
  let bytes: Buffer = Buffer.from(random.pick(TEXTS));
  const heads: Buffer[] = [];
  let length = bytes.length;
  for (let depth = anySize(random, DEEP); depth > 0; depth--) {
    const head = Buffer.concat([tag, varint(length)]);
    heads.push(head);
    length += head.length;
  }
  bytes = Buffer.concat([...heads.reverse(), bytes]);
  return bytes;
}

/** Groups within each other, most of them without an end. */
export function deepGroups(random: Random): Buffer {
  const number = 1 + random.below(28);
  const depth = anySize(random, DEEP);
  const begin = repeated(varint(number * 8 + 3), depth);
  const end = repeated(varint(number * 8 + 4), random.chance(0.3) ? depth : 0);
  return Buffer.concat([begin, end]);
}

function repeated(bytes: Buffer, times: number): Buffer {
  return Buffer.alloc(bytes.length * times, bytes);
}

/** Very many small occurrences of one field, or of several by turns: empty messages, entries, members of a oneof. */
export function manyFields(random: Random): Buffer {
  const fields = random.chance(0.7) ? 1 : random.pick([2, 2, 8, 28]);
  const numbers = Array.from({ length: fields }, () => 1 + random.below(28));
  const one = Buffer.concat(
    numbers.map((number) =>
      Buffer.concat([varint(number * 8 + 2), ...delimited(random.chance(0.6) ? Buffer.alloc(0) : content(random, 3))]),
    ),
  );
  return repeated(one, anySize(random, MANY / one.length));
}

/** A run of numbers as long as a record can be. */
export function longRun(random: Random): Buffer {
  const bytes = Buffer.alloc(anySize(random, MANY), random.below(256));
  return Buffer.concat([varint((1 + random.below(28)) * 8 + 2), ...delimited(bytes)]);
}

/** A decimal of many digits or a scale out of all measure. */
export function hugeDecimal(random: Random): Buffer {
  const value = Buffer.concat([varint(10), ...delimited(Buffer.alloc(anySize(random, MANY), random.below(256)))]);
  const scales = Buffer.concat([varint(16), varint(anyNumber(random)), varint(24), varint(anyNumber(random))]);
  const number = random.chance(0.5) ? 22 : 1 + random.below(28);
  return Buffer.concat([varint(number * 8 + 2), ...delimited(Buffer.concat([value, scales]))]);
}
