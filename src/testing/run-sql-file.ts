import { readFileSync } from 'node:fs';
import { JsonSyntaxError, parseJsonLossless } from '../model/json-text.js';
import type { Dialect } from '../planner/planning-context.js';
import { objectOf, TestFileError } from './json.js';
import { readRecords } from './read-case.js';
import { runCase } from './run-case.js';
import type { CaseResult, TestRecord } from './test-case.js';

/** What ksqlDB's older test runner takes: a file of statements, and the records that go in and come out. */
export interface SqlFileTest {
  readonly sqlFile: string;
  /** `{"inputs": [...]}`; null when the statements insert what there is. */
  readonly inputFile: string | null;
  /** `{"outputs": [...]}`. */
  readonly outputFile: string;
}

/** @throws TestFileError for files that cannot be read or are not well-formed */
export function runSqlFileTest(test: SqlFileTest, dialect: Dialect): Promise<CaseResult> {
  return runCase(
    {
      kind: 'query',
      id: test.sqlFile,
      name: test.sqlFile,
      statements: [readText(test.sqlFile)],
      properties: new Map(),
      topics: [],
      inputs: test.inputFile === null ? [] : readRecordFile(test.inputFile, 'inputs'),
      outputs: readRecordFile(test.outputFile, 'outputs'),
      expectedException: null,
      post: null,
    },
    dialect,
  );
}

function readRecordFile(path: string, member: 'inputs' | 'outputs'): readonly TestRecord[] {
  try {
    const members = objectOf(parseJsonLossless(readText(path)), 'the file');
    if (!members.has(member)) throw new TestFileError(`the list "${member}" is missing`);
    return readRecords(members.get(member), member);
  } catch (error) {
    if (!(error instanceof TestFileError || error instanceof JsonSyntaxError)) throw error;
    throw error.message.startsWith(path) ? error : new TestFileError(`${path}: ${error.message}`);
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new TestFileError(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}
