/*
 * Golden cases, one readable file a feature:
 *
 *     ## name of a case
 *     CREATE STREAM ...;
 *     INSERT INTO ... VALUES ...;
 *
 *     > input orders                     records of a topic as they come from outside: time | key | value | headers
 *     1000 | a | {"UNITS": 1} | source=web
 *     1001 | <null> | <null>
 *
 *     > rows SELECT * FROM T;            a query whose rows may come in any order
 *     ["a", 1]
 *
 *     > changes SELECT * FROM T EMIT CHANGES;   every change so far, in order; deletions as `- [...]`
 *     > topic T                          the records of a topic, partition by partition, in the form of `input`
 *     > answer SHOW STREAMS;             the answers of statements; what is empty is left out
 *     > plan CTAS_T_2                    the plan of a running query or of a statement, as EXPLAIN shows it
 *     > error CREATE STREAM ...;         code and message of a refusal
 *
 * SQL runs as it stands, up to the next `>`, in one session a case; `#PARTITIONS#` is the number of partitions that a variant
 * runs with. An expectation ends at a blank line. `MILLRACE_UPDATE_CASES=1` writes what came out; the author reads the diff.
 * Each case runs in several ways (`VARIANTS` in `case-runner.ts`); `rows` and `error` hold in all of them, whatever order the
 * partitions are read in, the others in the plain one.
 */

export interface Expectation {
  readonly kind: 'rows' | 'changes' | 'topic' | 'answer' | 'plan' | 'error';
  readonly argument: string;
  readonly expected: readonly string[];
  /** Position of the first expected line among the file's lines, for updates. */
  readonly line: number;
}

export type CaseStep =
  | { readonly kind: 'run'; readonly sql: string }
  | { readonly kind: 'input'; readonly topic: string; readonly records: readonly string[] }
  | Expectation;

export interface GoldenCase {
  readonly name: string;
  readonly steps: readonly CaseStep[];
}

const BLOCK = /^> (input|rows|changes|topic|answer|plan|error) (.*)$/;

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
    const below: string[] = [];
    const first = i + 1;
    while (i + 1 < lines.length && lines[i + 1]!.trim() !== '' && !isStart(lines[i + 1]!)) below.push(lines[++i]!);
    const kind = block[1] as Expectation['kind'] | 'input';
    cases
      .at(-1)!
      .steps.push(
        kind === 'input'
          ? { kind, topic: block[2]!.trim(), records: below }
          : { kind, argument: block[2]!, expected: below, line: first },
      );
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
