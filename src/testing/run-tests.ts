import type { Dialect } from '../planner/planning-context.js';
import { createReporter, type Reporter, type ReporterName } from './report.js';
import { runCase } from './run-case.js';
import { readTestFiles } from './test-files.js';

export interface TestRunOptions {
  /** Files and folders of tests. */
  readonly paths: readonly string[];
  /** Who is told of the results, by name or as objects of their own. */
  readonly reporters: readonly (ReporterName | Reporter)[];
  /** Only cases whose id contains this; null for all. */
  readonly filter: string | null;
  /** Whose SQL is spoken; `ksqldb` refuses what ksqlDB refuses. */
  readonly dialect: Dialect;
  /** Whether failures are grouped by reason instead of listed. */
  readonly summary: boolean;
  /** Takes a line of output of the named reporters, without its end. */
  readonly write: (line: string) => void;
}

/**
 * Runs tests and reports them; the last line is `N passed, N failed, N skipped`.
 * @returns the exit code: 0 when nothing failed, else 1
 * @throws TestFileError for paths that do not exist and files that are not well-formed
 */
export async function runTests(options: TestRunOptions): Promise<number> {
  const { filter, write, summary, dialect } = options;
  const reporters = options.reporters.map((reporter) =>
    typeof reporter === 'string' ? createReporter(reporter, write, summary) : reporter,
  );
  let failed = false;
  for (const test of readTestFiles(options.paths)) {
    if (filter !== null && !test.id.includes(filter)) continue;
    const result = await runCase(test, dialect);
    failed ||= result.status === 'failed';
    for (const reporter of reporters) reporter.result(result);
  }
  for (const reporter of reporters) reporter.end();
  return failed ? 1 : 0;
}
