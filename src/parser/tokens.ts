import { createToken, Lexer, type TokenType } from 'chevrotain';
import type { TimeUnit } from '../model/time.js';

/*
 * The token table. The order of definition is the order in which `Expecting {...}` lists tokens,
 * which is ksqlDB's: punctuation, keywords, operators, values.
 */

/** Words that must be quoted to serve as names. */
export const RESERVED_WORDS = [
  ...['SELECT', 'FROM', 'AS', 'ALL', 'DISTINCT', 'WHERE', 'WITHIN', 'WINDOW', 'GROUP', 'BY', 'HAVING', 'LIMIT', 'AT'],
  ...['OR', 'AND', 'IN', 'NOT', 'EXISTS', 'BETWEEN', 'LIKE', 'IS', 'NULL', 'TRUE', 'FALSE', 'MILLISECOND', 'YEARS'],
  ...['MONTHS', 'DAYS', 'HOURS', 'MINUTES', 'SECONDS', 'MILLISECONDS', 'TUMBLING', 'HOPPING', 'SIZE', 'ADVANCE'],
  ...['RETENTION', 'CASE', 'WHEN', 'THEN', 'ELSE', 'END', 'JOIN', 'FULL', 'OUTER', 'INNER', 'LEFT', 'RIGHT', 'ON'],
  ...['WITH', 'VALUES', 'CREATE', 'TABLE', 'TOPIC', 'STREAM', 'STREAMS', 'INSERT', 'DELETE', 'INTO', 'DESCRIBE'],
  ...['EXTENDED', 'PRINT', 'CAST', 'LIST', 'TOPICS', 'QUERY', 'QUERIES', 'TERMINATE', 'PAUSE', 'RESUME', 'LOAD'],
  ...['DROP', 'TO', 'RENAME', 'SAMPLE', 'EXPORT', 'CATALOG', 'PROPERTIES', 'BEGINNING', 'UNSET', 'RUN', 'SCRIPT'],
  ...['DECIMAL', 'CONNECTOR', 'CONNECTORS', 'NAMESPACE', 'MATERIALIZED', 'VIEW'],
] as const;

/** Words that are keywords in some places and plain names everywhere else. */
export const NON_RESERVED_WORDS = [
  ...[
    'SHOW',
    'TABLES',
    'COLUMNS',
    'COLUMN',
    'PARTITIONS',
    'FUNCTIONS',
    'FUNCTION',
    'SESSION',
    'STRUCT',
    'MAP',
    'ARRAY',
  ],
  ...[
    'PARTITION',
    'INTEGER',
    'DATE',
    'TIME',
    'TIMESTAMP',
    'INTERVAL',
    'ZONE',
    'STRING',
    'YEAR',
    'MONTH',
    'DAY',
    'HOUR',
  ],
  ...['MINUTE', 'SECOND', 'EXPLAIN', 'ANALYZE', 'TYPE', 'TYPES', 'SET', 'RESET', 'IF', 'SOURCE', 'SINK', 'PRIMARY'],
  ...['KEY', 'EMIT', 'CHANGES', 'FINAL', 'ESCAPE', 'REPLACE', 'ASSERT', 'ALTER', 'ADD', 'HEADER', 'HEADERS', 'GRACE'],
  ...['PERIOD', 'DEFINE', 'UNDEFINE', 'VARIABLES', 'PLUGINS', 'SYSTEM', 'TIMEOUT', 'SCHEMA', 'SUBJECT', 'ID'],
] as const;

export type ReservedWord = (typeof RESERVED_WORDS)[number];
export type NonReservedWord = (typeof NON_RESERVED_WORDS)[number];
export type KeywordName = ReservedWord | NonReservedWord;

/** What a run of text is, for highlighting. `unknown` is text that no token rule fits. */
export type TokenKind =
  | 'keyword'
  | 'identifier'
  | 'quotedIdentifier'
  | 'string'
  | 'number'
  | 'operator'
  | 'punctuation'
  | 'variable'
  | 'comment'
  | 'directive'
  | 'unknown';

/** What the table knows of a token type beyond what Chevrotain needs. */
interface TokenFacts {
  readonly kind: TokenKind;
  /** How `Expecting {...}` spells it. */
  readonly display: string;
  /** How a sentence spells it. */
  readonly words: string;
}

const facts = new Map<number, TokenFacts>();
const all: TokenType[] = [];

/** The one factory: every token type of the language is made here. */
function token(
  name: string,
  kind: TokenKind,
  spelling: string | null,
  words: string,
  categories: TokenType[],
): TokenType {
  const type = createToken({ name, pattern: Lexer.NA, label: spelling ?? words, categories });
  // `STRING` is a keyword here; the symbol of string literals is spelt so in messages only.
  const display = name === 'STRING_VALUE' ? 'STRING' : spelling === null ? name : `'${spelling}'`;
  facts.set(type.tokenTypeIdx!, { kind, display, words });
  all.push(type);
  return type;
}

function category(name: string, words: string): TokenType {
  return token(name, 'unknown', null, words, []);
}

/** Whatever may stand for a name: identifiers, non-reserved words, `${name}`. */
export const Name = category('Name', 'a name');
/** An identifier or a string: property and topic names. */
export const TextOrName = category('TextOrName', 'a name or a string');
export const BooleanOperator = category('BooleanOperator', 'AND or OR');
export const ArithmeticOperator = category('ArithmeticOperator', 'an arithmetic operator');
export const SignOperator = category('SignOperator', '- or +');
export const ComparisonOperatorToken = category('ComparisonOperator', 'a comparison operator');
export const UnitOfTime = category('UnitOfTime', 'a unit of time');
export const NumberValue = category('NumberValue', 'a number');
/** A string, a boolean, NULL, a number: what a property may be set to, sign apart. */
export const SimpleLiteral = category('SimpleLiteral', 'a string, TRUE, FALSE or NULL');
export const SourceKindWord = category('SourceKindWord', 'STREAM or TABLE');
export const ListOrShow = category('ListOrShow', 'LIST or SHOW');

function symbol(name: string, spelling: string, ...categories: TokenType[]): TokenType {
  const kind = categories.length > 0 ? 'operator' : 'punctuation';
  return token(name, kind, spelling, `'${spelling}'`, categories);
}

export const Semicolon = symbol('Semicolon', ';');
export const LParen = symbol('LParen', '(');
export const Comma = symbol('Comma', ',');
export const RParen = symbol('RParen', ')');
export const LBracket = symbol('LBracket', '[');
export const RBracket = symbol('RBracket', ']');
export const Dot = symbol('Dot', '.');

const UNIT_OF_WORD: Readonly<Record<string, TimeUnit>> = {
  DAY: 'DAYS',
  DAYS: 'DAYS',
  HOUR: 'HOURS',
  HOURS: 'HOURS',
  MINUTE: 'MINUTES',
  MINUTES: 'MINUTES',
  SECOND: 'SECONDS',
  SECONDS: 'SECONDS',
  MILLISECOND: 'MILLISECONDS',
  MILLISECONDS: 'MILLISECONDS',
};

/** The unit that a word such as `HOUR` names. */
export function timeUnitOf(type: TokenType): TimeUnit {
  return UNIT_OF_WORD[type.name]!;
}

const EXTRA_CATEGORIES: Readonly<Partial<Record<KeywordName, readonly TokenType[]>>> = {
  AND: [BooleanOperator],
  OR: [BooleanOperator],
  TRUE: [SimpleLiteral],
  FALSE: [SimpleLiteral],
  NULL: [SimpleLiteral],
  STREAM: [SourceKindWord],
  TABLE: [SourceKindWord],
  LIST: [ListOrShow],
  SHOW: [ListOrShow],
};

const keywordTypes = new Map<string, TokenType>();

function defineKeywords(): Readonly<Record<KeywordName, TokenType>> {
  const record: Partial<Record<KeywordName, TokenType>> = {};
  const reserved = new Set<string>(RESERVED_WORDS);
  for (const word of [...RESERVED_WORDS, ...NON_RESERVED_WORDS]) {
    const categories = [...(EXTRA_CATEGORIES[word] ?? [])];
    if (word in UNIT_OF_WORD) categories.push(UnitOfTime);
    if (!reserved.has(word)) categories.push(Name, TextOrName);
    const type = token(word, 'keyword', word, word, categories);
    record[word] = type;
    keywordTypes.set(word, type);
  }
  return record as Record<KeywordName, TokenType>;
}

/** Token types of all keywords, by word. */
export const K = defineKeywords();

export const Equal = symbol('Equal', '=', ComparisonOperatorToken);
export const NotEqual = symbol('NotEqual', '<>', ComparisonOperatorToken);
export const LessThan = symbol('LessThan', '<', ComparisonOperatorToken);
export const LessOrEqual = symbol('LessOrEqual', '<=', ComparisonOperatorToken);
export const GreaterThan = symbol('GreaterThan', '>', ComparisonOperatorToken);
export const GreaterOrEqual = symbol('GreaterOrEqual', '>=', ComparisonOperatorToken);
export const Plus = symbol('Plus', '+', ArithmeticOperator, SignOperator);
export const Minus = symbol('Minus', '-', ArithmeticOperator, SignOperator);
export const Asterisk = symbol('Asterisk', '*', ArithmeticOperator);
export const Slash = symbol('Slash', '/', ArithmeticOperator);
export const Percent = symbol('Percent', '%', ArithmeticOperator);
export const Concat = symbol('Concat', '||', ArithmeticOperator);
export const Assign = symbol('Assign', ':=');
export const Arrow = symbol('Arrow', '->');
export const LambdaArrow = symbol('LambdaArrow', '=>');

export const StringValue = token('STRING_VALUE', 'string', null, 'a string', [SimpleLiteral, TextOrName]);
export const IntegerValue = token('INTEGER_VALUE', 'number', null, 'an integer', [NumberValue]);
export const DecimalValue = token('DECIMAL_VALUE', 'number', null, 'a decimal number', [NumberValue]);
export const FloatingValue = token('FLOATING_POINT_VALUE', 'number', null, 'a number', [NumberValue]);
export const PlainIdentifier = token('IDENTIFIER', 'identifier', null, 'a name', [Name, TextOrName]);
export const DigitIdentifier = token('DIGIT_IDENTIFIER', 'identifier', null, 'a name', [Name, TextOrName]);
export const QuotedIdentifier = token('QUOTED_IDENTIFIER', 'quotedIdentifier', null, 'a name', [Name, TextOrName]);
export const Variable = token('VARIABLE', 'variable', null, 'a variable', [Name, TextOrName]);
/** Text that is no token: a stray character, a quote that never closes. */
export const Unknown = token('UNRECOGNIZED', 'unknown', null, 'nothing', []);

/** How the tokens that are no fixed text are spelt, in EBNF. */
export const LEXICAL_RULES: readonly (readonly [name: string, rule: string])[] = [
  ['STRING_VALUE', `"'" { any character but "'" | "''" } "'"`],
  ['INTEGER_VALUE', 'digit { digit }'],
  ['DECIMAL_VALUE', `digit { digit } '.' { digit } | '.' digit { digit }`],
  ['FLOATING_POINT_VALUE', `( INTEGER_VALUE | DECIMAL_VALUE ) 'E' [ '+' | '-' ] digit { digit }`],
  ['IDENTIFIER', `( letter | '_' ) { letter | digit | '_' | '@' }`],
  ['DIGIT_IDENTIFIER', `digit ( letter | digit | '_' | '@' ) { letter | digit | '_' | '@' }`],
  ['QUOTED_IDENTIFIER', "'`' { any character but '`' | '``' } '`' | '\"' { any character but '\"' | '\"\"' } '\"'"],
  ['VARIABLE', `'\${' IDENTIFIER '}'`],
];

export const ALL_TOKENS: readonly TokenType[] = all;

/** The token type of a word if it is a keyword; `upper` must be in upper case. */
export function keywordType(upper: string): TokenType | undefined {
  return keywordTypes.get(upper);
}

const RESERVED = new Set<string>(RESERVED_WORDS);

/** Whether a word must be quoted to serve as a name; `upper` must be in upper case. */
export function isReserved(upper: string): boolean {
  return RESERVED.has(upper);
}

/** All keywords in alphabetical order, for completion and documentation. */
export const KEYWORDS: readonly { readonly word: KeywordName; readonly reserved: boolean }[] = [
  ...RESERVED_WORDS.map((word) => ({ word, reserved: true })),
  ...NON_RESERVED_WORDS.map((word) => ({ word, reserved: false })),
].sort((a, b) => (a.word < b.word ? -1 : 1));

export function tokenKind(type: TokenType): TokenKind {
  return facts.get(type.tokenTypeIdx!)?.kind ?? 'unknown';
}

/** How ksqlDB's `Expecting {...}` spells a token type: quoted when it is fixed text, else its symbol. */
export function displayToken(type: TokenType): string {
  return facts.get(type.tokenTypeIdx!)?.display ?? type.name;
}

/** A token type as a sentence names it. */
export function tokenInWords(type: TokenType): string {
  return facts.get(type.tokenTypeIdx!)?.words ?? type.name;
}
