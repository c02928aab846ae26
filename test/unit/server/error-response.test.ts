import { describe, expect, it } from 'vitest';
import { RecordError, StatementError, SystemError } from '../../../src/model/errors.js';
import { badRequest, errorReply, inBandError, RequestError } from '../../../src/server/error-response.js';

describe('errorReply', () => {
  const silent = () => {};

  it.each([
    ['a wrong statement', new StatementError('no'), 400, 40001, 'statement_error'],
    ['a query sent to /ksql', new StatementError('no', { code: 'query-endpoint' }), 400, 40002, 'statement_error'],
    ['a wrong request', new StatementError('no', { problem: 'engine' }), 400, 40000, 'generic_error'],
    ['a failed assertion', new StatementError('no', { code: 'assertion-failed' }), 417, 41700, 'generic_error'],
    ['a bad body', badRequest('no'), 400, 40000, 'generic_error'],
    ['a large body', new RequestError(413, 41300, 'no'), 413, 41300, 'generic_error'],
    ['a full disk', new SystemError('no'), 500, 50000, 'generic_error'],
    ['a busy service', new SystemError('no', { retriable: true }), 503, 50000, 'generic_error'],
    ['a closed engine', new SystemError('no', { code: 'closed' }), 503, 50303, 'generic_error'],
  ])('%s', (_, error, status, code, type) => {
    expect(errorReply(error, silent)).toMatchObject({ status, body: { '@type': type, error_code: code } });
  });

  it('names the statement on /ksql', () => {
    expect(errorReply(new SystemError('no'), silent, 'A; B;').body).toMatchObject({
      '@type': 'statement_error',
      statementText: 'A; B;',
    });
    const known = new StatementError('no', { statementText: 'B;' });
    expect(errorReply(known, silent, 'A; B;').body).toMatchObject({ statementText: 'B;' });
  });

  it('tells the log, and not the client, about errors nobody foresaw', () => {
    const logged: unknown[] = [];
    const error = new TypeError('secret path');
    const { status, body } = errorReply(error, (e) => logged.push(e));
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('secret');
    expect(logged).toEqual([error]);
  });

  it('adds the hint and the causes that say more', () => {
    const cause = new RecordError('expression', 'division by zero');
    const error = new StatementError('cannot run', { hint: 'Divide by something else.', cause });
    expect(errorReply(error, silent).body.message).toBe(
      'cannot run\nDivide by something else.\nCaused by: division by zero',
    );
    const repeated = new StatementError('cannot run: division by zero', { cause });
    expect(errorReply(repeated, silent).body.message).toBe('cannot run: division by zero');
  });

  it('shows the statement of a syntax error after its place', () => {
    const error = new StatementError('line 1:3: Syntax Error\nExpecting X', {
      problem: 'syntax',
      statementText: 'A B;',
      hint: 'hidden',
    });
    expect(errorReply(error, silent).body.message).toBe('line 1:3: Syntax Error\n\nStatement: A B;\nExpecting X');
  });

  it('tells in a running response who is to act', () => {
    expect(inBandError(new StatementError('no'), silent)).toMatchObject({ error_code: 40000, message: 'no' });
    expect(inBandError(new SystemError('no'), silent)).toMatchObject({ error_code: 50000, message: 'no' });
  });
});
