import type { IToken } from 'chevrotain';
import type { SourceSpan } from '../../model/source-span.js';
import type { Duration, Literal } from '../ast.js';
import { spanOfToken } from '../scanner.js';
import { FloatingValue, IntegerValue, K, timeUnitOf } from '../tokens.js';
import { BuildError, positionOfLiteral } from './build-error.js';

const MAX_BIGINT = 2n ** 63n - 1n;
const MIN_BIGINT = -(2n ** 63n);

/** TRUE, FALSE or NULL. */
export function simpleLiteral(token: IToken): Literal {
  const span = spanOfToken(token);
  if (token.tokenType === K.NULL) return { kind: 'null', span };
  return { kind: 'boolean', value: token.tokenType === K.TRUE, span };
}

/** A number with the minus that belongs to it; `span` covers both. */
export function numberLiteral(token: IToken, negative: boolean, span: SourceSpan): Literal {
  const text = negative ? `-${token.image}` : token.image;
  if (token.tokenType === IntegerValue) {
    // 20 digits exceed 64 bits; turning a megabyte of digits into a bigint to learn that would take seconds.
    const digits = withoutLeadingZeros(token.image);
    const value = digits.length > 19 ? null : negative ? -BigInt(digits) : BigInt(digits);
    if (value === null || value > MAX_BIGINT || value < MIN_BIGINT) {
      throw new BuildError('invalid-number', `${positionOfLiteral(span)}Invalid numeric literal: ${text}`, span);
    }
    return { kind: 'integer', value, span };
  }
  if (token.tokenType === FloatingValue) {
    const value = Number(text);
    if (!Number.isFinite(value)) {
      throw new BuildError('invalid-number', `${positionOfLiteral(span)}Number overflows DOUBLE: ${text}`, span);
    }
    return { kind: 'double', value, span };
  }
  return { kind: 'decimal', text, span };
}

/** `DECIMAL '1.5'`: the text must be a plain or scientific decimal number. */
export function decimalLiteral(text: string, span: SourceSpan): Literal {
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(text)) {
    throw new BuildError('invalid-number', `${positionOfLiteral(span)}Invalid numeric literal: ${text}`, span);
  }
  return { kind: 'decimal', text: text.startsWith('+') ? text.slice(1) : text, span };
}

/** A count that must be an integer, such as that of LIMIT; `command` names it in the message. */
export function integerFor(command: string, literal: Literal): bigint {
  if (literal.kind !== 'integer') {
    throw new BuildError('not-an-integer', `Value must be integer for command: ${command}`, literal.span);
  }
  return literal.value;
}

export function duration(amount: IToken, unit: IToken): Duration {
  const start = spanOfToken(amount);
  const span = { ...start, end: unit.endOffset! + 1 };
  const literal = numberLiteral(amount, false, start);
  return { amount: literal.kind === 'integer' ? literal.value : 0n, unit: timeUnitOf(unit.tokenType), span };
}

function withoutLeadingZeros(digits: string): string {
  let at = 0;
  while (at < digits.length - 1 && digits[at] === '0') at++;
  return at === 0 ? digits : digits.slice(at);
}
