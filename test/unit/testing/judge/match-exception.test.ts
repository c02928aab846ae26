import { expect, test } from 'vitest';
import { StatementError, SystemError } from '../../../../src/model/errors.js';
import { exceptionDifference } from '../../../../src/testing/judge/match-exception.js';
import { WrongRecordCount } from '../../../../src/testing/judge/match-records.js';
import { TestFailure } from '../../../../src/testing/test-case.js';

const expecting = (type: string | null, message: string | null, error: unknown): string | null =>
  exceptionDifference({ type, message, cause: null, causeMessage: null }, error);

const refusal = new StatementError('no such column: X', { statementText: 'SELECT X FROM S;' });

test('a message is a part of the short or the long form', () => {
  expect(expecting(null, 'such column', refusal)).toBeNull();
  expect(expecting(null, 'column: X\nStatement: SELECT X', refusal)).toBeNull();
  expect(expecting(null, 'No such column', refusal)).toMatch(/^expected the message "No such column"/);
});

test('a class is met by itself and by its kinds', () => {
  const syntax = new StatementError('line 1:2: Syntax Error', { problem: 'syntax' });
  const engine = new StatementError('no', { problem: 'engine' });
  const broken = new SystemError('the task is broken');
  for (const error of [syntax, refusal, engine, broken])
    expect(expecting('a.b.StreamsException', null, error)).toBeNull();
  expect(expecting('a.b.KsqlStatementException', null, syntax)).toBeNull();
  expect(expecting('a.b.ParseFailedException', null, refusal)).toMatch(/^expected a ParseFailedException/);
  expect(expecting('a.b.KsqlStatementException', null, engine)).toMatch(/got a KsqlException/);
  expect(expecting('a.b.KsqlException', null, broken)).toMatch(/got a StreamsException/);
});

test('a wrong number of records is an engine error, a wrong record is none', () => {
  expect(expecting('KsqlException', null, new WrongRecordCount('topic T: expected 1 records, got 2'))).toBeNull();
  expect(expecting('KsqlException', null, new TestFailure('topic T, record 0: ...'))).toBe('topic T, record 0: ...');
});

test('causes are looked at where they are expected', () => {
  const error = new SystemError('outer', { cause: new SystemError('inner') });
  const expected = { type: null, message: 'outer', cause: 'StreamsException', causeMessage: 'inner' };
  expect(exceptionDifference(expected, error)).toBeNull();
  expect(exceptionDifference({ ...expected, causeMessage: 'other' }, error)).toMatch(/other/);
  expect(exceptionDifference(expected, new SystemError('outer'))).toBe('expected a cause, got none');
});
