/** What scripts/fuzz-parser.mjs needs of the parser. */
export { formatStatement } from '../src/parser/format.js';
export { parse } from '../src/parser/parse.js';
export { isComplete, tokenize } from '../src/parser/split.js';
export { KEYWORDS } from '../src/parser/tokens.js';
