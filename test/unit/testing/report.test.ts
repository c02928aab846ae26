import { expect, test } from 'vitest';
import { createReporter, type ReporterName } from '../../../src/testing/report.js';
import type { CaseResult } from '../../../src/testing/test-case.js';

const passed: CaseResult = { id: 'a/good', kind: 'query', status: 'passed', reason: null };
const failed = (id: string, reason: string): CaseResult => ({ id, kind: 'query', status: 'failed', reason });

function report(name: ReporterName, summary: boolean, ...results: CaseResult[]): string[] {
  const lines: string[] = [];
  const reporter = createReporter(name, (line) => lines.push(line), summary);
  for (const result of results) reporter.result(result);
  reporter.end();
  return lines;
}

test('plain: failures with their reason, then the counts', () => {
  expect(report('plain', false, passed, failed('a/bad', 'why'))).toEqual([
    'failed a/bad\n    why',
    '1 passed, 1 failed, 0 skipped',
  ]);
});

test('json: a line for each case', () => {
  const lines = report('json', false, passed, failed('a/bad', 'why'));
  expect(lines.slice(0, 2).map((line) => JSON.parse(line))).toEqual([passed, failed('a/bad', 'why')]);
  expect(lines[2]).toBe('1 passed, 1 failed, 0 skipped');
});

test('summary: failures by what they have in common, the most frequent first', () => {
  const lines = report(
    'plain',
    true,
    failed('a/1', 'something else'),
    failed('a/2', "no column 'X' on line 1"),
    failed('a/3', "no column 'Y' on line 22"),
  );
  expect(lines).toEqual([
    '    2  no column _ on line 0\n        a/2\n        a/3',
    '    1  something else\n        a/1',
    '0 passed, 3 failed, 0 skipped',
  ]);
});
