import type { ParserMethod } from 'chevrotain';
import type {
  Duration,
  Expression,
  Identifier,
  JoinType,
  Query,
  Relation,
  SelectItem,
  WindowClause,
  Within,
} from '../ast.js';
import { integerFor } from '../build/literals.js';
import { query, structStar } from '../build/queries.js';
import { tooMany } from '../limits.js';
import { spanOfToken } from '../scanner.js';
import { ArithmeticOperator, Arrow, Asterisk, Comma, Dot, K, LParen, RParen } from '../tokens.js';
import { ExpressionRules } from './expression-rules.js';

/** The clauses of a query that may be absent, in written order. */
interface WindowOptions {
  readonly retention: Duration | null;
  readonly grace: Duration | null;
}

type TableRelation = Relation & { readonly kind: 'table' };

/** Queries: SELECT and its clauses, whose order is fixed. */
export class QueryRules extends ExpressionRules {
  readonly query: ParserMethod<[], Query> = this.RULE('query', () => {
    const select: SelectItem[] = [];
    const first = this.CONSUME(K.SELECT);
    this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => select.push(this.SUBRULE(this.selectItem)) });
    this.listEnded();
    this.CONSUME(K.FROM);
    const from = this.SUBRULE(this.relation);
    const window = this.OPTION(() => this.SUBRULE(this.window)) ?? null;
    const where =
      this.OPTION2(() => {
        this.CONSUME(K.WHERE);
        return this.SUBRULE(this.expression);
      }) ?? null;
    const groupBy =
      this.OPTION3(() => {
        this.CONSUME(K.GROUP);
        this.CONSUME(K.BY);
        return this.SUBRULE(this.groupingList);
      }) ?? null;
    const partitionBy =
      this.OPTION4(() => {
        this.CONSUME(K.PARTITION);
        this.CONSUME2(K.BY);
        return this.SUBRULE2(this.groupingList);
      }) ?? null;
    const having =
      this.OPTION5(() => {
        this.CONSUME(K.HAVING);
        return this.SUBRULE2(this.expression);
      }) ?? null;
    const emit = this.OPTION6(() => this.SUBRULE(this.emit)) ?? null;
    const limit = this.OPTION7(() => this.SUBRULE(this.limit)) ?? null;
    return this.ACTION<Query>(() => {
      const clauses = { select, from, window, where, groupBy, partitionBy, having, emit, limit };
      return query(clauses, this.spanFrom(first), this.context.limits);
    });
  });

  readonly emit: ParserMethod<[], 'CHANGES' | 'FINAL'> = this.RULE('emit', () => {
    this.CONSUME(K.EMIT);
    return this.OR<'CHANGES' | 'FINAL'>([
      {
        ALT: () => {
          this.CONSUME(K.CHANGES);
          return 'CHANGES';
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.FINAL);
          return 'FINAL';
        },
      },
    ]);
  });

  readonly limit: ParserMethod<[], bigint> = this.RULE('limit', () => {
    this.CONSUME(K.LIMIT);
    const literal = this.SUBRULE(this.signedNumber);
    return this.ACTION<bigint>(() => integerFor('LIMIT', literal));
  });

  readonly selectItem: ParserMethod<[], SelectItem> = this.RULE('selectItem', () =>
    this.OR<SelectItem>([
      {
        ALT: () => {
          const star = this.CONSUME(Asterisk);
          return this.ACTION<SelectItem>(() => ({ kind: 'star', source: null, span: spanOfToken(star) }));
        },
      },
      {
        GATE: () => this.isAt(2, Dot) && this.isAt(3, Asterisk),
        ALT: () => {
          const source = this.SUBRULE(this.sourceName);
          this.CONSUME(Dot);
          this.CONSUME2(Asterisk);
          return this.ACTION<SelectItem>(() => ({ kind: 'star', source, span: this.extend(source.span) }));
        },
        IGNORE_AMBIGUITIES: true,
      },
      { ALT: () => this.SUBRULE(this.selectExpression), IGNORE_AMBIGUITIES: true },
    ]),
  );

  readonly selectExpression: ParserMethod<[], SelectItem> = this.RULE('selectExpression', () => {
    const expression = this.SUBRULE(this.expression);
    let alias: Identifier | null = null;
    let star = false;
    this.OPTION(() =>
      this.OR([
        {
          ALT: () => {
            this.CONSUME(Arrow);
            this.CONSUME(Asterisk);
            star = true;
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.AS);
            alias = this.SUBRULE(this.name);
          },
        },
        {
          ALT: () => {
            alias = this.SUBRULE2(this.name);
          },
        },
      ]),
    );
    return this.ACTION<SelectItem>(() => {
      const span = this.extend(expression.span);
      return star ? structStar(expression, span) : { kind: 'single', expression, alias, span };
    });
  });

  readonly relation: ParserMethod<[], Relation> = this.RULE('relation', () => {
    let relation: Relation = this.SUBRULE(this.tableRelation);
    this.MANY(() => {
      relation = this.SUBRULE(this.join, { ARGS: [relation] });
    });
    return relation;
  });

  readonly tableRelation: ParserMethod<[], TableRelation> = this.RULE('tableRelation', () => {
    const name = this.SUBRULE(this.sourceName);
    let alias: Identifier | null = null;
    this.OPTION({
      GATE: () => !this.isClauseStart(),
      DEF: () => {
        this.OPTION2(() => this.CONSUME(K.AS));
        alias = this.SUBRULE2(this.sourceName);
      },
    });
    return this.ACTION<TableRelation>(() => ({ kind: 'table', name, alias, span: this.extend(name.span) }));
  });

  readonly join: ParserMethod<[Relation], Relation> = this.RULE('join', (left: Relation) => {
    let type: JoinType = 'INNER';
    this.OPTION(() =>
      this.OR([
        { ALT: () => this.CONSUME(K.INNER) },
        {
          ALT: () => {
            type = this.SUBRULE(this.outerJoinType);
            this.OPTION2(() => this.CONSUME(K.OUTER));
          },
        },
      ]),
    );
    this.CONSUME(K.JOIN);
    const right = this.SUBRULE(this.tableRelation);
    const within = this.OPTION3(() => this.SUBRULE(this.within)) ?? null;
    this.CONSUME(K.ON);
    const on = this.SUBRULE(this.expression);
    return this.ACTION<Relation>(() => ({ kind: 'join', type, left, right, within, on, span: this.extend(left.span) }));
  });

  readonly outerJoinType: ParserMethod<[], JoinType> = this.RULE('outerJoinType', () =>
    this.OR<JoinType>([
      {
        ALT: () => {
          this.CONSUME(K.LEFT);
          return 'LEFT';
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.RIGHT);
          return 'RIGHT';
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.FULL);
          return 'FULL';
        },
      },
    ]),
  );

  readonly within: ParserMethod<[], Within> = this.RULE('within', () => {
    const first = this.CONSUME(K.WITHIN);
    let before: Duration;
    let after: Duration;
    this.OR([
      {
        ALT: () => {
          before = after = this.SUBRULE(this.duration);
        },
      },
      {
        ALT: () => {
          this.CONSUME(LParen);
          before = this.SUBRULE2(this.duration);
          this.CONSUME(Comma);
          after = this.SUBRULE3(this.duration);
          this.CONSUME(RParen);
        },
      },
    ]);
    const grace =
      this.OPTION(() => {
        this.CONSUME(K.GRACE);
        this.CONSUME(K.PERIOD);
        return this.SUBRULE4(this.duration);
      }) ?? null;
    return this.ACTION<Within>(() => ({ before, after, grace, span: this.spanFrom(first) }));
  });

  readonly window: ParserMethod<[], WindowClause> = this.RULE('window', () => {
    this.CONSUME(K.WINDOW);
    // A window may be named; the name means nothing.
    this.OPTION({ GATE: () => !(this.isAt(1, K.SESSION) && this.isAt(2, LParen)), DEF: () => this.SUBRULE(this.name) });
    return this.OR([
      { ALT: () => this.SUBRULE(this.tumblingWindow) },
      { ALT: () => this.SUBRULE(this.hoppingWindow) },
      { ALT: () => this.SUBRULE(this.sessionWindow) },
    ]);
  });

  readonly tumblingWindow: ParserMethod<[], WindowClause> = this.RULE('tumblingWindow', () => {
    const first = this.CONSUME(K.TUMBLING);
    this.CONSUME(LParen);
    this.CONSUME(K.SIZE);
    const size = this.SUBRULE(this.duration);
    const options = this.SUBRULE(this.windowOptions);
    this.CONSUME(RParen);
    return this.ACTION<WindowClause>(() => ({ kind: 'tumbling', size, ...options, span: this.spanFrom(first) }));
  });

  readonly hoppingWindow: ParserMethod<[], WindowClause> = this.RULE('hoppingWindow', () => {
    const first = this.CONSUME(K.HOPPING);
    this.CONSUME(LParen);
    this.CONSUME(K.SIZE);
    const size = this.SUBRULE(this.duration);
    this.CONSUME(Comma);
    this.CONSUME(K.ADVANCE);
    this.CONSUME(K.BY);
    const advance = this.SUBRULE2(this.duration);
    const options = this.SUBRULE(this.windowOptions);
    this.CONSUME(RParen);
    return this.ACTION<WindowClause>(() => ({
      kind: 'hopping',
      size,
      advance,
      ...options,
      span: this.spanFrom(first),
    }));
  });

  readonly sessionWindow: ParserMethod<[], WindowClause> = this.RULE('sessionWindow', () => {
    const first = this.CONSUME(K.SESSION);
    this.CONSUME(LParen);
    const gap = this.SUBRULE(this.duration);
    const options = this.SUBRULE(this.windowOptions);
    this.CONSUME(RParen);
    return this.ACTION<WindowClause>(() => ({ kind: 'session', gap, ...options, span: this.spanFrom(first) }));
  });

  readonly windowOptions: ParserMethod<[], WindowOptions> = this.RULE('windowOptions', () => {
    const retention =
      this.OPTION({
        GATE: () => this.isAt(2, K.RETENTION),
        DEF: () => {
          this.CONSUME(Comma);
          this.CONSUME(K.RETENTION);
          return this.SUBRULE(this.duration);
        },
      }) ?? null;
    const grace =
      this.OPTION2(() => {
        this.CONSUME2(Comma);
        this.CONSUME(K.GRACE);
        this.CONSUME(K.PERIOD);
        return this.SUBRULE2(this.duration);
      }) ?? null;
    return { retention, grace };
  });

  /** `a, b` or `(a, b)`: values only, so a condition needs brackets of its own. */
  readonly groupingList: ParserMethod<[], Expression[]> = this.RULE('groupingList', () => {
    const items: Expression[] = [];
    this.OR([
      {
        GATE: () => this.isBracketedList(),
        ALT: () => {
          this.CONSUME(LParen);
          this.MANY_SEP({ SEP: Comma, DEF: () => items.push(this.SUBRULE(this.value)) });
          this.listEnded();
          this.CONSUME(RParen);
        },
      },
      {
        ALT: () => this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => items.push(this.SUBRULE2(this.value)) }),
        IGNORE_AMBIGUITIES: true,
      },
    ]);
    return this.ACTION<Expression[]>(() => {
      const limit = this.context.limits.columns;
      if (items.length > limit) throw tooMany('grouping expressions', items.length, limit, items[0]!.span);
      return items;
    });
  });

  /** Whether a word that could be an alias begins the next clause instead. */
  private isClauseStart(): boolean {
    if (this.isAt(1, K.EMIT)) return this.isAt(2, K.CHANGES) || this.isAt(2, K.FINAL);
    return this.isAt(1, K.PARTITION) && this.isAt(2, K.BY);
  }

  /** Whether `( ... )` begins here, holds no item or several, and ends the clause. */
  private isBracketedList(): boolean {
    if (!this.isAt(1, LParen)) return false;
    let depth = 0;
    let commas = 0;
    for (let at = 1; at <= this.input.length; at++) {
      const type = this.LA(at).tokenType;
      if (type === LParen) depth++;
      else if (type === Comma && depth === 1) commas++;
      else if (type === RParen && --depth === 0) {
        const next = this.LA(at + 1).tokenType;
        const isItemNext = next === Comma || (next.CATEGORIES?.includes(ArithmeticOperator) ?? false);
        return !isItemNext && (commas > 0 || at === 2);
      }
    }
    return false;
  }
}
