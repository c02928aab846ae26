import type { IToken } from 'chevrotain';
import { type SourceSpan, spanning } from '../../model/source-span.js';
import type { ArithmeticOperator, ComparisonOperator, Expression, Identifier, Literal } from '../ast.js';
import { spanOfToken } from '../scanner.js';
import { Asterisk, Concat, K, Minus, Percent, Plus, Slash } from '../tokens.js';
import { BuildError } from './build-error.js';

/** One operand of a chain and the operator before it; the first one has none. */
export interface ChainLink {
  readonly operator: IToken | null;
  readonly operand: Expression;
}

const MULTIPLICATIVE = new Set([Asterisk, Slash, Percent]);
const ADDITIVE = new Set([Plus, Minus]);

/** `a + b * c || d`: folds by precedence, leftmost first. */
export function valueChain(links: readonly ChainLink[]): Expression {
  if (links.length === 1) return links[0]!.operand;
  const products = fold(links, (operator) => MULTIPLICATIVE.has(operator.tokenType), arithmetic);
  const sums = fold(products, (operator) => ADDITIVE.has(operator.tokenType), arithmetic);
  return fold(sums, (operator) => operator.tokenType === Concat, concat)[0]!.operand;
}

/** `a OR b AND c`: AND binds more tightly. */
export function booleanChain(links: readonly ChainLink[]): Expression {
  if (links.length === 1) return links[0]!.operand;
  const conjunctions = fold(links, (operator) => operator.tokenType === K.AND, logical('AND'));
  return fold(conjunctions, (operator) => operator.tokenType === K.OR, logical('OR'))[0]!.operand;
}

type Combine = (left: Expression, right: Expression, operator: IToken) => Expression;

function fold(links: readonly ChainLink[], belongs: (operator: IToken) => boolean, combine: Combine): ChainLink[] {
  const result: ChainLink[] = [];
  for (const link of links) {
    if (link.operator !== null && belongs(link.operator)) {
      const left = result.pop()!;
      result.push({ operator: left.operator, operand: combine(left.operand, link.operand, link.operator) });
    } else {
      result.push(link);
    }
  }
  return result;
}

function arithmetic(left: Expression, right: Expression, operator: IToken): Expression {
  const span = spanning(left.span, right.span);
  return { kind: 'arithmetic', operator: operator.image as ArithmeticOperator, left, right, span };
}

function concat(left: Expression, right: Expression): Expression {
  return { kind: 'concat', left, right, span: spanning(left.span, right.span) };
}

function logical(operator: 'AND' | 'OR'): Combine {
  return (left, right) => ({ kind: 'logical', operator, left, right, span: spanning(left.span, right.span) });
}

/** `- + x`: the sign nearest to the operand applies first. */
export function signed(signs: readonly IToken[], operand: Expression): Expression {
  let result = operand;
  for (let i = signs.length - 1; i >= 0; i--) {
    const sign = signs[i]!;
    const span = spanning(spanOfToken(sign), result.span);
    result = { kind: 'sign', operator: sign.tokenType === Minus ? '-' : '+', operand: result, span };
  }
  return result;
}

/** `NOT NOT x`. */
export function negated(nots: readonly IToken[], operand: Expression): Expression {
  let result = operand;
  for (let i = nots.length - 1; i >= 0; i--) {
    result = { kind: 'not', operand: result, span: spanning(spanOfToken(nots[i]!), result.span) };
  }
  return result;
}

export function comparisonOperator(token: IToken): ComparisonOperator {
  return token.image === '!=' ? '<>' : (token.image as ComparisonOperator);
}

export function column(source: Identifier | null, name: Identifier): Expression {
  return { kind: 'column', source, name, span: source === null ? name.span : spanning(source.span, name.span) };
}

/** What `${name}` became where a literal or a column may stand. */
export function fromVariable(found: Literal | Identifier): Expression {
  return 'kind' in found ? found : column(null, found);
}

/** `TYPE 'text'` for any type but DECIMAL. */
export function unknownTypedLiteral(name: Identifier, span: SourceSpan): BuildError {
  return new BuildError('unknown-type', `Unknown type: ${name.name}`, span, 'write a string, or CAST it to the type');
}
