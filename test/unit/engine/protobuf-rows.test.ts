import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import type { ResultColumn } from '../../../src/engine/engine.js';
import { protobufRows } from '../../../src/engine/protobuf-rows.js';
import { RecordError, StatementError } from '../../../src/model/errors.js';
import {
  arrayType,
  BIGINT,
  BYTES,
  decimalType,
  INTEGER,
  mapType,
  type SqlType,
  STRING,
  structType,
  TIMESTAMP,
} from '../../../src/model/sql-type.js';

const column = (name: string, type: SqlType): ResultColumn => ({ name, type, isKey: false });

describe('protobufRows', () => {
  it('numbers the columns in their order, as ksqlDB spells the schema', () => {
    const { schema } = protobufRows([
      column('ID', BIGINT),
      column('TAGS', mapType(STRING, INTEGER)),
      column('HEADS', arrayType(structType([{ name: 'KEY', type: STRING }]))),
    ]);
    expect(schema).toBe(`syntax = "proto3";

message ConnectDefault1 {
  int64 ID = 1;
  repeated ConnectDefault2Entry TAGS = 2;
  repeated ConnectDefault3 HEADS = 3;

  message ConnectDefault2Entry {
    string key = 1;
    int32 value = 2;
  }
  message ConnectDefault3 {
    string KEY = 1;
  }
}
`);
  });

  it('writes messages that others read with the schema, one after the other', () => {
    const { schema, encode } = protobufRows([column('ID', BIGINT), column('NAME', STRING), column('RAW', BYTES)]);
    const message = protobuf.parse(schema, { keepCase: true }).root.lookupType('ConnectDefault1');
    const read = (base64: string) => message.toObject(message.decode(Buffer.from(base64, 'base64')), { longs: String });
    expect(read(encode([9007199254740993n, 'é', Buffer.from([0, 255])]))).toEqual({
      ID: '9007199254740993',
      NAME: 'é',
      RAW: Buffer.from([0, 255]),
    });
    expect(read(encode([7, null, null]))).toEqual({ ID: '7' });
    expect(encode([null, null, null])).toBe('');
  });

  it('imports what dates and decimals need', () => {
    const { schema } = protobufRows([column('D', decimalType(4, 2)), column('T', TIMESTAMP)]);
    expect(schema).toContain('import "google/protobuf/timestamp.proto";');
    expect(schema).toContain('confluent.type.Decimal D = 1 [(confluent.field_meta)');
  });

  it.each<[string, readonly ResultColumn[], string]>([
    ['a map with other keys', [column('M', mapType(INTEGER, STRING))], 'only supports MAP types with STRING keys'],
    [
      'an array of arrays',
      [column('A', arrayType(arrayType(INTEGER)))],
      'does not support ARRAY or MAP types within ARRAY types',
    ],
    ['a name that is no identifier', [column('a b', INTEGER)], 'does not support the name `a b`'],
    ['a name twice', [column('A', INTEGER), column('A', STRING)], 'there is more than one column `A`'],
  ])('refuses %s', (_, columns, reason) => {
    const refused = () => protobufRows(columns);
    expect(refused).toThrow(StatementError);
    expect(refused).toThrow(`The rows cannot be written as Protobuf messages: `);
    expect(refused).toThrow(reason);
  });

  it('refuses a row with a null in an array, and goes on', () => {
    const { encode } = protobufRows([column('A', arrayType(INTEGER))]);
    expect(() => encode([[1, null]])).toThrow(RecordError);
    expect(encode([[1, 2]])).toBe(Buffer.from([0x0a, 2, 1, 2]).toString('base64'));
  });
});
