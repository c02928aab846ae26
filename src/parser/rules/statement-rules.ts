import type { IToken, ParserMethod } from 'chevrotain';
import type { CreateSource, Duration, Expression, Identifier, Property, SourceKind, Statement } from '../ast.js';
import { integerFor } from '../build/literals.js';
import { createSource, schemaAssertion, variableToDefine } from '../build/statements.js';
import { Comma, Equal, K, ListOrShow, LParen, Name, RParen, Semicolon, StringValue } from '../tokens.js';
import { DefinitionRules } from './definition-rules.js';

/** All statements. One instance parses one statement after the other; it is not re-entrant. */
export class StatementRules extends DefinitionRules {
  /** A statement with its `;`. */
  readonly terminatedStatement: ParserMethod<[], Statement> = this.RULE('terminatedStatement', () => {
    const statement = this.SUBRULE(this.statement);
    this.CONSUME(Semicolon);
    return statement;
  });

  readonly statement: ParserMethod<[], Statement> = this.RULE('statement', () =>
    this.OR<Statement>([
      { ALT: () => this.SUBRULE(this.select) },
      { ALT: () => this.SUBRULE(this.create) },
      { ALT: () => this.SUBRULE(this.insert) },
      { ALT: () => this.SUBRULE(this.drop) },
      { ALT: () => this.SUBRULE(this.alter) },
      { ALT: () => this.SUBRULE(this.control) },
      { ALT: () => this.SUBRULE(this.list) },
      { ALT: () => this.SUBRULE(this.describe) },
      { ALT: () => this.SUBRULE(this.explain) },
      { ALT: () => this.SUBRULE(this.print) },
      { ALT: () => this.SUBRULE(this.setProperty) },
      { ALT: () => this.SUBRULE(this.unsetProperty) },
      { ALT: () => this.SUBRULE(this.define) },
      { ALT: () => this.SUBRULE(this.undefine) },
      { ALT: () => this.SUBRULE(this.assert) },
      { GATE: () => this.testDialect, ALT: () => this.SUBRULE(this.runScript) },
    ]),
  );

  readonly select: ParserMethod<[], Statement> = this.RULE('select', () => {
    const query = this.SUBRULE(this.query);
    return this.ACTION<Statement>(() => ({ kind: 'select', query, span: query.span }));
  });

  readonly insert: ParserMethod<[], Statement> = this.RULE('insert', () => {
    const first = this.CONSUME(K.INSERT);
    this.CONSUME(K.INTO);
    const target = this.SUBRULE(this.sourceName);
    return this.OR<Statement>([
      { ALT: () => this.SUBRULE(this.insertQuery, { ARGS: [first, target] }) },
      { ALT: () => this.SUBRULE(this.insertValues, { ARGS: [first, target] }) },
    ]);
  });

  readonly insertQuery: ParserMethod<[IToken, Identifier], Statement> = this.RULE(
    'insertQuery',
    (first: IToken, target: Identifier) => {
      const properties = this.OPTION(() => this.SUBRULE(this.withProperties)) ?? [];
      const query = this.SUBRULE(this.query);
      return this.ACTION<Statement>(() => ({
        kind: 'insertInto',
        target,
        properties,
        query,
        span: this.spanFrom(first),
      }));
    },
  );

  readonly insertValues: ParserMethod<[IToken, Identifier], Statement> = this.RULE(
    'insertValues',
    (first: IToken, target: Identifier) => {
      const rows: Expression[][] = [];
      const columns = this.OPTION(() => this.SUBRULE(this.names)) ?? [];
      this.CONSUME(K.VALUES);
      this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => rows.push(this.SUBRULE(this.row)) });
      this.listEnded();
      return this.ACTION<Statement>(() => ({
        kind: 'insertValues',
        target,
        columns,
        rows,
        span: this.spanFrom(first),
      }));
    },
  );

  /** `(a, b)`: names. */
  readonly names: ParserMethod<[], Identifier[]> = this.RULE('names', () => {
    const names: Identifier[] = [];
    this.CONSUME(LParen);
    this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => names.push(this.SUBRULE(this.name)) });
    this.listEnded();
    this.CONSUME(RParen);
    return names;
  });

  /** `(1, 'x')`: expressions. */
  readonly row: ParserMethod<[], Expression[]> = this.RULE('row', () => {
    const values: Expression[] = [];
    this.CONSUME(LParen);
    this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => values.push(this.SUBRULE(this.expression)) });
    this.listEnded();
    this.CONSUME(RParen);
    return values;
  });

  readonly control: ParserMethod<[], Statement> = this.RULE('control', () => {
    const first = this.LA(1);
    const kind = this.OR<'terminate' | 'pause' | 'resume'>([
      {
        ALT: () => {
          this.CONSUME(K.TERMINATE);
          return 'terminate';
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.PAUSE);
          return 'pause';
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.RESUME);
          return 'resume';
        },
      },
    ]);
    const queryId = this.OR2<Identifier | null>([
      { ALT: () => this.SUBRULE(this.name) },
      {
        ALT: () => {
          this.CONSUME(K.ALL);
          return null;
        },
      },
    ]);
    return this.ACTION<Statement>(() => ({ kind, queryId, span: this.spanFrom(first) }));
  });

  readonly list: ParserMethod<[], Statement> = this.RULE('list', () => {
    const first = this.CONSUME(ListOrShow);
    return this.OR<Statement>([
      { ALT: () => this.SUBRULE(this.listSources, { ARGS: [first] }) },
      { ALT: () => this.SUBRULE(this.listTopics, { ARGS: [first] }) },
      { ALT: () => this.SUBRULE(this.listConnectors, { ARGS: [first] }) },
      {
        ALT: () => {
          this.CONSUME(K.QUERIES);
          const extended = this.SUBRULE(this.extended);
          return this.ACTION<Statement>(() => ({ kind: 'listQueries', extended, span: this.spanFrom(first) }));
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.FUNCTIONS);
          return this.ACTION<Statement>(() => ({ kind: 'listFunctions', span: this.spanFrom(first) }));
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.TYPES);
          return this.ACTION<Statement>(() => ({ kind: 'listTypes', span: this.spanFrom(first) }));
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.PROPERTIES);
          return this.ACTION<Statement>(() => ({ kind: 'listProperties', span: this.spanFrom(first) }));
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.VARIABLES);
          return this.ACTION<Statement>(() => ({ kind: 'listVariables', span: this.spanFrom(first) }));
        },
      },
    ]);
  });

  readonly extended: ParserMethod<[], boolean> = this.RULE('extended', () => {
    let given = false;
    this.OPTION(() => {
      this.CONSUME(K.EXTENDED);
      given = true;
    });
    return given;
  });

  /** `STREAMS` or `TABLES`. */
  readonly sourceKinds: ParserMethod<[], SourceKind> = this.RULE('sourceKinds', () =>
    this.OR<SourceKind>([
      {
        ALT: () => {
          this.CONSUME(K.STREAMS);
          return 'STREAM';
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.TABLES);
          return 'TABLE';
        },
      },
    ]),
  );

  readonly listSources: ParserMethod<[IToken], Statement> = this.RULE('listSources', (first: IToken) => {
    const sourceKind = this.SUBRULE(this.sourceKinds);
    const extended = this.SUBRULE(this.extended);
    return this.ACTION<Statement>(() => ({ kind: 'listSources', sourceKind, extended, span: this.spanFrom(first) }));
  });

  readonly listTopics: ParserMethod<[IToken], Statement> = this.RULE('listTopics', (first: IToken) => {
    let all = false;
    this.OPTION(() => {
      this.CONSUME(K.ALL);
      all = true;
    });
    this.CONSUME(K.TOPICS);
    const extended = this.SUBRULE(this.extended);
    return this.ACTION<Statement>(() => ({ kind: 'listTopics', all, extended, span: this.spanFrom(first) }));
  });

  readonly listConnectors: ParserMethod<[IToken], Statement> = this.RULE('listConnectors', (first: IToken) => {
    let scope: 'ALL' | 'SOURCE' | 'SINK' = 'ALL';
    return this.OR<Statement>([
      {
        ALT: () => {
          this.CONSUME(K.CONNECTOR);
          this.CONSUME(K.PLUGINS);
          return this.ACTION<Statement>(() => ({ kind: 'listConnectorPlugins', span: this.spanFrom(first) }));
        },
      },
      {
        ALT: () => {
          this.OPTION(() =>
            this.OR2([
              {
                ALT: () => {
                  this.CONSUME(K.SOURCE);
                  scope = 'SOURCE';
                },
              },
              {
                ALT: () => {
                  this.CONSUME(K.SINK);
                  scope = 'SINK';
                },
              },
            ]),
          );
          this.CONSUME(K.CONNECTORS);
          return this.ACTION<Statement>(() => ({ kind: 'listConnectors', scope, span: this.spanFrom(first) }));
        },
      },
    ]);
  });

  readonly describe: ParserMethod<[], Statement> = this.RULE('describe', () => {
    const first = this.CONSUME(K.DESCRIBE);
    return this.OR<Statement>([
      {
        GATE: () => !this.isAt(1, K.TABLES) || this.isAt(2, Semicolon) || this.isAt(2, K.EXTENDED),
        ALT: () => {
          const sourceKind = this.SUBRULE(this.sourceKinds);
          const extended = this.SUBRULE(this.extended);
          return this.ACTION<Statement>(() => ({
            kind: 'describeSources',
            sourceKind,
            extended,
            span: this.spanFrom(first),
          }));
        },
        IGNORE_AMBIGUITIES: true,
      },
      {
        GATE: () => this.isNameAt(2),
        ALT: () => {
          this.CONSUME(K.FUNCTION);
          const name = this.SUBRULE(this.name);
          return this.ACTION<Statement>(() => ({ kind: 'describeFunction', name, span: this.spanFrom(first) }));
        },
        IGNORE_AMBIGUITIES: true,
      },
      {
        ALT: () => {
          this.CONSUME(K.CONNECTOR);
          const name = this.SUBRULE2(this.name);
          return this.ACTION<Statement>(() => ({ kind: 'describeConnector', name, span: this.spanFrom(first) }));
        },
      },
      {
        ALT: () => {
          const name = this.SUBRULE(this.sourceName);
          const extended = this.SUBRULE2(this.extended);
          return this.ACTION<Statement>(() => ({ kind: 'describeSource', name, extended, span: this.spanFrom(first) }));
        },
        IGNORE_AMBIGUITIES: true,
      },
    ]);
  });

  readonly explain: ParserMethod<[], Statement> = this.RULE('explain', () => {
    const first = this.CONSUME(K.EXPLAIN);
    return this.OR<Statement>([
      {
        GATE: () => this.isNameAt(1) && (this.isAt(2, Semicolon) || this.input.length < 3),
        ALT: () => {
          const queryId = this.SUBRULE(this.name);
          return this.ACTION<Statement>(() => ({
            kind: 'explain',
            target: { kind: 'queryId', queryId },
            span: this.spanFrom(first),
          }));
        },
        IGNORE_AMBIGUITIES: true,
      },
      {
        ALT: () => {
          this.enter();
          const statement = this.SUBRULE(this.statement);
          this.leave();
          return this.ACTION<Statement>(() => ({
            kind: 'explain',
            target: { kind: 'statement', statement },
            span: this.spanFrom(first),
          }));
        },
        IGNORE_AMBIGUITIES: true,
      },
    ]);
  });

  readonly print: ParserMethod<[], Statement> = this.RULE('print', () => {
    const first = this.CONSUME(K.PRINT);
    const topic = this.SUBRULE(this.text);
    let fromBeginning = false;
    this.OPTION(() => {
      this.CONSUME(K.FROM);
      this.CONSUME(K.BEGINNING);
      fromBeginning = true;
    });
    const interval = this.OPTION2(() => this.SUBRULE(this.printInterval)) ?? null;
    const limit = this.OPTION3(() => this.SUBRULE(this.limit)) ?? null;
    return this.ACTION<Statement>(() => ({
      kind: 'printTopic',
      topic,
      fromBeginning,
      interval,
      limit,
      span: this.spanFrom(first),
    }));
  });

  readonly printInterval: ParserMethod<[], bigint> = this.RULE('printInterval', () => {
    this.OR([{ ALT: () => this.CONSUME(K.INTERVAL) }, { ALT: () => this.CONSUME(K.SAMPLE) }]);
    const literal = this.SUBRULE(this.signedNumber);
    return this.ACTION<bigint>(() => integerFor('INTERVAL', literal));
  });

  readonly setProperty: ParserMethod<[], Statement> = this.RULE('setProperty', () => {
    const first = this.CONSUME(K.SET);
    const name = this.CONSUME(StringValue);
    this.CONSUME(Equal);
    const value = this.CONSUME2(StringValue);
    return this.ACTION<Statement>(() => ({
      kind: 'setProperty',
      name: this.context.string(name),
      value: this.context.string(value),
      span: this.spanFrom(first),
    }));
  });

  readonly unsetProperty: ParserMethod<[], Statement> = this.RULE('unsetProperty', () => {
    const first = this.CONSUME(K.UNSET);
    const name = this.CONSUME(StringValue);
    return this.ACTION<Statement>(() => ({
      kind: 'unsetProperty',
      name: this.context.string(name),
      span: this.spanFrom(first),
    }));
  });

  readonly define: ParserMethod<[], Statement> = this.RULE('define', () => {
    const first = this.CONSUME(K.DEFINE);
    const name = this.CONSUME(Name);
    this.CONSUME(Equal);
    const value = this.CONSUME(StringValue);
    return this.ACTION<Statement>(() => ({
      kind: 'defineVariable',
      name: variableToDefine(name),
      value: this.context.string(value),
      span: this.spanFrom(first),
    }));
  });

  readonly undefine: ParserMethod<[], Statement> = this.RULE('undefine', () => {
    const first = this.CONSUME(K.UNDEFINE);
    const name = this.CONSUME(Name);
    return this.ACTION<Statement>(() => ({
      kind: 'undefineVariable',
      name: variableToDefine(name),
      span: this.spanFrom(first),
    }));
  });

  readonly runScript: ParserMethod<[], Statement> = this.RULE('runScript', () => {
    const first = this.CONSUME(K.RUN);
    this.CONSUME(K.SCRIPT);
    const path = this.CONSUME(StringValue);
    return this.ACTION<Statement>(() => ({
      kind: 'runScript',
      path: this.context.string(path),
      span: this.spanFrom(first),
    }));
  });

  readonly assert: ParserMethod<[], Statement> = this.RULE('assert', () => {
    const first = this.CONSUME(K.ASSERT);
    return this.OR<Statement>([
      {
        ALT: () => {
          let exists = true;
          this.OPTION(() => {
            this.CONSUME(K.NOT);
            this.CONSUME(K.EXISTS);
            exists = false;
          });
          return this.OR2<Statement>([
            { ALT: () => this.SUBRULE(this.assertTopic, { ARGS: [first, exists] }) },
            { ALT: () => this.SUBRULE(this.assertSchema, { ARGS: [first, exists] }) },
          ]);
        },
      },
      { GATE: () => this.testDialect, ALT: () => this.SUBRULE(this.assertValues, { ARGS: [first] }) },
      { GATE: () => this.testDialect, ALT: () => this.SUBRULE(this.assertTombstone, { ARGS: [first] }) },
      { GATE: () => this.testDialect, ALT: () => this.SUBRULE(this.assertSource, { ARGS: [first] }) },
    ]);
  });

  readonly timeout: ParserMethod<[], Duration> = this.RULE('timeout', () => {
    this.CONSUME(K.TIMEOUT);
    return this.SUBRULE(this.duration);
  });

  readonly assertTopic: ParserMethod<[IToken, boolean], Statement> = this.RULE(
    'assertTopic',
    (first: IToken, exists: boolean) => {
      this.CONSUME(K.TOPIC);
      const topic = this.SUBRULE(this.text);
      const properties: Property[] = this.OPTION(() => this.SUBRULE(this.withProperties)) ?? [];
      const timeout = this.OPTION2(() => this.SUBRULE(this.timeout)) ?? null;
      return this.ACTION<Statement>(() => ({
        kind: 'assertTopic',
        exists,
        topic,
        properties,
        timeout,
        span: this.spanFrom(first),
      }));
    },
  );

  readonly assertSchema: ParserMethod<[IToken, boolean], Statement> = this.RULE(
    'assertSchema',
    (first: IToken, exists: boolean) => {
      this.CONSUME(K.SCHEMA);
      const subject =
        this.OPTION(() => {
          this.CONSUME(K.SUBJECT);
          return this.SUBRULE(this.text);
        }) ?? null;
      const id =
        this.OPTION2(() => {
          this.CONSUME(K.ID);
          return this.SUBRULE(this.signedNumber);
        }) ?? null;
      const timeout = this.OPTION3(() => this.SUBRULE(this.timeout)) ?? null;
      return this.ACTION<Statement>(() => schemaAssertion(exists, subject, id, timeout, this.spanFrom(first)));
    },
  );

  readonly assertValues: ParserMethod<[IToken], Statement> = this.RULE('assertValues', (first: IToken) => {
    this.CONSUME(K.VALUES);
    const target = this.SUBRULE(this.sourceName);
    const columns = this.OPTION(() => this.SUBRULE(this.names)) ?? [];
    this.CONSUME2(K.VALUES);
    const values = this.SUBRULE(this.row);
    return this.ACTION<Statement>(() => ({
      kind: 'assertValues',
      target,
      columns,
      values,
      span: this.spanFrom(first),
    }));
  });

  readonly assertTombstone: ParserMethod<[IToken], Statement> = this.RULE('assertTombstone', (first: IToken) => {
    this.CONSUME(K.NULL);
    this.CONSUME(K.VALUES);
    const target = this.SUBRULE(this.sourceName);
    const columns = this.OPTION(() => this.SUBRULE(this.names)) ?? [];
    this.CONSUME(K.KEY);
    const key = this.SUBRULE(this.row);
    return this.ACTION<Statement>(() => ({
      kind: 'assertTombstone',
      target,
      columns,
      key,
      span: this.spanFrom(first),
    }));
  });

  readonly assertSource: ParserMethod<[IToken], Statement> = this.RULE('assertSource', (first: IToken) => {
    const sourceKind = this.SUBRULE(this.sourceKind);
    const name = this.SUBRULE(this.sourceName);
    const columns = this.OPTION(() => this.SUBRULE(this.columns)) ?? [];
    const properties = this.OPTION2(() => this.SUBRULE(this.withProperties)) ?? [];
    return this.ACTION<Statement>(() => {
      const span = this.spanFrom(first);
      const parts = {
        sourceKind,
        name,
        columns,
        properties,
        orReplace: false,
        ifNotExists: false,
        isSource: false,
        span,
      };
      const definition: CreateSource = createSource(parts, this.context.limits);
      return { kind: 'assertSource', definition, span };
    });
  });

  constructor(validate: boolean) {
    super(validate);
    this.performSelfAnalysis();
  }
}
