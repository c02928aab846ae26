import { expect, test } from 'vitest';
import { EXIT, Interrupted, UsageError } from '../../../../src/cli/exit.js';
import { errorText, exitCodeOf } from '../../../../src/cli/render/error-text.js';
import { LocatedError } from '../../../../src/cli/render/located-error.js';
import { PLAIN } from '../../../../src/cli/render/palette.js';
import { StatementError, SystemError } from '../../../../src/model/errors.js';

const TEXT = 'CREATE STREAM o AS\n\tSELECT k, w FROM s;';
const SPAN = { start: 30, end: 31, line: 2, column: 12 };

function shown(error: unknown, columns: number | null = null): string[] {
  return errorText(error, PLAIN, columns).split('\n');
}

test('an error shows its line, marked, and what to do', () => {
  const error = new StatementError("Line: 2, Col: 12: SELECT column 'W' cannot be resolved.", {
    span: SPAN,
    hint: "Did you mean 'K'?",
  });
  const source = { name: 'a.sql', text: TEXT, firstLine: 10 };
  expect(shown(new LocatedError(error, source))).toEqual([
    "error: SELECT column 'W' cannot be resolved.",
    '   --> a.sql:11:12',
    '   |',
    '11 |   SELECT k, w FROM s;',
    '   |             ^',
    "hint: Did you mean 'K'?",
    '',
  ]);
});

test('the words of a server tell the place too', () => {
  const error = new StatementError("Line: 1, Col: 8: SELECT column 'W' cannot be resolved.");
  const lines = shown(new LocatedError(error, { name: null, text: 'SELECT wide FROM s;', firstLine: 1 }));
  expect(lines.slice(0, 5)).toEqual([
    "error: SELECT column 'W' cannot be resolved.",
    '  --> line 1:8',
    '  |',
    '1 | SELECT wide FROM s;',
    '  |        ^^^^',
  ]);
});

test('a long line is shown around the error', () => {
  const text = `SELECT ${'a, '.repeat(100)}bad, ${'c, '.repeat(100)}d FROM s;`;
  const at = text.indexOf('bad');
  const error = new StatementError('no', { span: { start: at, end: at + 3, line: 1, column: at + 1 } });
  const lines = shown(new LocatedError(error, { name: null, text, firstLine: 1 }), 60);
  expect(lines[3]!.length).toBeLessThanOrEqual(60);
  expect(lines[3]!.slice(lines[4]!.indexOf('^'), lines[4]!.lastIndexOf('^') + 1)).toBe('bad');
});

test('other errors are one sentence with the remedy, and never steer the terminal', () => {
  expect(shown(new SystemError('the disk is full\u001b[2J', { hint: 'make room' }))).toEqual([
    'error: the disk is full\\x1b[2J. Make room.',
    '',
  ]);
  expect(shown(new Error('oops'))[0]).toMatch(/^error: internal error: oops\. /);
});

test('who must act decides the exit code', () => {
  const located = new LocatedError(new StatementError('x'), { name: null, text: '', firstLine: 1 });
  expect(
    [located, new UsageError('x'), new SystemError('x'), new Interrupted(), new Error('x')].map(exitCodeOf),
  ).toEqual([EXIT.statement, EXIT.usage, EXIT.service, EXIT.interrupted, EXIT.service]);
});
