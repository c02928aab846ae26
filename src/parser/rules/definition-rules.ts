import type { IToken, ParserMethod } from 'chevrotain';
import type { ColumnDefinition, Identifier, Literal, Property, SourceKind, Statement } from '../ast.js';
import { decimalLiteral } from '../build/literals.js';
import { alterSource, connectorProperty, createSource, property } from '../build/statements.js';
import { Comma, Equal, K, LParen, RParen, SimpleLiteral, SourceKindWord, StringValue, TextOrName } from '../tokens.js';
import { QueryRules } from './query-rules.js';

/** What is said between CREATE and the name of a source. */
interface CreateFlags {
  readonly first: IToken;
  readonly orReplace: boolean;
  readonly isSource: boolean;
}

/** Statements that define, change and drop things. */
export class DefinitionRules extends QueryRules {
  readonly create: ParserMethod<[], Statement> = this.RULE('create', () => {
    const first = this.CONSUME(K.CREATE);
    let orReplace = false;
    let isSource = false;
    return this.OR<Statement>([
      { ALT: () => this.SUBRULE(this.createType, { ARGS: [first] }) },
      {
        GATE: () => this.isAt(2, K.CONNECTOR),
        ALT: () => this.SUBRULE(this.createConnector, { ARGS: [first] }),
        IGNORE_AMBIGUITIES: true,
      },
      {
        ALT: () => {
          this.OPTION(() => {
            this.CONSUME(K.OR);
            this.CONSUME(K.REPLACE);
            orReplace = true;
          });
          this.OPTION2(() => {
            this.CONSUME(K.SOURCE);
            isSource = true;
          });
          return this.SUBRULE(this.createSource, { ARGS: [{ first, orReplace, isSource }] });
        },
        IGNORE_AMBIGUITIES: true,
      },
    ]);
  });

  /** `STREAM|TABLE name (columns) WITH (...)`, or with `AS SELECT` instead of columns. */
  readonly createSource: ParserMethod<[CreateFlags], Statement> = this.RULE('createSource', (flags: CreateFlags) => {
    const sourceKind = this.SUBRULE(this.sourceKind);
    const ifNotExists = this.SUBRULE(this.ifNotExists);
    const name = this.SUBRULE(this.sourceName);
    const columns = this.OPTION(() => this.SUBRULE(this.columns)) ?? null;
    const properties = this.OPTION2(() => this.SUBRULE(this.withProperties)) ?? [];
    const query =
      this.OPTION3({
        GATE: () => columns === null && !flags.isSource,
        DEF: () => {
          this.CONSUME(K.AS);
          return this.SUBRULE(this.query);
        },
      }) ?? null;
    return this.ACTION<Statement>(() => {
      const { first, orReplace, isSource } = flags;
      const head = { sourceKind, name, orReplace, ifNotExists, properties, span: this.spanFrom(first) };
      if (query !== null) return { kind: 'createAsSelect', ...head, query };
      return createSource({ ...head, isSource, columns: columns ?? [] }, this.context.limits);
    });
  });

  readonly sourceKind: ParserMethod<[], SourceKind> = this.RULE('sourceKind', () => {
    const token = this.CONSUME(SourceKindWord);
    return this.ACTION<SourceKind>(() => (token.tokenType === K.STREAM ? 'STREAM' : 'TABLE'));
  });

  readonly ifNotExists: ParserMethod<[], boolean> = this.RULE('ifNotExists', () => {
    let given = false;
    this.OPTION({
      GATE: () => this.isAt(2, K.NOT),
      DEF: () => {
        this.CONSUME(K.IF);
        this.CONSUME(K.NOT);
        this.CONSUME(K.EXISTS);
        given = true;
      },
    });
    return given;
  });

  readonly ifExists: ParserMethod<[], boolean> = this.RULE('ifExists', () => {
    let given = false;
    this.OPTION({
      GATE: () => this.isAt(2, K.EXISTS),
      DEF: () => {
        this.CONSUME(K.IF);
        this.CONSUME(K.EXISTS);
        given = true;
      },
    });
    return given;
  });

  readonly columns: ParserMethod<[], ColumnDefinition[]> = this.RULE('columns', () => {
    const columns: ColumnDefinition[] = [];
    this.CONSUME(LParen);
    this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => columns.push(this.SUBRULE(this.columnDefinition)) });
    this.listEnded();
    this.CONSUME(RParen);
    return columns;
  });

  readonly columnDefinition: ParserMethod<[], ColumnDefinition> = this.RULE('columnDefinition', () => {
    const name: Identifier = this.SUBRULE(this.name);
    const type = this.SUBRULE(this.type);
    let constraint: ColumnDefinition['constraint'] = null;
    let headerKey: string | null = null;
    this.OPTION(() =>
      this.OR([
        {
          ALT: () => {
            this.CONSUME(K.PRIMARY);
            this.CONSUME(K.KEY);
            constraint = 'PRIMARY KEY';
          },
        },
        {
          ALT: () => {
            this.CONSUME2(K.KEY);
            constraint = 'KEY';
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.HEADERS);
            constraint = 'HEADERS';
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.HEADER);
            this.CONSUME(LParen);
            const key = this.CONSUME(StringValue);
            this.CONSUME(RParen);
            constraint = 'HEADER';
            this.ACTION(() => {
              headerKey = this.context.string(key);
            });
          },
        },
      ]),
    );
    return this.ACTION<ColumnDefinition>(() => ({ name, type, constraint, headerKey, span: this.extend(name.span) }));
  });

  readonly withProperties: ParserMethod<[], Property[]> = this.RULE('withProperties', () => {
    const properties: Property[] = [];
    this.CONSUME(K.WITH);
    this.CONSUME(LParen);
    this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => properties.push(this.SUBRULE(this.property)) });
    this.listEnded();
    this.CONSUME(RParen);
    return properties;
  });

  readonly property: ParserMethod<[], Property> = this.RULE('property', () => {
    const token = this.CONSUME(TextOrName);
    this.CONSUME(Equal);
    const value = this.SUBRULE(this.literal);
    return this.ACTION<Property>(() => property(this.context.textOrName(token), value, this.spanFrom(token)));
  });

  /** What stands alone as a constant: in WITH clauses. */
  readonly literal: ParserMethod<[], Literal> = this.RULE('literal', () =>
    this.OR<Literal>([
      {
        ALT: () => {
          const token = this.CONSUME(SimpleLiteral);
          return this.ACTION<Literal>(() => this.context.simpleLiteral(token));
        },
      },
      { ALT: () => this.SUBRULE(this.signedNumber), IGNORE_AMBIGUITIES: true },
      {
        ALT: () => {
          const first = this.CONSUME(K.DECIMAL);
          const token = this.CONSUME(StringValue);
          return this.ACTION<Literal>(() => decimalLiteral(this.context.string(token), this.spanFrom(first)));
        },
      },
    ]),
  );

  readonly createType: ParserMethod<[IToken], Statement> = this.RULE('createType', (first: IToken) => {
    this.CONSUME(K.TYPE);
    const ifNotExists = this.SUBRULE(this.ifNotExists);
    const name = this.SUBRULE(this.name);
    this.CONSUME(K.AS);
    const type = this.SUBRULE(this.type);
    return this.ACTION<Statement>(() => ({ kind: 'createType', name, ifNotExists, type, span: this.spanFrom(first) }));
  });

  readonly createConnector: ParserMethod<[IToken], Statement> = this.RULE('createConnector', (first: IToken) => {
    const connectorKind = this.OR<'SOURCE' | 'SINK'>([
      {
        ALT: () => {
          this.CONSUME(K.SOURCE);
          return 'SOURCE';
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.SINK);
          return 'SINK';
        },
      },
    ]);
    this.CONSUME(K.CONNECTOR);
    const ifNotExists = this.SUBRULE(this.ifNotExists);
    const name = this.SUBRULE(this.name);
    const properties = this.SUBRULE(this.connectorProperties);
    return this.ACTION<Statement>(() => ({
      kind: 'createConnector',
      connectorKind,
      name,
      ifNotExists,
      properties,
      span: this.spanFrom(first),
    }));
  });

  readonly connectorProperties: ParserMethod<[], Property[]> = this.RULE('connectorProperties', () => {
    const properties: Property[] = [];
    this.CONSUME(K.WITH);
    this.CONSUME(LParen);
    this.AT_LEAST_ONE_SEP({
      SEP: Comma,
      DEF: () => {
        const token = this.CONSUME(TextOrName);
        this.CONSUME(Equal);
        const value = this.SUBRULE(this.literal);
        this.ACTION(() => {
          properties.push(connectorProperty(this.context.textOrName(token), value, this.spanFrom(token)));
        });
      },
    });
    this.listEnded();
    this.CONSUME(RParen);
    return properties;
  });

  readonly drop: ParserMethod<[], Statement> = this.RULE('drop', () => {
    const first = this.CONSUME(K.DROP);
    return this.OR<Statement>([
      {
        ALT: () => {
          const sourceKind = this.SUBRULE(this.sourceKind);
          const ifExists = this.SUBRULE(this.ifExists);
          const name = this.SUBRULE(this.sourceName);
          let deleteTopic = false;
          this.OPTION(() => {
            this.CONSUME(K.DELETE);
            this.CONSUME(K.TOPIC);
            deleteTopic = true;
          });
          return this.ACTION<Statement>(() => ({
            kind: 'dropSource',
            sourceKind,
            name,
            ifExists,
            deleteTopic,
            span: this.spanFrom(first),
          }));
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.TYPE);
          const ifExists = this.SUBRULE2(this.ifExists);
          const name = this.SUBRULE2(this.name);
          return this.ACTION<Statement>(() => ({ kind: 'dropType', name, ifExists, span: this.spanFrom(first) }));
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.CONNECTOR);
          const ifExists = this.SUBRULE3(this.ifExists);
          const name = this.SUBRULE3(this.name);
          return this.ACTION<Statement>(() => ({ kind: 'dropConnector', name, ifExists, span: this.spanFrom(first) }));
        },
      },
    ]);
  });

  readonly alter: ParserMethod<[], Statement> = this.RULE('alter', () => {
    const first = this.CONSUME(K.ALTER);
    return this.OR<Statement>([
      {
        ALT: () => {
          const additions: ColumnDefinition[] = [];
          const sourceKind = this.SUBRULE(this.sourceKind);
          const name = this.SUBRULE(this.sourceName);
          this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => additions.push(this.SUBRULE(this.addition)) });
          this.listEnded();
          return this.ACTION<Statement>(() =>
            alterSource({ sourceKind, name, additions, span: this.spanFrom(first) }, this.context.limits),
          );
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.SYSTEM);
          const name = this.CONSUME(StringValue);
          this.CONSUME(Equal);
          const value = this.CONSUME2(StringValue);
          return this.ACTION<Statement>(() => ({
            kind: 'alterSystem',
            name: this.context.string(name),
            value: this.context.string(value),
            span: this.spanFrom(first),
          }));
        },
      },
    ]);
  });

  readonly addition: ParserMethod<[], ColumnDefinition> = this.RULE('addition', () => {
    this.CONSUME(K.ADD);
    this.OPTION({ GATE: () => this.isColumnKeyword(), DEF: () => this.CONSUME(K.COLUMN) });
    const name: Identifier = this.SUBRULE(this.name);
    const type = this.SUBRULE(this.type);
    return this.ACTION<ColumnDefinition>(() => ({
      name,
      type,
      constraint: null,
      headerKey: null,
      span: this.extend(name.span),
    }));
  });

  /** Whether COLUMN is the keyword here and not the name of the column to add. */
  private isColumnKeyword(): boolean {
    return this.isAt(1, K.COLUMN) && this.isNameAt(2) && (this.isNameAt(3) || this.isAt(3, K.DECIMAL));
  }
}
