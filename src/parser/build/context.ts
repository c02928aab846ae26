import type { IToken } from 'chevrotain';
import type { SourceSpan } from '../../model/source-span.js';
import type { Identifier, Literal } from '../ast.js';
import { DEFAULT_LIMITS, LimitError, type ParseLimits } from '../limits.js';
import { Scanner, spanOfToken, type Token } from '../scanner.js';
import {
  DigitIdentifier,
  isReserved,
  Minus,
  Name,
  NumberValue,
  PlainIdentifier,
  QuotedIdentifier,
  SimpleLiteral,
  StringValue,
  Variable,
} from '../tokens.js';
import { type Replacement, substituteInString, variableName } from '../variables.js';
import { BuildError, illegalArgument } from './build-error.js';
import { numberLiteral, simpleLiteral } from './literals.js';

/** What building one statement needs beyond its tokens: the text, the variables, the limits. */
export class BuildContext {
  readonly text: string;
  readonly limits: ParseLimits;
  readonly #variables: ReadonlyMap<string, string> | null;
  readonly #replacements: Replacement[] = [];

  constructor(text: string, variables: ReadonlyMap<string, string> | null, limits: ParseLimits = DEFAULT_LIMITS) {
    this.text = text;
    this.limits = limits;
    this.#variables = variables;
  }

  /** What substitution replaced so far, by source offset. */
  get replacements(): readonly Replacement[] {
    return this.#replacements;
  }

  /** A name: folded to upper case, unquoted, or looked up. */
  identifier(token: IToken): Identifier {
    const span = spanOfToken(token);
    if (token.tokenType === Variable) return this.#identifierVariable(token, span);
    if (token.tokenType === QuotedIdentifier) return { name: unquote(token.image), quoted: true, span };
    return { name: token.image.toUpperCase(), quoted: false, span };
  }

  /** The name of a stream or table, which may hold letters, digits, `_` and `-` only. */
  sourceName(token: IToken): Identifier {
    const identifier = this.identifier(token);
    if (!isSourceName(identifier.name)) {
      throw illegalArgument(
        identifier.span,
        `Source names may only contain alphanumeric values, '_' or '-'. Got: '${identifier.name}'`,
      );
    }
    return identifier;
  }

  /** A name whose case stays as written even without quotes, or a string: topics, subjects, connector properties. */
  textOrName(token: IToken): string {
    if (token.tokenType === StringValue) return this.string(token);
    if (token.tokenType === QuotedIdentifier) return unquote(token.image);
    if (token.tokenType !== Variable) return token.image;
    const literal = this.#variableToken(token);
    if (literal !== null && literal.tokenType === StringValue) {
      this.#replace(token, literal.image);
      return unquote(literal.image);
    }
    return this.identifier(token).name;
  }

  /** The value of a string literal after substitution. */
  string(token: IToken): string {
    if (token.image.length > this.limits.literalCharacters) {
      const limit = this.limits.literalCharacters;
      throw new LimitError(
        `Statement is too large to parse. It has a string of ${token.image.length} characters, at most ${limit} are allowed.`,
        spanOfToken(token),
        'shorten the string',
      );
    }
    const written = unquote(token.image);
    if (this.#variables === null) return written;
    const value = substituteInString(written, this.#variables);
    if (value !== written) this.#replace(token, `'${value.replaceAll("'", "''")}'`);
    return value;
  }

  /** A string, TRUE, FALSE or NULL. */
  simpleLiteral(token: IToken): Literal {
    if (token.tokenType === StringValue) return { kind: 'string', value: this.string(token), span: spanOfToken(token) };
    return simpleLiteral(token);
  }

  /** `${name}` where only a literal may stand. */
  literalVariable(token: IToken): Literal {
    const literal = this.#variableLiteral(token);
    if (literal === null) throw illegalArgument(spanOfToken(token), `Got: '${this.#valueOf(token)}'`);
    return literal;
  }

  /** `${name}` where a literal or a name may stand. */
  literalOrIdentifierVariable(token: IToken): Literal | Identifier {
    const literal = this.#variableLiteral(token);
    if (literal !== null) return literal;
    const found = this.#variableToken(token);
    if (found === null || !isName(found)) throw illegalArgument(spanOfToken(token), `Got: '${this.#valueOf(token)}'`);
    return this.#identifierVariable(token, spanOfToken(token));
  }

  #identifierVariable(token: IToken, span: SourceSpan): Identifier {
    const found = this.#variableToken(token);
    if (found === null || !isName(found)) {
      const value = this.#valueOf(token);
      if (isReserved(value.toUpperCase())) {
        throw new BuildError(
          'reserved-word',
          `Illegal argument at Line: ${span.line}, Col: ${span.column}. "${value}" is a reserved keyword and it can't be used as an identifier.`,
          span,
          `write the value with back-ticks: \`${value}\``,
        );
      }
      throw illegalArgument(
        span,
        `Identifier names cannot start with '@' and may only contain alphanumeric values and '_'. Got: '${value}'`,
      );
    }
    this.#replace(token, found.image);
    if (found.tokenType === QuotedIdentifier) return { name: unquote(found.image), quoted: true, span };
    return { name: found.image.toUpperCase(), quoted: false, span };
  }

  #variableLiteral(token: IToken): Literal | null {
    const tokens = this.#variableTokens(token);
    const span = spanOfToken(token);
    const negative = tokens.length === 2 && tokens[0]!.tokenType === Minus;
    const last = tokens[tokens.length - 1];
    if (last === undefined || (tokens.length !== 1 && !negative)) return null;
    const isNumber = isA(last, NumberValue);
    if (!isNumber && (negative || !isA(last, SimpleLiteral))) return null;
    this.#replace(token, `${negative ? '-' : ''}${last.image}`);
    if (isNumber) return numberLiteral(last, negative, span);
    if (last.tokenType === StringValue) return { kind: 'string', value: unquote(last.image), span };
    return { ...simpleLiteral(last), span };
  }

  /** The one token that the value of a variable consists of, or null. */
  #variableToken(token: IToken): Token | null {
    const tokens = this.#variableTokens(token);
    return tokens.length === 1 ? tokens[0]! : null;
  }

  /** At most three tokens of a variable's value; none when comments or blanks surround them. */
  #variableTokens(token: IToken): readonly Token[] {
    const value = this.#variables?.get(variableName(token.image));
    if (value === undefined) return [];
    const scanner = new Scanner(value);
    const tokens: Token[] = [];
    for (let next = scanner.next(); next !== null && tokens.length < 3; next = scanner.next()) tokens.push(next);
    const length = tokens.reduce((sum, t) => sum + t.image.length, 0);
    return length === value.length ? tokens : [];
  }

  /** The value of a variable, or the reference itself when it is not defined. */
  #valueOf(token: IToken): string {
    return this.#variables?.get(variableName(token.image)) ?? token.image;
  }

  #replace(token: IToken, text: string): void {
    this.#replacements.push({ start: token.startOffset, end: token.endOffset! + 1, text });
  }
}

function isName(token: Token): boolean {
  const type = token.tokenType;
  return type === PlainIdentifier || type === QuotedIdentifier || type === DigitIdentifier || isA(token, Name);
}

function isA(token: Token, category: typeof Name): boolean {
  return token.tokenType.CATEGORIES?.includes(category) ?? false;
}

function unquote(image: string): string {
  const quote = image[0]!;
  const inner = image.slice(1, -1);
  return inner.includes(quote) ? inner.replaceAll(quote + quote, quote) : inner;
}

function isSourceName(name: string): boolean {
  if (name.length === 0) return false;
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    const fits =
      (c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a) || (c >= 0x30 && c <= 0x39) || c === 0x5f || c === 0x2d;
    if (!fits) return false;
  }
  return true;
}
