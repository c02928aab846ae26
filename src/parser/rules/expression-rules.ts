import type { IToken, ParserMethod } from 'chevrotain';
import type { CallArgument, Expression, Identifier, Lambda, Literal } from '../ast.js';
import {
  booleanChain,
  type ChainLink,
  column,
  comparisonOperator,
  fromVariable,
  negated,
  signed,
  unknownTypedLiteral,
  valueChain,
} from '../build/expressions.js';
import { decimalLiteral, numberLiteral } from '../build/literals.js';
import { tooMany } from '../limits.js';
import { spanOfToken } from '../scanner.js';
import {
  ArithmeticOperator,
  Arrow,
  Assign,
  Asterisk,
  BooleanOperator,
  Comma,
  ComparisonOperatorToken,
  Dot,
  K,
  LambdaArrow,
  LBracket,
  LParen,
  Minus,
  NumberValue,
  RBracket,
  RParen,
  SignOperator,
  SimpleLiteral,
  StringValue,
  timeUnitOf,
  UnitOfTime,
  Variable,
} from '../tokens.js';
import { TypeRules } from './type-rules.js';

/**
 * Expressions. Chains of operators are read flat and folded by precedence afterwards, so that a level of brackets
 * costs three rules of stack instead of one for each precedence.
 */
export class ExpressionRules extends TypeRules {
  /** Anything: `NOT`, `AND`, `OR` over predicates. */
  readonly expression: ParserMethod<[], Expression> = this.RULE('expression', () => {
    const links: ChainLink[] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: BooleanOperator,
      DEF: () => {
        const operator = links.length === 0 ? null : this.LA(0);
        const nots: IToken[] = [];
        this.MANY(() => nots.push(this.CONSUME(K.NOT)));
        let operand = this.SUBRULE(this.value);
        this.OPTION(() => {
          operand = this.SUBRULE(this.predicate, { ARGS: [operand] });
        });
        this.ACTION(() => links.push({ operator, operand: negated(nots, operand) }));
      },
    });
    return this.ACTION<Expression>(() => booleanChain(links));
  });

  /** What may follow a value to make it a condition; conditions do not chain. */
  readonly predicate: ParserMethod<[Expression], Expression> = this.RULE('predicate', (operand: Expression) =>
    this.OR<Expression>([
      { ALT: () => this.SUBRULE(this.comparison, { ARGS: [operand] }) },
      { ALT: () => this.SUBRULE(this.isPredicate, { ARGS: [operand] }) },
      {
        ALT: () => {
          let not = false;
          this.OPTION(() => {
            this.CONSUME(K.NOT);
            not = true;
          });
          return this.OR2([
            { ALT: () => this.SUBRULE(this.between, { ARGS: [operand, not] }) },
            { ALT: () => this.SUBRULE(this.inList, { ARGS: [operand, not] }) },
            { ALT: () => this.SUBRULE(this.like, { ARGS: [operand, not] }) },
          ]);
        },
      },
    ]),
  );

  readonly comparison: ParserMethod<[Expression], Expression> = this.RULE('comparison', (left: Expression) => {
    const operator = this.CONSUME(ComparisonOperatorToken);
    const right = this.SUBRULE(this.value);
    return this.ACTION<Expression>(() => ({
      kind: 'comparison',
      operator: comparisonOperator(operator),
      left,
      right,
      span: this.extend(left.span),
    }));
  });

  readonly isPredicate: ParserMethod<[Expression], Expression> = this.RULE('isPredicate', (operand: Expression) => {
    let not = false;
    this.CONSUME(K.IS);
    this.OPTION(() => {
      this.CONSUME(K.NOT);
      not = true;
    });
    return this.OR<Expression>([
      {
        ALT: () => {
          this.CONSUME(K.NULL);
          return this.ACTION<Expression>(() => ({
            kind: 'isNull',
            operand,
            negated: not,
            span: this.extend(operand.span),
          }));
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.DISTINCT);
          this.CONSUME(K.FROM);
          const right = this.SUBRULE(this.value);
          return this.ACTION<Expression>(() => ({
            kind: 'comparison',
            operator: not ? 'IS NOT DISTINCT FROM' : 'IS DISTINCT FROM',
            left: operand,
            right,
            span: this.extend(operand.span),
          }));
        },
      },
    ]);
  });

  readonly between: ParserMethod<[Expression, boolean], Expression> = this.RULE(
    'between',
    (operand: Expression, not: boolean) => {
      this.CONSUME(K.BETWEEN);
      const low = this.SUBRULE(this.value);
      this.CONSUME(K.AND);
      const high = this.SUBRULE2(this.value);
      return this.ACTION<Expression>(() => ({
        kind: 'between',
        operand,
        low,
        high,
        negated: not,
        span: this.extend(operand.span),
      }));
    },
  );

  readonly inList: ParserMethod<[Expression, boolean], Expression> = this.RULE(
    'inList',
    (operand: Expression, not: boolean) => {
      const items: Expression[] = [];
      this.CONSUME(K.IN);
      this.CONSUME(LParen);
      this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => items.push(this.SUBRULE(this.expression)) });
      this.listEnded();
      this.CONSUME(RParen);
      return this.ACTION<Expression>(() => {
        const span = this.extend(operand.span);
        const limit = this.context.limits.inItems;
        if (items.length > limit) throw tooMany('items in an IN list', items.length, limit, span);
        return { kind: 'in', operand, items, negated: not, span };
      });
    },
  );

  readonly like: ParserMethod<[Expression, boolean], Expression> = this.RULE(
    'like',
    (operand: Expression, not: boolean) => {
      let escapeText: string | null = null;
      this.CONSUME(K.LIKE);
      const pattern = this.SUBRULE(this.value);
      this.OPTION(() => {
        this.CONSUME(K.ESCAPE);
        const token = this.CONSUME(StringValue);
        this.ACTION(() => {
          escapeText = this.context.string(token);
        });
      });
      return this.ACTION<Expression>(() => ({
        kind: 'like',
        operand,
        pattern,
        escape: escapeText,
        negated: not,
        span: this.extend(operand.span),
      }));
    },
  );

  /** Values: signs, arithmetic, `||`, field and element access; no conditions. */
  readonly value: ParserMethod<[], Expression> = this.RULE('value', () => {
    this.enter();
    const links: ChainLink[] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: ArithmeticOperator,
      DEF: () => {
        const operator = links.length === 0 ? null : this.LA(0);
        const signs: IToken[] = [];
        this.MANY(() => signs.push(this.CONSUME(SignOperator)));
        let operand = this.OR([
          { ALT: () => this.SUBRULE(this.number, { ARGS: [signs] }) },
          { ALT: () => this.SUBRULE(this.primary) },
        ]);
        this.MANY2({
          GATE: () => !this.isAt(2, Asterisk),
          DEF: () => {
            operand = this.OR2([
              { ALT: () => this.SUBRULE(this.subscript, { ARGS: [operand] }) },
              { ALT: () => this.SUBRULE(this.dereference, { ARGS: [operand] }) },
            ]);
          },
        });
        this.MANY3(() => {
          operand = this.SUBRULE(this.atTimeZone, { ARGS: [operand] });
        });
        this.ACTION(() => links.push({ operator, operand: signed(signs, operand) }));
      },
    });
    this.leave();
    return this.ACTION<Expression>(() => valueChain(links));
  });

  /** A number takes the minus right before it as its own, so that the least BIGINT can be written. */
  readonly number: ParserMethod<[IToken[]], Expression> = this.RULE('number', (signs: IToken[]) => {
    const token = this.CONSUME(NumberValue);
    return this.ACTION<Expression>(() => {
      const sign = signs[signs.length - 1];
      if (sign?.tokenType !== Minus) return numberLiteral(token, false, spanOfToken(token));
      signs.pop();
      return numberLiteral(token, true, this.spanFrom(sign));
    });
  });

  /** A number where nothing but a number may stand. */
  readonly signedNumber: ParserMethod<[], Literal> = this.RULE('signedNumber', () =>
    this.OR<Literal>([
      {
        ALT: () => {
          const minus = this.OPTION(() => this.CONSUME(Minus));
          const token = this.CONSUME(NumberValue);
          return this.ACTION<Literal>(() => numberLiteral(token, minus !== undefined, this.spanFrom(minus ?? token)));
        },
      },
      {
        ALT: () => {
          const token = this.CONSUME(Variable);
          return this.ACTION<Literal>(() => this.context.literalVariable(token));
        },
      },
    ]),
  );

  readonly subscript: ParserMethod<[Expression], Expression> = this.RULE('subscript', (operand: Expression) => {
    this.CONSUME(LBracket);
    const index = this.SUBRULE(this.value);
    this.CONSUME(RBracket);
    return this.ACTION<Expression>(() => ({ kind: 'subscript', operand, index, span: this.extend(operand.span) }));
  });

  readonly dereference: ParserMethod<[Expression], Expression> = this.RULE('dereference', (operand: Expression) => {
    this.CONSUME(Arrow);
    const field = this.SUBRULE(this.name);
    return this.ACTION<Expression>(() => ({ kind: 'dereference', operand, field, span: this.extend(operand.span) }));
  });

  readonly atTimeZone: ParserMethod<[Expression], Expression> = this.RULE('atTimeZone', (operand: Expression) => {
    this.CONSUME(K.AT);
    this.CONSUME(K.TIME);
    this.CONSUME(K.ZONE);
    const zone = this.CONSUME(StringValue);
    return this.ACTION<Expression>(() => ({
      kind: 'atTimeZone',
      operand,
      zone: this.context.string(zone),
      span: this.extend(operand.span),
    }));
  });

  readonly primary: ParserMethod<[], Expression> = this.RULE('primary', () =>
    this.OR<Expression>([
      { GATE: () => this.isAt(2, LBracket), ALT: () => this.SUBRULE(this.arrayConstructor) },
      { GATE: () => this.isAt(2, LParen), ALT: () => this.SUBRULE(this.mapConstructor) },
      { GATE: () => this.isAt(2, LParen), ALT: () => this.SUBRULE(this.structConstructor) },
      { GATE: () => this.isAt(2, LParen), ALT: () => this.SUBRULE(this.call), IGNORE_AMBIGUITIES: true },
      { GATE: () => this.isAt(2, Dot), ALT: () => this.SUBRULE(this.qualifiedColumn), IGNORE_AMBIGUITIES: true },
      { GATE: () => this.isAt(2, StringValue), ALT: () => this.SUBRULE(this.typedLiteral), IGNORE_AMBIGUITIES: true },
      { GATE: () => this.isAt(1, Variable), ALT: () => this.SUBRULE(this.variable), IGNORE_AMBIGUITIES: true },
      { ALT: () => this.SUBRULE(this.column), IGNORE_AMBIGUITIES: true },
      { ALT: () => this.SUBRULE(this.constant) },
      { ALT: () => this.SUBRULE(this.parenthesised) },
      { ALT: () => this.SUBRULE(this.caseExpression) },
      { ALT: () => this.SUBRULE(this.cast) },
      { ALT: () => this.SUBRULE(this.decimalLiteral) },
    ]),
  );

  readonly parenthesised: ParserMethod<[], Expression> = this.RULE('parenthesised', () => {
    this.CONSUME(LParen);
    const inner = this.SUBRULE(this.expression);
    this.CONSUME(RParen);
    return inner;
  });

  readonly constant: ParserMethod<[], Expression> = this.RULE('constant', () => {
    const token = this.CONSUME(SimpleLiteral);
    return this.ACTION<Expression>(() => this.context.simpleLiteral(token));
  });

  readonly decimalLiteral: ParserMethod<[], Expression> = this.RULE('decimalLiteral', () => {
    const first = this.CONSUME(K.DECIMAL);
    const token = this.CONSUME(StringValue);
    return this.ACTION<Expression>(() => decimalLiteral(this.context.string(token), this.spanFrom(first)));
  });

  readonly typedLiteral: ParserMethod<[], Expression> = this.RULE('typedLiteral', () => {
    const type = this.SUBRULE(this.name);
    this.CONSUME(StringValue);
    return this.ACTION<Expression>(() => {
      throw unknownTypedLiteral(type, this.extend(type.span));
    });
  });

  /** `${name}` alone: a literal or a column, as its value tells. */
  readonly variable: ParserMethod<[], Expression> = this.RULE('variable', () => {
    const token = this.CONSUME(Variable);
    return this.ACTION<Expression>(() => fromVariable(this.context.literalOrIdentifierVariable(token)));
  });

  readonly column: ParserMethod<[], Expression> = this.RULE('column', () => {
    const name = this.SUBRULE(this.name);
    return this.ACTION<Expression>(() => column(null, name));
  });

  readonly qualifiedColumn: ParserMethod<[], Expression> = this.RULE('qualifiedColumn', () => {
    const source = this.SUBRULE(this.name);
    this.CONSUME(Dot);
    const name = this.SUBRULE2(this.name);
    return this.ACTION<Expression>(() => column(source, name));
  });

  readonly caseExpression: ParserMethod<[], Expression> = this.RULE('case', () => {
    const first = this.CONSUME(K.CASE);
    const branches: { when: Expression; then: Expression }[] = [];
    const operand = this.OPTION(() => this.SUBRULE(this.value)) ?? null;
    this.AT_LEAST_ONE(() => {
      this.CONSUME(K.WHEN);
      const when = this.SUBRULE(this.expression);
      this.CONSUME(K.THEN);
      const then = this.SUBRULE2(this.expression);
      branches.push({ when, then });
    });
    const otherwise =
      this.OPTION2(() => {
        this.CONSUME(K.ELSE);
        return this.SUBRULE3(this.expression);
      }) ?? null;
    this.CONSUME(K.END);
    return this.ACTION<Expression>(() => ({ kind: 'case', operand, branches, otherwise, span: this.spanFrom(first) }));
  });

  readonly cast: ParserMethod<[], Expression> = this.RULE('cast', () => {
    const first = this.CONSUME(K.CAST);
    this.CONSUME(LParen);
    const operand = this.SUBRULE(this.expression);
    this.CONSUME(K.AS);
    const type = this.SUBRULE(this.type);
    this.CONSUME(RParen);
    return this.ACTION<Expression>(() => ({ kind: 'cast', operand, type, span: this.spanFrom(first) }));
  });

  readonly arrayConstructor: ParserMethod<[], Expression> = this.RULE('arrayConstructor', () => {
    const first = this.CONSUME(K.ARRAY);
    const elements: Expression[] = [];
    this.CONSUME(LBracket);
    this.MANY_SEP({ SEP: Comma, DEF: () => elements.push(this.SUBRULE(this.expression)) });
    this.listEnded();
    this.CONSUME(RBracket);
    return this.ACTION<Expression>(() => ({ kind: 'arrayConstructor', elements, span: this.spanFrom(first) }));
  });

  readonly mapConstructor: ParserMethod<[], Expression> = this.RULE('mapConstructor', () => {
    const first = this.CONSUME(K.MAP);
    const entries: { key: Expression; value: Expression }[] = [];
    this.CONSUME(LParen);
    this.MANY_SEP({
      SEP: Comma,
      DEF: () => {
        const key = this.SUBRULE(this.expression);
        this.CONSUME(Assign);
        const value = this.SUBRULE2(this.expression);
        entries.push({ key, value });
      },
    });
    this.listEnded();
    this.CONSUME(RParen);
    return this.ACTION<Expression>(() => ({ kind: 'mapConstructor', entries, span: this.spanFrom(first) }));
  });

  readonly structConstructor: ParserMethod<[], Expression> = this.RULE('structConstructor', () => {
    const first = this.CONSUME(K.STRUCT);
    const fields: { name: Identifier; value: Expression }[] = [];
    this.CONSUME(LParen);
    this.MANY_SEP({
      SEP: Comma,
      DEF: () => {
        const name: Identifier = this.SUBRULE(this.name);
        this.CONSUME(Assign);
        const value = this.SUBRULE(this.expression);
        fields.push({ name, value });
      },
    });
    this.listEnded();
    this.CONSUME(RParen);
    return this.ACTION<Expression>(() => ({ kind: 'structConstructor', fields, span: this.spanFrom(first) }));
  });

  /** Lambdas come last, after at least one other argument. */
  readonly call: ParserMethod<[], Expression> = this.RULE('call', () => {
    const name = this.SUBRULE(this.name);
    const list: CallArgument[] = [];
    let star = false;
    this.CONSUME(LParen);
    this.OPTION(() =>
      this.OR([
        {
          ALT: () => {
            this.CONSUME(Asterisk);
            star = true;
          },
        },
        {
          ALT: () => {
            list.push(this.SUBRULE(this.callArgument));
            this.MANY({
              GATE: () => !this.isLambdaAt(2),
              DEF: () => {
                this.CONSUME(Comma);
                list.push(this.SUBRULE2(this.callArgument));
              },
            });
            this.MANY2(() => {
              this.CONSUME2(Comma);
              list.push(this.SUBRULE(this.lambda));
            });
            this.listEnded();
          },
        },
      ]),
    );
    this.CONSUME(RParen);
    return this.ACTION<Expression>(() => ({ kind: 'call', name, star, arguments: list, span: this.extend(name.span) }));
  });

  readonly callArgument: ParserMethod<[], CallArgument> = this.RULE('callArgument', () =>
    this.OR<CallArgument>([
      {
        GATE: () => this.isAt(2, Comma) || this.isAt(2, RParen),
        ALT: () => {
          const token = this.CONSUME(UnitOfTime);
          return this.ACTION<CallArgument>(() => ({
            kind: 'intervalUnit',
            unit: timeUnitOf(token.tokenType),
            name: this.context.identifier(token),
            span: spanOfToken(token),
          }));
        },
      },
      { ALT: () => this.SUBRULE(this.expression), IGNORE_AMBIGUITIES: true },
    ]),
  );

  readonly lambda: ParserMethod<[], Lambda> = this.RULE('lambda', () => {
    const first = this.LA(1);
    const parameters: Identifier[] = [];
    this.OR([
      { ALT: () => parameters.push(this.SUBRULE(this.name)) },
      {
        ALT: () => {
          this.CONSUME(LParen);
          this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => parameters.push(this.SUBRULE2(this.name)) });
          this.listEnded();
          this.CONSUME(RParen);
        },
      },
    ]);
    this.CONSUME(LambdaArrow);
    const body = this.SUBRULE(this.expression);
    return this.ACTION<Lambda>(() => ({ kind: 'lambda', parameters, body, span: this.spanFrom(first) }));
  });

  /** Whether `x =>` or `(x, y) =>` begins at the token `ahead` of here. */
  protected isLambdaAt(ahead: number): boolean {
    if (this.isNameAt(ahead)) return this.isAt(ahead + 1, LambdaArrow);
    if (!this.isAt(ahead, LParen)) return false;
    let at = ahead + 1;
    while (this.isNameAt(at) && this.isAt(at + 1, Comma)) at += 2;
    return this.isNameAt(at) && this.isAt(at + 1, RParen) && this.isAt(at + 2, LambdaArrow);
  }
}
