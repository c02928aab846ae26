import type { IToken, TokenType } from 'chevrotain';
import type { SourceSpan } from '../model/source-span.js';
import {
  Arrow,
  Assign,
  Asterisk,
  Comma,
  Concat,
  DecimalValue,
  DigitIdentifier,
  Dot,
  Equal,
  FloatingValue,
  GreaterOrEqual,
  GreaterThan,
  IntegerValue,
  keywordType,
  LambdaArrow,
  LBracket,
  LessOrEqual,
  LessThan,
  LParen,
  Minus,
  NotEqual,
  Percent,
  PlainIdentifier,
  Plus,
  QuotedIdentifier,
  RBracket,
  RParen,
  Semicolon,
  Slash,
  StringValue,
  Unknown,
  Variable,
} from './tokens.js';

/** Why a piece of text is no token. */
export type ScanProblem = 'string' | 'quotedIdentifier' | 'comment' | 'character';

/** A token as Chevrotain wants it; lines and columns count from 1, `endOffset` is inclusive. */
export class Token implements IToken {
  readonly image: string;
  readonly startOffset: number;
  readonly endOffset: number;
  readonly startLine: number;
  readonly startColumn: number;
  readonly tokenType: TokenType;
  readonly tokenTypeIdx: number;
  /** Set on tokens of type `UNRECOGNIZED`: what was left open. */
  readonly problem: ScanProblem | null;

  constructor(
    type: TokenType,
    image: string,
    start: number,
    line: number,
    column: number,
    problem: ScanProblem | null,
  ) {
    this.image = image;
    this.startOffset = start;
    this.endOffset = start + image.length - 1;
    this.startLine = line;
    this.startColumn = column;
    this.tokenType = type;
    this.tokenTypeIdx = type.tokenTypeIdx!;
    this.problem = problem;
  }
}

/** Text between tokens that a reader may want: comments and directives. */
export interface Trivia {
  readonly kind: 'comment' | 'directive';
  readonly span: SourceSpan;
}

export function spanOfToken(token: IToken): SourceSpan {
  return {
    start: token.startOffset,
    end: token.endOffset! + 1,
    line: token.startLine!,
    column: token.startColumn!,
  };
}

/**
 * Walks a text token by token, in time linear in its length. Never throws: text that fits no rule comes out as a
 * token of type `UNRECOGNIZED` with the reason. An open quote or comment takes the rest of the text.
 */
export class Scanner {
  readonly #text: string;
  readonly #onTrivia: ((trivia: Trivia) => void) | null;
  #offset = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string, onTrivia: ((trivia: Trivia) => void) | null = null) {
    this.#text = text;
    this.#onTrivia = onTrivia;
  }

  /** The next token; null at the end of the text. */
  next(): Token | null {
    const open = this.#skipTrivia();
    if (open !== null) return open;
    const text = this.#text;
    const start = this.#offset;
    if (start >= text.length) return null;
    const c = text.charCodeAt(start);
    if (isIdentifierStart(c)) return this.#word(start);
    if (isDigit(c)) return this.#number(start);
    switch (c) {
      case 0x27:
        return this.#quoted(start, "'", StringValue, 'string');
      case 0x60:
        return this.#quoted(start, '`', QuotedIdentifier, 'quotedIdentifier');
      case 0x22:
        return this.#quoted(start, '"', QuotedIdentifier, 'quotedIdentifier');
      case 0x2e:
        return isDigit(text.charCodeAt(start + 1)) ? this.#number(start) : this.#symbol(Dot, 1);
      case 0x24:
        return this.#variable(start);
      default:
        return this.#operator(start, c);
    }
  }

  /** The place after all that was read. */
  get position(): SourceSpan {
    return {
      start: this.#offset,
      end: this.#offset,
      line: this.#line,
      column: this.#offset - this.#lineStart + 1,
    };
  }

  /** Skips white space and comments; an unclosed comment comes back as a token. */
  #skipTrivia(): Token | null {
    const text = this.#text;
    for (;;) {
      const c = text.charCodeAt(this.#offset);
      if (c === 0x0a) {
        this.#offset++;
        this.#line++;
        this.#lineStart = this.#offset;
      } else if (c === 0x20 || c === 0x09 || c === 0x0d || c === 0xfeff) {
        this.#offset++;
      } else if (c === 0x2d && text.charCodeAt(this.#offset + 1) === 0x2d) {
        const start = this.#offset;
        const newLine = text.indexOf('\n', start);
        const end = newLine < 0 ? text.length : newLine;
        this.#trivia(text.charCodeAt(start + 2) === 0x40 ? 'directive' : 'comment', start, end);
        this.#offset = end;
      } else if (c === 0x2f && text.charCodeAt(this.#offset + 1) === 0x2a) {
        const start = this.#offset;
        const close = text.indexOf('*/', start + 2);
        if (close < 0) return this.#finish(Unknown, text.length, 'comment');
        this.#trivia('comment', start, close + 2);
        this.#advance(close + 2);
      } else {
        return null;
      }
    }
  }

  #trivia(kind: Trivia['kind'], start: number, end: number): void {
    if (this.#onTrivia === null) return;
    const span = { start, end, line: this.#line, column: start - this.#lineStart + 1 };
    this.#onTrivia({ kind, span });
  }

  #word(start: number): Token {
    const text = this.#text;
    let end = start + 1;
    while (isIdentifierPart(text.charCodeAt(end))) end++;
    const type = end - start <= 12 ? keywordType(text.slice(start, end).toUpperCase()) : undefined;
    return this.#symbol(type ?? PlainIdentifier, end - start);
  }

  /** Longest match among integer, decimal, floating-point number and digit identifier, as ksqlDB's lexer decides. */
  #number(start: number): Token {
    const text = this.#text;
    let end = start;
    while (isDigit(text.charCodeAt(end))) end++;
    const integerEnd = end;
    let type = IntegerValue;
    if (text.charCodeAt(end) === 0x2e) {
      end++;
      while (isDigit(text.charCodeAt(end))) end++;
      type = DecimalValue;
    }
    const exponentEnd = this.#exponent(end);
    if (exponentEnd > end) {
      end = exponentEnd;
      type = FloatingValue;
    }
    let wordEnd = integerEnd;
    while (isIdentifierPart(text.charCodeAt(wordEnd))) wordEnd++;
    if (integerEnd > start && wordEnd > end) return this.#symbol(DigitIdentifier, wordEnd - start);
    return this.#symbol(type, end - start);
  }

  /** The end of an exponent that begins at `at`, or `at` when there is none. */
  #exponent(at: number): number {
    const text = this.#text;
    const e = text.charCodeAt(at);
    if (e !== 0x65 && e !== 0x45) return at;
    let end = at + 1;
    const sign = text.charCodeAt(end);
    if (sign === 0x2b || sign === 0x2d) end++;
    if (!isDigit(text.charCodeAt(end))) return at;
    while (isDigit(text.charCodeAt(end))) end++;
    return end;
  }

  #quoted(start: number, quote: string, type: TokenType, problem: ScanProblem): Token {
    const text = this.#text;
    let from = start + 1;
    for (;;) {
      const close = text.indexOf(quote, from);
      if (close < 0) return this.#finish(Unknown, text.length, problem);
      if (text[close + 1] !== quote) return this.#finish(type, close + 1, null);
      from = close + 2;
    }
  }

  #variable(start: number): Token {
    const text = this.#text;
    let end = start + 2;
    if (text.charCodeAt(start + 1) === 0x7b && isIdentifierStart(text.charCodeAt(end))) {
      while (isIdentifierPart(text.charCodeAt(end))) end++;
      if (text.charCodeAt(end) === 0x7d) return this.#symbol(Variable, end + 1 - start);
    }
    return this.#finish(Unknown, start + 1, 'character');
  }

  #operator(start: number, c: number): Token {
    const next = this.#text.charCodeAt(start + 1);
    switch (c) {
      case 0x3b:
        return this.#symbol(Semicolon, 1);
      case 0x28:
        return this.#symbol(LParen, 1);
      case 0x29:
        return this.#symbol(RParen, 1);
      case 0x2c:
        return this.#symbol(Comma, 1);
      case 0x5b:
        return this.#symbol(LBracket, 1);
      case 0x5d:
        return this.#symbol(RBracket, 1);
      case 0x2b:
        return this.#symbol(Plus, 1);
      case 0x2a:
        return this.#symbol(Asterisk, 1);
      case 0x2f:
        return this.#symbol(Slash, 1);
      case 0x25:
        return this.#symbol(Percent, 1);
      case 0x2d:
        return next === 0x3e ? this.#symbol(Arrow, 2) : this.#symbol(Minus, 1);
      case 0x3d:
        return next === 0x3e ? this.#symbol(LambdaArrow, 2) : this.#symbol(Equal, 1);
      case 0x3c:
        if (next === 0x3d) return this.#symbol(LessOrEqual, 2);
        return next === 0x3e ? this.#symbol(NotEqual, 2) : this.#symbol(LessThan, 1);
      case 0x3e:
        return next === 0x3d ? this.#symbol(GreaterOrEqual, 2) : this.#symbol(GreaterThan, 1);
      case 0x21:
        if (next === 0x3d) return this.#symbol(NotEqual, 2);
        break;
      case 0x7c:
        if (next === 0x7c) return this.#symbol(Concat, 2);
        break;
      case 0x3a:
        if (next === 0x3d) return this.#symbol(Assign, 2);
        break;
    }
    // A character outside the basic plane is two code units; cutting it would show half of it in the message.
    const wide = c >= 0xd800 && c < 0xdc00 && next >= 0xdc00 && next < 0xe000;
    return this.#finish(Unknown, start + (wide ? 2 : 1), 'character');
  }

  /** A token without line ends inside. */
  #symbol(type: TokenType, length: number): Token {
    const start = this.#offset;
    this.#offset = start + length;
    const image = this.#text.slice(start, start + length);
    return new Token(type, image, start, this.#line, start - this.#lineStart + 1, null);
  }

  #finish(type: TokenType, end: number, problem: ScanProblem | null): Token {
    const start = this.#offset;
    const token = new Token(
      type,
      this.#text.slice(start, end),
      start,
      this.#line,
      start - this.#lineStart + 1,
      problem,
    );
    this.#advance(end);
    return token;
  }

  /** Moves on over text that may hold line ends. */
  #advance(end: number): void {
    const text = this.#text;
    for (let i = this.#offset; i < end; i++) {
      if (text.charCodeAt(i) === 0x0a) {
        this.#line++;
        this.#lineStart = i + 1;
      }
    }
    this.#offset = end;
  }
}

export function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39;
}

function isIdentifierStart(c: number): boolean {
  return (c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a) || c === 0x5f;
}

function isIdentifierPart(c: number): boolean {
  return isIdentifierStart(c) || isDigit(c) || c === 0x40;
}
