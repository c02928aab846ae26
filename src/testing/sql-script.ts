import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from '../parser/parse.js';
import { splitStatements } from '../parser/split.js';
import { TestFileError } from './json.js';
import type { SqlCase } from './test-case.js';

const DIRECTIVE = /^--@([\w.]+):[ \t]*(.*?)[ \t]*$/;

/**
 * The tests of a SQL file: each begins with `--@test: <name>`.
 * @param folder where the files of `RUN SCRIPT` are looked for
 */
export function readSqlTests(text: string, file: string, folder: string): SqlCase[] {
  const tests: { name: string; error: string | null; message: string | null; lines: string[] }[] = [];
  for (const line of text.split(/\r?\n/)) {
    const [, name, argument = ''] = DIRECTIVE.exec(line) ?? [];
    const current = tests.at(-1);
    if (name === 'test') tests.push({ name: argument, error: null, message: null, lines: [] });
    else if (current === undefined) {
      if (line.trim() !== '' && !line.startsWith('--')) {
        throw new TestFileError('a SQL test begins with a line "--@test: <name>"');
      }
    } else if (name === 'expected.error') current.error = argument;
    else if (name === 'expected.message') current.message = argument;
    else current.lines.push(line);
  }
  return tests.map(({ name, error, message, lines }) => ({
    kind: 'sql',
    id: `${file}/${name}`,
    name,
    steps: splitStatements(lines.join('\n')).map(({ text: step }) => scriptOf(step, folder) ?? step),
    expectedError: error,
    expectedMessage: message,
  }));
}

/** The text of the script that a RUN SCRIPT names; null for other statements. */
function scriptOf(text: string, folder: string): string | null {
  const statement = parse(text, { testDialect: true }).statements[0]?.statement;
  if (statement?.kind !== 'runScript') return null;
  const path = resolve(folder, statement.path);
  if (!existsSync(path)) throw new TestFileError(`the script ${path} does not exist`);
  return readFileSync(path, 'utf8');
}
