import { TestFileError } from '../../testing/json.js';
import type { ReporterName } from '../../testing/report.js';
import { runSqlFileTest } from '../../testing/run-sql-file.js';
import { runTests, type TestRunOptions } from '../../testing/run-tests.js';
import { shareFunctionsOf } from '../../testing/shared-functions.js';
import { EXIT, type ExitCode, UsageError } from '../exit.js';
import type { Terminal } from '../terminal.js';

export interface TestOptions {
  readonly reporter: ReporterName;
  /** Only tests whose id contains this. */
  readonly filter?: string;
  /** Group failures by reason. */
  readonly summary: boolean;
  readonly dialect: TestRunOptions['dialect'];
  readonly functionsDir?: string;
  /** With `outputFile`, and `inputFile` if there is input: one test as ksql-test-runner takes it, instead of paths. */
  readonly sqlFile?: string;
  readonly inputFile?: string;
  readonly outputFile?: string;
}

/** `millrace test`: files and folders of tests, or one test of a file of statements, its input and its output. */
export async function runTest(paths: readonly string[], options: TestOptions, terminal: Terminal): Promise<ExitCode> {
  const { sqlFile, inputFile, outputFile, dialect, functionsDir } = options;
  const release = functionsDir === undefined ? () => {} : shareFunctionsOf(functionsDir);
  try {
    if (sqlFile === undefined) {
      if (inputFile !== undefined || outputFile !== undefined) {
        throw new UsageError(
          'records of a test without its statements',
          'Give the file of statements with --sql-file.',
        );
      }
      if (paths.length === 0) {
        throw new UsageError('there is nothing to test', 'Give files or folders, or --sql-file and --output-file.');
      }
      return await testPaths(paths, options, terminal);
    }
    if (paths.length > 0) {
      throw new UsageError('paths and --sql-file exclude each other', 'Give one of them.');
    }
    if (outputFile === undefined) {
      throw new UsageError('a test needs its expected records', 'Give their file with --output-file.');
    }
    const result = await runSqlFileTest({ sqlFile, inputFile: inputFile ?? null, outputFile }, dialect);
    if (result.status === 'passed') {
      await terminal.write('\t >>> Test passed!\n');
      return EXIT.ok;
    }
    terminal.writeError(`\t>>>>> Test failed: ${result.reason}\n`);
    return EXIT.statement;
  } catch (error) {
    throw error instanceof TestFileError ? new UsageError(error.message) : error;
  } finally {
    release();
  }
}

async function testPaths(paths: readonly string[], options: TestOptions, terminal: Terminal): Promise<ExitCode> {
  const { reporter, filter, summary, dialect } = options;
  let written = Promise.resolve();
  const code = await runTests({
    paths,
    reporters: [reporter],
    filter: filter ?? null,
    summary,
    dialect,
    write: (line) => {
      written = written.then(() => terminal.write(`${line}\n`));
    },
  });
  await written;
  return code === 0 ? EXIT.ok : EXIT.statement;
}
