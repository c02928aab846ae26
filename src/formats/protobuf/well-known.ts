/*
 * The messages that come with Protocol Buffers, with Google's common types and with Confluent's registry. Every schema may import them
 * without bringing them along.
 */

/** The names of messages that stand for a SQL value as a whole. */
export const DECIMAL_MESSAGE = 'confluent.type.Decimal';
export const DATE_MESSAGE = 'google.type.Date';
export const TIME_MESSAGE = 'google.type.TimeOfDay';
export const TIMESTAMP_MESSAGE = 'google.protobuf.Timestamp';

const WRAPPED = {
  Double: 'double',
  Float: 'float',
  Int64: 'int64',
  UInt64: 'uint64',
  Int32: 'int32',
  UInt32: 'uint32',
  Bool: 'bool',
  String: 'string',
  Bytes: 'bytes',
} as const;

/** Messages around one value that can thereby be absent, by full name. */
export const WRAPPER_MESSAGES: ReadonlySet<string> = new Set(
  Object.keys(WRAPPED).map((name) => `google.protobuf.${name}Value`),
);

const wrappers = Object.entries(WRAPPED)
  .map(([name, scalar]) => `message ${name}Value { ${scalar} value = 1; }`)
  .join('\n');

const inPackage = (name: string, body: string): string => `syntax = "proto3"; package ${name};\n${body}`;

/** Texts of the files by the name they are imported by. */
export const WELL_KNOWN_FILES: ReadonlyMap<string, string> = new Map([
  ['google/protobuf/wrappers.proto', inPackage('google.protobuf', wrappers)],
  [
    'google/protobuf/timestamp.proto',
    inPackage('google.protobuf', 'message Timestamp { int64 seconds = 1; int32 nanos = 2; }'),
  ],
  [
    'google/protobuf/duration.proto',
    inPackage('google.protobuf', 'message Duration { int64 seconds = 1; int32 nanos = 2; }'),
  ],
  ['google/protobuf/any.proto', inPackage('google.protobuf', 'message Any { string type_url = 1; bytes value = 2; }')],
  ['google/protobuf/empty.proto', inPackage('google.protobuf', 'message Empty { }')],
  [
    'google/protobuf/field_mask.proto',
    inPackage('google.protobuf', 'message FieldMask { repeated string paths = 1; }'),
  ],
  [
    'google/protobuf/source_context.proto',
    inPackage('google.protobuf', 'message SourceContext { string file_name = 1; }'),
  ],
  [
    'google/protobuf/struct.proto',
    inPackage(
      'google.protobuf',
      `message Struct { map<string, Value> fields = 1; }
      message Value {
        oneof kind {
          NullValue null_value = 1; double number_value = 2; string string_value = 3;
          bool bool_value = 4; Struct struct_value = 5; ListValue list_value = 6;
        }
      }
      enum NullValue { NULL_VALUE = 0; }
      message ListValue { repeated Value values = 1; }`,
    ),
  ],
  // Only options refer to it, whose types nothing here depends on.
  ['google/protobuf/descriptor.proto', inPackage('google.protobuf', '')],
  [
    'google/type/date.proto',
    inPackage('google.type', 'message Date { int32 year = 1; int32 month = 2; int32 day = 3; }'),
  ],
  [
    'google/type/timeofday.proto',
    inPackage(
      'google.type',
      'message TimeOfDay { int32 hours = 1; int32 minutes = 2; int32 seconds = 3; int32 nanos = 4; }',
    ),
  ],
  [
    'google/type/money.proto',
    inPackage('google.type', 'message Money { string currency_code = 1; int64 units = 2; int32 nanos = 3; }'),
  ],
  [
    'google/type/latlng.proto',
    inPackage('google.type', 'message LatLng { double latitude = 1; double longitude = 2; }'),
  ],
  [
    'google/type/interval.proto',
    inPackage(
      'google.type',
      `import "google/protobuf/timestamp.proto";
      message Interval { google.protobuf.Timestamp start_time = 1; google.protobuf.Timestamp end_time = 2; }`,
    ),
  ],
  [
    'google/type/dayofweek.proto',
    inPackage(
      'google.type',
      `enum DayOfWeek {
        DAY_OF_WEEK_UNSPECIFIED = 0; MONDAY = 1; TUESDAY = 2; WEDNESDAY = 3; THURSDAY = 4; FRIDAY = 5; SATURDAY = 6; SUNDAY = 7;
      }`,
    ),
  ],
  ['google/type/month.proto', inPackage('google.type', monthEnum())],
  [
    'confluent/meta.proto',
    inPackage(
      'confluent',
      'message Meta { string doc = 1; map<string, string> params = 2; repeated string tags = 3; }',
    ),
  ],
  [
    'confluent/type/decimal.proto',
    inPackage('confluent.type', 'message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }'),
  ],
]);

function monthEnum(): string {
  const months = ['JANUARY', 'FEBRUARY', 'MARCH', 'APRIL', 'MAY', 'JUNE', 'JULY', 'AUGUST', 'SEPTEMBER', 'OCTOBER'];
  const values = [...months, 'NOVEMBER', 'DECEMBER'].map((month, i) => `${month} = ${i + 1};`);
  return `enum Month { MONTH_UNSPECIFIED = 0; ${values.join(' ')} }`;
}
