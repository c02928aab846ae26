import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { JsonSyntaxError, parseJsonLossless } from '../model/json-text.js';
import { listOf, TestFileError } from './json.js';
import { readCase, readTest } from './read-case.js';
import { readSqlTests } from './sql-script.js';
import type { TestCase } from './test-case.js';

/**
 * The cases of files and, recursively, of folders: `.json` files with a list `cases` or `tests`, and `.sql` files of SQL tests.
 * Other JSON files in folders are left out.
 * @throws TestFileError for a path that does not exist and for a file that is not well-formed
 */
export function readTestFiles(paths: readonly string[]): TestCase[] {
  return paths.flatMap((path) => {
    if (!existsSync(path)) throw new TestFileError(`${path} does not exist`);
    if (!statSync(path).isDirectory()) return readTestFile(path, true);
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(json|sql)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .flatMap((file) => readTestFile(file, false));
  });
}

function readTestFile(path: string, named: boolean): TestCase[] {
  const text = readFileSync(path, 'utf8');
  const file = basename(path).replace(/\.(json|sql)$/, '');
  try {
    if (path.endsWith('.sql')) return readSqlTests(text, file, dirname(path));
    const json = parseJsonLossless(text);
    const members = json instanceof Map ? json : new Map();
    if (members.has('cases')) return listOf(members.get('cases'), 'cases').map(readCase);
    if (members.has('tests')) return listOf(members.get('tests'), 'tests').flatMap((test) => readTest(test, file));
    if (named) throw new TestFileError('expected an object with a list "cases" or "tests"');
    return [];
  } catch (error) {
    if (error instanceof TestFileError || error instanceof JsonSyntaxError) {
      throw new TestFileError(`${path}: ${error.message}`);
    }
    throw error;
  }
}
