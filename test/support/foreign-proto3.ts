/**
 * A schema of somebody else, with what ksqlDB does not write.
 * @param imports lines before the message
 * @param fields lines of more fields, with the numbers 20 to 28
 */
export const foreignProto3 = (imports = '', fields = ''): string => `syntax = "proto3";
${imports}message Foreign {
  uint32 u32 = 1; uint64 u64 = 2; sint32 s32 = 3; sint64 s64 = 4; fixed32 f32 = 5; fixed64 f64 = 6; sfixed32 sf32 = 7; sfixed64 sf64 = 8;
  float f = 9; Color color = 10; map<string, Part> parts = 11; repeated Color colors = 12; repeated sint64 run = 13;
  repeated int32 loose = 14 [packed = false]; Part part = 15; optional bool maybe = 16;
  oneof choice { string text = 17; int32 number = 18; Part whole = 19; }
${fields}  int64 far = 2000;
  message Part { int32 n = 1; repeated string names = 2; Part inner = 3; }
  enum Color { RED = 0; GREEN = 1; BLUE = -1; }
}`;
