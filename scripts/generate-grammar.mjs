/**
 * Writes grammar/sql.ebnf, grammar/diagrams.html and grammar/keywords.md from the parser and its token table.
 * With --check it writes nothing and fails when a file is out of date.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importTypeScript } from './import-typescript.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const check = process.argv.includes('--check');
const { grammarFiles } = await importTypeScript('scripts/grammar/index.ts');

for (const [name, text] of grammarFiles()) {
  const path = join('grammar', name);
  const current = existsSync(path) ? readFileSync(path, 'utf8') : null;
  if (current === text) continue;
  if (check) {
    console.error(`${path} is out of date: run node scripts/generate-grammar.mjs`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, text);
    console.log(`wrote ${path}`);
  }
}
