import { diagramsPage } from './diagrams.js';
import { ebnf } from './ebnf.js';
import { keywordsPage } from './keywords.js';

/** The generated files of the folder `grammar`, by name. */
export function grammarFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['sql.ebnf', ebnf()],
    ['diagrams.html', diagramsPage()],
    ['keywords.md', keywordsPage()],
  ]);
}
