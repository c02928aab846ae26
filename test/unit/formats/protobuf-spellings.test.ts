import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { protobufFormat } from '../../../src/formats/protobuf/protobuf.js';
import { protobufSpellings } from '../../../src/formats/protobuf/protobuf-spellings.js';
import type { SchemaText } from '../../../src/formats/schema-registry/schema-registry.js';
import { StatementError } from '../../../src/model/errors.js';

const schema = (text: string): SchemaText => ({ type: 'PROTOBUF', text, imports: [] });
const textOf = (sent: string): string => protobufSpellings.textOf(schema(sent));
const serialized = (text: string): string => protobufSpellings.formatted(schema(text), 'serialized')!;

/** A file, and what protoc 35.1 makes of it. */
interface Compiled {
  readonly text: string;
  readonly descriptor: string;
}

const PROTO2: Compiled = {
  text: `syntax = "proto2";
package shop.v1;
import public "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
option java_package = "org.shop";
option optimize_for = SPEED;
option java_multiple_files = true;
message Order {
  option deprecated = true;
  required int64 id = 1;
  optional string note = 2 [default = "a\\"b\\n", deprecated = true];
  optional bytes raw = 3 [default = "\\001x\\"\\\\\\377"];
  repeated sint32 sizes = 4 [packed = true];
  optional group Inner = 5 { optional int32 x = 1; }
  map<string, Kind> kinds = 6;
  map<int32, Line> line_items = 7;
  oneof payment { string card = 8; int32 cash = 9; }
  optional Kind kind = 10 [default = B];
  optional double d = 11 [default = inf];
  optional float f = 12 [default = 1.5];
  optional bool ok = 13 [default = true];
  optional google.protobuf.Timestamp at = 14;
  optional string my_name = 15 [json_name = "label"];
  optional .shop.v1.Order.Line absolute = 16;
  optional int32 neg = 17 [default = -5];
  message Line { optional string sku = 1; optional Other other = 2; enum Unit { PIECE = 0; KILO = 1; } optional Unit unit = 3; }
  enum Kind { option allow_alias = true; A = 0; B = 1; BB = 1 [deprecated = true]; N = -3; reserved 5, 7 to 9, 100 to max; reserved "Z"; }
  reserved 50, 60 to 70; reserved "old", "older";
  extensions 100 to 199, 1000 to max;
}
message Other { optional int32 n = 1; }
enum Loose { L0 = 0; }
extend Order { optional string extra = 100; repeated Other more = 101; }
service Orders { rpc Get (Other) returns (stream Order) { option deprecated = true; } rpc Put (stream Order) returns (Other); }`,
  descriptor: [
    'CgtyaWNoMi5wcm90bxIHc2hvcC52MRofZ29vZ2xlL3Byb3RvYnVmL3RpbWVzdGFtcC5wcm90bxoeZ29vZ2xlL3Byb3RvYnVmL3dyYXBwZXJzLnByb3RvIvcHCgVPcmRlchIOCgJpZBgB',
    'IAIoA1ICaWQSHAoEbm90ZRgCIAEoCToEYSJiCkICGAFSBG5vdGUSHwoDcmF3GAMgASgMOg1cMDAxeFwiXFxcMzc3UgNyYXcSGAoFc2l6ZXMYBCADKBFCAhABUgVzaXplcxIqCgVpbm5l',
    'chgFIAEoCjIULnNob3AudjEuT3JkZXIuSW5uZXJSBWlubmVyEi8KBWtpbmRzGAYgAygLMhkuc2hvcC52MS5PcmRlci5LaW5kc0VudHJ5UgVraW5kcxI8CgpsaW5lX2l0ZW1zGAcgAygL',
    'Mh0uc2hvcC52MS5PcmRlci5MaW5lSXRlbXNFbnRyeVIJbGluZUl0ZW1zEhQKBGNhcmQYCCABKAlIAFIEY2FyZBIUCgRjYXNoGAkgASgFSABSBGNhc2gSKgoEa2luZBgKIAEoDjITLnNo',
    'b3AudjEuT3JkZXIuS2luZDoBQlIEa2luZBIRCgFkGAsgASgBOgNpbmZSAWQSEQoBZhgMIAEoAjoDMS41UgFmEhQKAm9rGA0gASgIOgR0cnVlUgJvaxIqCgJhdBgOIAEoCzIaLmdvb2ds',
    'ZS5wcm90b2J1Zi5UaW1lc3RhbXBSAmF0EhYKB215X25hbWUYDyABKAlSBWxhYmVsEi8KCGFic29sdXRlGBAgASgLMhMuc2hvcC52MS5PcmRlci5MaW5lUghhYnNvbHV0ZRIUCgNuZWcY',
    'ESABKAU6Ai01UgNuZWcaFQoFSW5uZXISDAoBeBgBIAEoBVIBeBpNCgpLaW5kc0VudHJ5EhAKA2tleRgBIAEoCVIDa2V5EikKBXZhbHVlGAIgASgOMhMuc2hvcC52MS5PcmRlci5LaW5k',
    'UgV2YWx1ZToCOAEaUQoOTGluZUl0ZW1zRW50cnkSEAoDa2V5GAEgASgFUgNrZXkSKQoFdmFsdWUYAiABKAsyEy5zaG9wLnYxLk9yZGVyLkxpbmVSBXZhbHVlOgI4ARqJAQoETGluZRIQ',
    'CgNza3UYASABKAlSA3NrdRIkCgVvdGhlchgCIAEoCzIOLnNob3AudjEuT3RoZXJSBW90aGVyEiwKBHVuaXQYAyABKA4yGC5zaG9wLnYxLk9yZGVyLkxpbmUuVW5pdFIEdW5pdCIbCgRV',
    'bml0EgkKBVBJRUNFEAASCAoES0lMTxABIk0KBEtpbmQSBQoBQRAAEgUKAUIQARIKCgJCQhABGgIIARIOCgFOEP3//////////wEaAhABIgQIBRAFIgQIBxAJIggIZBD/////ByoBWioF',
    'CGQQyAEqCQjoBxCAgICAAjoCGAFCCQoHcGF5bWVudEoECDIQM0oECDwQR1IDb2xkUgVvbGRlciIVCgVPdGhlchIMCgFuGAEgASgFUgFuKg8KBUxvb3NlEgYKAkwwEAAyXwoGT3JkZXJz',
    'EiwKA0dldBIOLnNob3AudjEuT3RoZXIaDi5zaG9wLnYxLk9yZGVyIgOIAgEwARInCgNQdXQSDi5zaG9wLnYxLk9yZGVyGg4uc2hvcC52MS5PdGhlcigBOiQKBWV4dHJhEg4uc2hvcC52',
    'MS5PcmRlchhkIAEoCVIFZXh0cmE6MgoEbW9yZRIOLnNob3AudjEuT3JkZXIYZSADKAsyDi5zaG9wLnYxLk90aGVyUgRtb3JlQg4KCG9yZy5zaG9wSAFQAVAA',
  ].join(''),
};

const PROTO3: Compiled = {
  text: `syntax = "proto3";
import weak "google/protobuf/any.proto";
message A { optional int32 maybe = 1; int32 plain = 2; repeated string tags = 3; oneof one { A a = 4; bytes b = 5; } optional string also = 6; google.protobuf.Any any = 7; map<string, double> m = 8; }
message Empty {}
enum E { ZERO = 0; }`,
  descriptor: [
    'CgtyaWNoMy5wcm90bxoZZ29vZ2xlL3Byb3RvYnVmL2FueS5wcm90byKWAgoBQRIZCgVtYXliZRgBIAEoBUgBUgVtYXliZYgBARIUCgVwbGFpbhgCIAEoBVIFcGxhaW4SEgoEdGFncxgD',
    'IAMoCVIEdGFncxISCgFhGAQgASgLMgIuQUgAUgFhEg4KAWIYBSABKAxIAFIBYhIXCgRhbHNvGAYgASgJSAJSBGFsc2+IAQESJgoDYW55GAcgASgLMhQuZ29vZ2xlLnByb3RvYnVmLkFu',
    'eVIDYW55EhcKAW0YCCADKAsyCS5BLk1FbnRyeVIBbRo0CgZNRW50cnkSEAoDa2V5GAEgASgJUgNrZXkSFAoFdmFsdWUYAiABKAFSBXZhbHVlOgI4AUIFCgNvbmVCCAoGX21heWJlQgcK',
    'BV9hbHNvIgcKBUVtcHR5Kg0KAUUSCAoEWkVSTxAAWABiBnByb3RvMw==',
  ].join(''),
};

const EDITION: Compiled = {
  text: `edition = "2023";
package e;
option features.field_presence = IMPLICIT;
message M { int32 a = 1 [features.field_presence = EXPLICIT]; repeated int32 b = 2 [features.repeated_field_encoding = EXPANDED]; string c = 3; M d = 4 [features.message_encoding = DELIMITED]; }
enum C { option features.enum_type = CLOSED; X = 1; }`,
  descriptor: [
    'CghlZC5wcm90bxIBZSJWCgFNEhMKAWEYASABKAVCBaoBAggBUgFhEhMKAWIYAiADKAVCBaoBAhgCUgFiEgwKAWMYAyABKAlSAWMSGQoBZBgEIAEoCzIELmUuTUIFqgECKAJSAWQqEAoB',
    'QxIFCgFYEAEaBDoCEAJCBZIDAggCYghlZGl0aW9uc3DoBw==',
  ].join(''),
};

/** Names of types that a file takes from elsewhere are not resolved; and only compilers write json names that say nothing new. */
const plain = (text: string): string => text.replaceAll(' .google.', ' google.');

describe('a serialised descriptor', () => {
  it.each([
    ['proto2', PROTO2],
    ['proto3', PROTO3],
    ['an edition', EDITION],
  ])('of %s is read as the text that it was made from', (_, { text, descriptor }) => {
    const read = textOf(descriptor);
    expect(protobufFormat.incompatibilities(schema(read), schema(text))).toEqual([]);
    expect(protobufFormat.incompatibilities(schema(text), schema(read))).toEqual([]);
    expect(plain(textOf(serialized(text)))).toBe(plain(read));
    expect(plain(textOf(serialized(read)))).toBe(plain(read));
  });

  it.each(['[deprecated = foo]', '[packed = 1.5]'])('is refused where an option is of another type: %s', (option) => {
    expect(() => serialized(`syntax = "proto2"; message M { repeated int32 a = 1 ${option}; }`)).toThrow(
      'an option has a value that is not of its type',
    );
  });

  it('is written with everything that it says', () => {
    const read = textOf(PROTO2.descriptor);
    for (const line of [
      'syntax = "proto2";',
      'package shop.v1;',
      'import public "google/protobuf/timestamp.proto";',
      'option optimize_for = SPEED;',
      'reserved 50, 60 to 70;',
      'reserved "old", "older";',
      'required int64 id = 1;',
      'default = "a\\"b\\012"',
      'optional bytes raw = 3 [default = "\\001x\\"\\\\\\377"];',
      'repeated sint32 sizes = 4 [packed = true];',
      'optional group Inner = 5 {',
      'map<string, .shop.v1.Order.Kind> kinds = 6;',
      'optional double d = 11 [default = inf];',
      'optional string my_name = 15 [json_name = "label"];',
      'string card = 8;',
      'extensions 1000 to max;',
      'reserved 5, 7 to 9, 100 to max;',
      'BB = 1 [deprecated = true];',
      'N = -3;',
      'extend .shop.v1.Order {',
      'rpc Get (.shop.v1.Other) returns (stream .shop.v1.Order) {',
    ]) {
      expect(read).toContain(line);
    }
    expect(read.match(/message Line /g)).toHaveLength(1);
    expect(textOf(PROTO3.descriptor)).toContain('optional int32 maybe = 1;');
    expect(textOf(PROTO3.descriptor)).toContain('  int32 plain = 2;');
    expect(textOf(EDITION.descriptor)).toContain('.e.M d = 4 [features.message_encoding = DELIMITED];');
  });

  it("keeps Confluent's notes on fields", () => {
    const text = `syntax = "proto3";
      import "confluent/meta.proto";
      message M { bytes d = 1 [(confluent.field_meta) = { params: [{ key: "precision", value: "9" }], tags: ["a", "b"] }]; }`;
    expect(textOf(serialized(text))).toContain(
      '[(confluent.field_meta) = { params: [{ key: "precision", value: "9" }], tags: ["a", "b"] }]',
    );
  });

  it('is told from text', () => {
    expect(textOf(PROTO3.text)).toBe(PROTO3.text);
    expect(protobufSpellings.formatted(schema(PROTO3.text), 'other')).toBeNull();
    for (const broken of ['abcd', 'message', `${PROTO2.descriptor.slice(0, 101)}`]) {
      expect(() => textOf(broken)).toThrow(StatementError);
    }
  });

  it('may be anything', () => {
    const whole = Buffer.from(PROTO2.descriptor, 'base64');
    const change = fc.record({ at: fc.nat(whole.length - 1), byte: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 4 }), fc.nat(whole.length), (changes, length) => {
        const bytes = Buffer.from(whole);
        for (const { at, byte } of changes) bytes[at] = byte;
        for (const sent of [bytes, bytes.subarray(0, length)]) {
          try {
            textOf(sent.toString('base64'));
          } catch (error) {
            expect(error).toBeInstanceOf(StatementError);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
