import { KEYWORDS } from '../../src/parser/tokens.js';

/** The text of grammar/keywords.md. */
export function keywordsPage(): string {
  const reserved = KEYWORDS.filter((keyword) => keyword.reserved).map((keyword) => keyword.word);
  const others = KEYWORDS.filter((keyword) => !keyword.reserved).map((keyword) => keyword.word);
  return `# Keywords

Generated from the token table by \`scripts/generate-grammar.mjs\`: do not edit.

Keywords may be written in any case.

## Reserved (${reserved.length})

To use one of these as a name, quote it: \`\` \`SIZE\` \`\`. A quoted name keeps its case, so write it in upper case
where it stands for a name that was written without quotes.

${table(reserved)}

## Not reserved (${others.length})

These are keywords where the grammar asks for them, and plain names everywhere else.

${table(others)}
`;
}

function table(words: readonly string[]): string {
  const columns = 6;
  const rows: string[] = [`|${'  |'.repeat(columns)}`, `|${'---|'.repeat(columns)}`];
  for (let at = 0; at < words.length; at += columns) {
    const row = words.slice(at, at + columns);
    while (row.length < columns) row.push('');
    rows.push(`| ${row.join(' | ')} |`);
  }
  return rows.join('\n');
}
