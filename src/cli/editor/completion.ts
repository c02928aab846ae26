import { tokenize } from '../../parser/split.js';
import { KEYWORDS } from '../../parser/tokens.js';
import type { KnownNames } from '../backend/backend.js';
import { COMMAND_NAMES } from '../input.js';

/** What Tab may put in the place of the text from `start` to the cursor. */
export interface Completion {
  readonly start: number;
  /** Sorted, each once. */
  readonly candidates: readonly string[];
}

type Lists = { readonly [K in keyof KnownNames]: readonly string[] };

/** Which names follow a word. */
const AFTER: Readonly<Record<string, readonly (keyof Lists)[]>> = {
  FROM: ['sources'],
  JOIN: ['sources'],
  INTO: ['sources'],
  DESCRIBE: ['sources'],
  STREAM: ['sources'],
  TABLE: ['sources'],
  PRINT: ['topics'],
  TERMINATE: ['queries'],
  PAUSE: ['queries'],
  RESUME: ['queries'],
  EXPLAIN: ['queries'],
  FUNCTION: ['functions'],
};

/** Candidates for the word before the cursor: by what stands before it names of one kind, else words and names of all kinds. */
export function complete(text: string, cursor: number, names: KnownNames): Completion {
  const before = text.slice(0, cursor);
  const setting = /\b(?:un)?set\s+'([\w.]*)$/i.exec(before);
  if (setting !== null) return matching(setting[1]!, cursor, names.properties, false);

  const word = /[\p{L}\p{N}_]*$/u.exec(before)![0];
  const tokens = tokenize(before);
  const within = tokens.at(-1);
  if (within !== undefined && (within.kind === 'string' || within.kind === 'comment') && within.span.end >= cursor) {
    return { start: cursor, candidates: [] };
  }
  const statement = tokens.slice(
    tokens.findLastIndex(({ span }) => before.slice(span.start, span.end) === ';' && span.end <= cursor) + 1,
  );
  const previous = statement.filter(({ span }) => span.end <= cursor - word.length).at(-1);
  if (previous === undefined) {
    const commands = before.slice(0, cursor - word.length).trim() === '' ? COMMAND_NAMES : [];
    return matching(word, cursor, [...STATEMENT_STARTS, ...commands], true);
  }
  const kinds = AFTER[before.slice(previous.span.start, previous.span.end).toUpperCase()];
  if (kinds !== undefined) {
    const wanted = kinds.flatMap((kind) => names[kind]);
    const found = matching(word, cursor, wanted, true);
    if (found.candidates.length > 0) return found;
  }
  // Nothing typed yet: what may well come, not everything that could.
  if (word === '') return matching('', cursor, [...CLAUSES, ...names.columns], true);
  const words = KEYWORDS.map((keyword) => keyword.word);
  return matching(
    word,
    cursor,
    [...words, ...names.sources, ...names.columns, ...names.functions, ...names.types],
    true,
  );
}

const CLAUSES = [
  ...['FROM', 'WHERE', 'GROUP BY', 'HAVING', 'PARTITION BY', 'WINDOW', 'LEFT JOIN', 'INNER JOIN', 'EMIT CHANGES'],
  ...['LIMIT', 'VALUES', 'WITH', 'EXTENDED'],
];

const STATEMENT_STARTS = [
  ...['SELECT', 'CREATE', 'INSERT', 'DROP', 'ALTER', 'TERMINATE', 'PAUSE', 'RESUME', 'LIST', 'SHOW', 'DESCRIBE'],
  ...['EXPLAIN', 'PRINT', 'SET', 'UNSET', 'DEFINE', 'UNDEFINE', 'ASSERT'],
];

/** @param folds whether case does not matter; then what is offered takes the case of what was typed */
function matching(word: string, cursor: number, names: readonly string[], folds: boolean): Completion {
  const start = cursor - word.length;
  const wanted = folds ? word.toUpperCase() : word;
  const lower = word !== '' && word === word.toLowerCase();
  const found = names
    .filter((name) => (folds ? name.toUpperCase() : name).startsWith(wanted))
    .map((name) => (folds && lower && name === name.toUpperCase() ? name.toLowerCase() : name));
  return { start, candidates: [...new Set(found)].sort() };
}

/** What all candidates begin with. */
export function commonPrefix(candidates: readonly string[]): string {
  let prefix = candidates[0] ?? '';
  for (const candidate of candidates) {
    let length = 0;
    while (length < prefix.length && prefix[length] === candidate[length]) length++;
    prefix = prefix.slice(0, length);
  }
  return prefix;
}
