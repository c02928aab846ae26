/*
 * Golden cases, one readable file a feature:
 *
 *     ## name of a case
 *     CREATE STREAM ...;
 *     INSERT INTO ... VALUES ...;
 *
 *     > rows SELECT * FROM T;            a pull query, rows in any order
 *     ["a",1]
 *
 *     > changes SELECT * FROM T EMIT CHANGES;   every change so far, in order; deletions as `- [...]`
 *     > answer SHOW STREAMS;             the answers of statements as JSON, a line each
 *     > plan CTAS_T_2                    the plan of a running query, as EXPLAIN shows it
 *     > error CREATE STREAM ...;         code and message of a refusal
 *
 * SQL runs as it stands, up to the next `>`. An expectation ends at a blank line. `npm test -- --update` writes what came out.
 */

export type CaseStep =
  | { readonly kind: 'run'; readonly sql: string }
  | {
      readonly kind: 'rows' | 'changes' | 'answer' | 'plan' | 'error';
      readonly argument: string;
      readonly expected: readonly string[];
      /** Position of the first expected line among the file's lines, for updates. */
      readonly line: number;
    };

export interface GoldenCase {
  readonly name: string;
  readonly steps: readonly CaseStep[];
}

const BLOCK = /^> (rows|changes|answer|plan|error) (.*)$/;

export function parseCaseFile(text: string): GoldenCase[] {
  const cases: { name: string; steps: CaseStep[] }[] = [];
  const lines = text.split('\n');
  let sql: string[] = [];
  const flush = (): void => {
    const joined = sql.join('\n').trim();
    if (joined !== '') cases.at(-1)!.steps.push({ kind: 'run', sql: joined });
    sql = [];
  };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    if (line.startsWith('## ')) {
      if (cases.length > 0) flush();
      cases.push({ name: line.slice(3).trim(), steps: [] });
      continue;
    }
    if (cases.length === 0) continue;
    const block = BLOCK.exec(line);
    if (block === null) {
      sql.push(line);
      continue;
    }
    flush();
    const expected: string[] = [];
    const first = i + 1;
    while (i + 1 < lines.length && lines[i + 1]!.trim() !== '' && !isStart(lines[i + 1]!)) expected.push(lines[++i]!);
    cases.at(-1)!.steps.push({ kind: block[1] as 'rows', argument: block[2]!, expected, line: first });
  }
  if (cases.length > 0) flush();
  return cases;
}

/** The file's text with the expectations at these lines replaced. */
export function updateCaseFile(
  text: string,
  replacements: ReadonlyMap<number, { old: number; lines: readonly string[] }>,
): string {
  const lines = text.split('\n');
  for (const [line, { old, lines: fresh }] of [...replacements].sort(([a], [b]) => b - a))
    lines.splice(line, old, ...fresh);
  return lines.join('\n');
}

function isStart(line: string): boolean {
  return line.startsWith('## ') || BLOCK.test(line);
}
