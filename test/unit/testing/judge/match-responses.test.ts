import { describe, expect, test } from 'vitest';
import { type JsonObject, parseJsonLossless } from '../../../../src/model/json-text.js';
import { errorDifference, matchResponses, type RestResponse } from '../../../../src/testing/judge/match-responses.js';
import type { RestCase } from '../../../../src/testing/test-case.js';

const CASE: RestCase = {
  kind: 'rest',
  id: 'c',
  name: 'c',
  statements: ['CREATE ...;', 'SELECT * FROM T;'],
  queriesFrom: 1,
  properties: new Map(),
  topics: [],
  inputs: [],
  outputs: [],
  responses: [],
  expectedError: null,
  waitsForPushQuery: false,
  verifiesOrder: false,
  asksForProtobuf: false,
};

const object = (text: string): JsonObject => parseJsonLossless(text) as JsonObject;
const rows = (...texts: string[]): RestResponse => ({ kind: 'query', rows: texts.map(object) });
const match =
  (expected: string, actual: RestResponse, test: RestCase = CASE) =>
  () =>
    matchResponses([object(expected)], [actual], test);

describe('rows of a query', () => {
  const actual = rows(
    '{"header": {"queryId": "q_7", "schema": "`A` INTEGER"}}',
    '{"row": {"columns": [1]}}',
    '{"row": {"columns": [2]}}',
  );

  test('come in any order, unless the case says otherwise', () => {
    const turned = '{"query": [{"header": {}}, {"row": {"columns": [2]}}, {"row": {"columns": [1]}}]}';
    expect(match(turned, actual)).not.toThrow();
    expect(match(turned, actual, { ...CASE, verifiesOrder: true })).toThrow('expected [2], got [1]');
  });

  test('are compared exactly', () => {
    const one = (columns: string) =>
      match(`{"query": [{"row": {"columns": ${columns}}}]}`, rows('{"row": {"columns": [1.0, {"a": 1, "b": 2}]}}'));
    expect(one('[1.0, {"b": 2, "a": 1}]')).not.toThrow();
    expect(one('[1, {"a": 1, "b": 2}]')).toThrow('columns');
    expect(one('[1.00, {"a": 1, "b": 2}]')).toThrow('columns');
    expect(one('[1.0, {"A": 1, "b": 2}]')).toThrow('columns');
  });

  test('are as many as expected, and hold the expected fields', () => {
    expect(match('{"query": [{"header": {}}]}', actual)).toThrow('expected 1 rows, got 3');
    const header = (text: string) => match(`{"query": [{"header": ${text}}, {"row": {}}, {"row": {}}]}`, actual);
    expect(header('{"schema": "`A` INTEGER"}')).not.toThrow();
    expect(header('{"schema": "`A` BIGINT"}')).toThrow('header: schema');
    expect(header('{"queryId|starts_with": "q_"}')).not.toThrow();
    expect(header('{"queryId|starts_with": "r_"}')).toThrow('to start with');
    expect(header('{"other": 1}')).toThrow('the field other is missing');
  });
});

describe('rows in Protobuf', () => {
  const protoSchema =
    'syntax = "proto3"; message M { int32 A = 1; repeated BEntry B = 2; message BEntry { string key = 1; int32 value = 2; } }';
  const row = (...bytes: number[]) => ({ row: { protobufBytes: Buffer.from(bytes).toString('base64') } });
  const y = [18, 3, 10, 1, 121];
  const answer = [{ header: { queryId: 'q', protoSchema } }, row(8, 1), row(8, 2, 18, 5, 10, 1, 120, 16, 1, ...y)];
  const actual: RestResponse = { kind: 'queryProto', rows: answer.map((element) => object(JSON.stringify(element))) };
  const matchRows = (...queryProto: object[]) => match(JSON.stringify({ queryProto }), actual);
  const two = 'A: 2\nB {\n  key: "y"\n}\nB {\n  key: "x"\n  value: 1\n}\n';

  test('are compared as texts in any order, and so are the entries of maps', () => {
    expect(matchRows({ header: {} }, { row: two }, { row: 'A: 1\n' })).not.toThrow();
    expect(matchRows({ header: {} }, { row: two }, { row: 'A: 0\n' })).toThrow('expected "A: 0');
    expect(matchRows({ header: {} }, { row: two.replace('1', '3') }, { row: 'A: 1\n' })).toThrow('value: 3');
  });

  test('have the expected schema, and as many rows', () => {
    expect(matchRows({ header: { protoSchema } }, {}, {})).not.toThrow();
    expect(matchRows({ header: { protoSchema: 'x' } }, {}, {})).toThrow('header: protoSchema');
    expect(matchRows({ header: {} })).toThrow('expected 1 rows, got 3');
    expect(match('{"query": []}', actual)).toThrow('got queryProto');
  });
});

test('an entity must hold the expected fields; statements stand for themselves', () => {
  const entity: RestResponse = {
    kind: 'admin',
    entity: object('{"@type": "x", "statementText": "CREATE ...;", "more": 1}'),
  };
  expect(match('{"admin": {"@type": "x", "statementText": "{STATEMENT0}"}}', entity)).not.toThrow();
  expect(match('{"admin": {"@type": "y"}}', entity)).toThrow('@type');
  expect(match('{"query": []}', entity)).toThrow('got admin');
});

test('there may be more responses than expected, not fewer', () => {
  expect(() => matchResponses([], [rows()], CASE)).not.toThrow();
  expect(() => matchResponses([object('{"query": []}')], [], CASE)).toThrow('expected 1 responses, got 0');
});

test('an error has the expected parts', () => {
  const actual = { status: 400, type: 'statement_error', message: 'no such thing', statementText: 'SELECT 1;' };
  const expected = { status: 400, type: 'a.KsqlErrorMessage', message: 'such' };
  expect(errorDifference(expected, actual, 'SELECT 1;')).toBeNull();
  expect(errorDifference({ ...expected, status: 500 }, actual, 'SELECT 1;')).toBe('expected the status 500, got 400');
  expect(errorDifference(expected, actual, 'SELECT 2;')).toMatch(/^expected an error of the last statement/);
  const generic = { ...actual, type: 'generic_error', statementText: null };
  expect(errorDifference({ ...expected, type: 'a.KsqlStatementErrorMessage' }, generic, '')).toMatch(/generic_error/);
});
