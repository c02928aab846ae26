import { StatementError } from '../model/errors.js';
import type { Dialect } from '../planner/planning-context.js';
import { TestFileError } from './json.js';
import { runQueryCase } from './run-query-case.js';
import { runRestCase } from './run-rest-case.js';
import { runSqlCase } from './run-sql-case.js';
import { type CaseResult, type TestCase, TestFailure, TestSkipped } from './test-case.js';

/** Runs a case. Never throws: whatever goes wrong is the reason of a failure. */
export async function runCase(test: TestCase, dialect: Dialect): Promise<CaseResult> {
  const { id, kind } = test;
  try {
    await dispatch(test, dialect);
    return { id, kind, status: 'passed', reason: null };
  } catch (error) {
    if (error instanceof TestSkipped) return { id, kind, status: 'skipped', reason: error.message };
    return { id, kind, status: 'failed', reason: reasonOf(error) };
  }
}

function dispatch(test: TestCase, dialect: Dialect): void | Promise<void> {
  switch (test.kind) {
    case 'query':
    case 'expected-exception':
      return runQueryCase(test, dialect);
    case 'sql':
      return runSqlCase(test, dialect);
    case 'rest':
      return runRestCase(test, dialect);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof TestFailure || error instanceof TestFileError) return error.message;
  if (error instanceof StatementError) return `refused: ${error.message}`;
  if (!(error instanceof Error)) return String(error);
  const at = error.stack?.split('\n').find((line) => line.trimStart().startsWith('at '));
  return `${error.name}: ${error.message}${error.name === 'SystemError' || at === undefined ? '' : ` ${at.trim()}`}`;
}
