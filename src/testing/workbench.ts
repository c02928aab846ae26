import type { Catalog, SourceEntry } from '../catalog/catalog.js';
import { MemoryCatalog } from '../catalog/memory-catalog.js';
import { applyEffects } from '../engine/command-log.js';
import { InsertEncoder } from '../engine/insert-encoder.js';
import { evaluateInsert } from '../engine/insert-service.js';
import { effectsOf } from '../engine/plan-effects.js';
import { fullName, Settings } from '../engine/settings.js';
import { evaluateConstant } from '../executor/expressions/compile.js';
import { expressionContext } from '../executor/lookup.js';
import type { FormatSpec } from '../formats/format.js';
import { type RegisteredSchema, subjectOf } from '../formats/schema-registry/schema-registry.js';
import type { EvaluationContext } from '../functions/define.js';
import { coerceValue } from '../model/coerce-value.js';
import { StatementError } from '../model/errors.js';
import { type Column, keyColumns, valueColumns } from '../model/schema.js';
import { formatType, type SqlType } from '../model/sql-type.js';
import { type Clock, systemClock } from '../model/time.js';
import type { SqlValue } from '../model/value.js';
import type { CreateSource, Expression, Statement } from '../parser/ast.js';
import { formatStatement } from '../parser/format.js';
import { type ParsedStatement, parse } from '../parser/parse.js';
import { splitStatements } from '../parser/split.js';
import { bindExpression } from '../planner/analysis/bind-expression.js';
import { bindingIn } from '../planner/analysis/binding.js';
import { Scope } from '../planner/analysis/scope.js';
import { defineSource } from '../planner/analysis/source-definition.js';
import { type PlannedStatement, planStatement } from '../planner/plan-statement.js';
import type { Dialect, PlanningContext, TopicFacts } from '../planner/planning-context.js';
import { schemaOf, schemaRequests, withSchemas } from '../planner/schema-registration.js';
import type { QueryDeployment, StatementPlan } from '../planner/statement-plan.js';
import { sharedFunctions } from './shared-functions.js';
import type { WrittenRecord } from './single-task-driver.js';
import type { TestSchema, TestTopic } from './test-case.js';
import { TestRegistry } from './test-registry.js';
import { recordsOf } from './topics.js';

const WEEK_MS = 604_800_000;

/** Settings of every test: everything from the start, every update shown. */
const BASE_SETTINGS: Readonly<Record<string, string>> = {
  'auto.offset.reset': 'earliest',
  'cache.max.bytes.buffering': '0',
  'ksql.service.id': 'some.ksql.service.id',
};

export interface WorkbenchOptions {
  /** Overrides, as if by SET. */
  readonly properties: ReadonlyMap<string, string>;
  /** Partitions of topics that no statement mentions before they are used. */
  readonly partitionsDefault: number;
  readonly dialect: Dialect;
  readonly clock?: Clock;
}

/** What a statement left to do outside the catalog. */
export interface StatementEffect {
  readonly plan: StatementPlan;
  /** A query to start. */
  readonly query: QueryDeployment | null;
  /** Queries to stop. */
  readonly stopped: readonly string[];
  /** Records of INSERT ... VALUES. */
  readonly inserted: readonly WrittenRecord[];
}

/** Plans statements one after the other against a catalog of its own, without an engine. */
export class Workbench {
  readonly evaluation: EvaluationContext;
  readonly functions = sharedFunctions();
  readonly schemas = new TestRegistry();
  readonly #catalog = new MemoryCatalog();
  readonly #settings = new Settings(BASE_SETTINGS);
  readonly #overrides = new Map<string, string>();
  readonly #variables = new Map<string, string>();
  readonly #topics = new Map<string, TopicFacts>();
  readonly #partitionsDefault: number;
  readonly #dialect: Dialect;
  #queryNumber = 0;
  #transients = 0;

  constructor(options: WorkbenchOptions) {
    const clock = options.clock ?? systemClock;
    this.evaluation = { now: () => clock.now(), random: Math.random };
    this.#partitionsDefault = options.partitionsDefault;
    this.#dialect = options.dialect;
    for (const [name, value] of options.properties) this.#overrides.set(fullName(name) ?? name, value);
  }

  get catalog(): Catalog {
    return this.#catalog;
  }

  /** Topics that exist: listed, or mentioned by a statement. */
  get topics(): ReadonlyMap<string, TopicFacts> {
    return this.#topics;
  }

  /** Makes a topic; one that exists stays as it is. */
  addTopic(name: string, partitions = this.#partitionsDefault, replicas = 1): void {
    if (!this.#topics.has(name)) this.#topics.set(name, { partitions, replicas, retentionMs: WEEK_MS });
  }

  /** The statements of a script. @throws StatementError for the first that does not parse */
  parse(script: string, testDialect = false): readonly ParsedStatement[] {
    const { statements, diagnostics } = parse(script, { variables: this.#variables, testDialect });
    const first = diagnostics[0];
    if (first === undefined) return statements;
    const within = splitStatements(script).find(
      ({ span }) => first.span.start >= span.start && first.span.start <= span.end,
    );
    throw new StatementError(first.message, {
      code: first.code,
      problem: 'syntax',
      span: first.span,
      hint: first.hint ?? undefined,
      statementText: within?.text ?? script,
    });
  }

  /** Makes the topics of CREATE STREAM and CREATE TABLE with columns: those that the statement would read. */
  addTopicsOf(statements: readonly ParsedStatement[]): void {
    for (const { statement } of statements) {
      if (statement.kind !== 'createSource' || statement.columns.length === 0) continue;
      const property = (name: string) => statement.properties.find((p) => p.name === name)?.value;
      const topic = property('KAFKA_TOPIC');
      if (topic?.kind !== 'string') continue;
      const partitions = property('PARTITIONS');
      this.addTopic(topic.value, partitions?.kind === 'integer' ? Number(partitions.value) : undefined);
    }
  }

  /**
   * Registers the schemas that topics have from the start: those of the test, and for other topics what the columns of CREATE STREAM and
   * CREATE TABLE imply. Ids follow the order in which ksqlDB's test tool goes through its topics.
   */
  addSchemas(topics: readonly TestTopic[], statements: readonly ParsedStatement[]): void {
    const schemas = new Map<string, readonly (TestSchema | null)[]>();
    for (const { name, key, value } of topics) schemas.set(name, [key, value]);
    for (const entry of this.#declared(statements)) {
      if (schemas.has(entry.topic)) continue;
      const implied = (spec: FormatSpec, columns: readonly Column[], target: 'key' | 'value'): TestSchema | null => {
        const schema = schemaOf(spec, columns, target);
        return schema === null ? null : { schema, id: null };
      };
      schemas.set(entry.topic, [
        implied(entry.keyFormat, keyColumns(entry.schema), 'key'),
        implied(entry.valueFormat, valueColumns(entry.schema), 'value'),
      ]);
    }
    for (const topic of inHashOrder([...schemas.keys()])) {
      const [key, value] = schemas.get(topic)!;
      if (key != null) this.schemas.register(subjectOf(topic, 'key'), key.schema, key.id);
      if (value != null) this.schemas.register(subjectOf(topic, 'value'), value.schema, value.id);
    }
  }

  /** The sources with listed columns, as far as they can be told before anything has run. */
  #declared(statements: readonly ParsedStatement[]): SourceEntry[] {
    return statements.flatMap(({ statement, text }) => {
      if (statement.kind !== 'createSource' || statement.columns.length === 0) return [];
      try {
        return [this.define(statement, text)];
      } catch {
        // It fails when its turn comes, or needs what an earlier statement makes.
        return [];
      }
    });
  }

  /**
   * Plans a statement and changes the catalog as it says.
   * @returns null for statements that change nothing but the session
   * @throws StatementError
   */
  run({ statement, text }: ParsedStatement): StatementEffect | null {
    if (this.#changesSession(statement)) return null;
    const planned = statement as PlannedStatement;
    const plan = this.#registered(this.#plan(planned, text));
    const effects = effectsOf(plan);
    if (effects !== null) applyEffects(this.#catalog, effects);
    const query = 'query' in plan ? plan.query : null;
    if (query !== null) {
      this.#queryNumber++;
      if (query.plan.sink !== null) this.addTopic(query.plan.sink.topic);
    }
    return {
      plan,
      query,
      stopped: plan.kind === 'dropSource' ? plan.queries : query?.replaces != null ? [query.replaces] : [],
      inserted: plan.kind === 'insertValues' ? this.#inserted(plan) : [],
    };
  }

  /** The value of an expression without columns, in the type of the column it is for. @throws StatementError */
  constant(expression: Expression, type: SqlType, column: string): SqlValue {
    const bound = bindExpression(expression, bindingIn(new Scope([]), 'ASSERT', this.#context(null)));
    const { functions, evaluation } = this;
    const value = evaluateConstant(bound, expressionContext({ functions, evaluation }));
    const coerced = value === null ? null : coerceValue(value, bound.type, type);
    if (coerced !== undefined) return coerced;
    throw new StatementError(
      `Expected type ${formatType(type)} for field \`${column}\` but got ${formatType(bound.type)}`,
      {
        code: 'insert-coercion',
      },
    );
  }

  /** The catalog entry that a CREATE STREAM or TABLE would make. @throws StatementError */
  define(statement: CreateSource, text: string): SourceEntry {
    return defineSource(statement, text, this.#context(statement)).entry;
  }

  /** The effective value of a setting. */
  setting(name: string): string | null {
    return this.#settings.get(name, this.#overrides);
  }

  #registered(plan: StatementPlan): StatementPlan {
    const registered = new Map<string, RegisteredSchema>();
    for (const { subject, schema, ifAbsent } of schemaRequests(plan)) {
      const latest = ifAbsent ? this.schemas.latest(subject) : null;
      registered.set(subject, latest?.schema ?? this.schemas.register(subject, schema));
    }
    return withSchemas(plan, registered);
  }

  #plan(statement: PlannedStatement, text: string): StatementPlan {
    try {
      return planStatement(statement, formatStatement(statement), this.#context(statement));
    } catch (error) {
      throw error instanceof StatementError ? error.with({ statementText: text }) : error;
    }
  }

  #context(statement: PlannedStatement | null): PlanningContext {
    return {
      catalog: this.#catalog.snapshot(),
      functions: this.functions,
      dialect: this.#dialect,
      setting: (name) => this.setting(name),
      topic: (name) => this.#facts(statement, name),
      schemas: this.schemas,
      nextQueryNumber: this.#queryNumber,
      transientSuffix: String(this.#transients++),
    };
  }

  /** Tests do not create topics, so what WITH says of a topic is not held against the topic. */
  #facts(statement: PlannedStatement | null, name: string): TopicFacts | null {
    const facts = this.#topics.get(name) ?? null;
    if (statement?.kind !== 'createSource' && statement?.kind !== 'createAsSelect') return facts;
    const said = statement.properties.find((p) => p.name === 'PARTITIONS' || p.name === 'REPLICAS');
    if (said === undefined) return facts;
    const isRead = this.#catalog
      .sources()
      .some((source) => source.topic === name && statement.kind === 'createAsSelect');
    return isRead ? facts : null;
  }

  #changesSession(statement: Statement): boolean {
    switch (statement.kind) {
      case 'setProperty':
        this.#overrides.set(fullName(statement.name) ?? statement.name, statement.value);
        return true;
      case 'unsetProperty':
        this.#overrides.delete(fullName(statement.name) ?? statement.name);
        return true;
      case 'defineVariable':
        this.#variables.set(statement.name, statement.value);
        return true;
      case 'undefineVariable':
        this.#variables.delete(statement.name);
        return true;
      case 'createSource':
      case 'createAsSelect':
      case 'insertInto':
      case 'insertValues':
      case 'select':
      case 'dropSource':
      case 'alterSource':
      case 'createType':
      case 'dropType':
        return false;
      default:
        throw new StatementError(`Unsupported statement type: ${statement.kind}`, { code: 'unsupported-statement' });
    }
  }

  /** The source with the schemas that its rows are written with. */
  #written(source: SourceEntry): SourceEntry {
    const named = (spec: FormatSpec, columns: readonly Column[], target: 'key' | 'value'): FormatSpec => {
      const schema = schemaOf(spec, columns, target);
      return schema === null
        ? spec
        : { ...spec, schema: this.schemas.register(subjectOf(source.topic, target), schema) };
    };
    const { keyFormat, valueFormat, schema } = source;
    return {
      ...source,
      keyFormat: named(keyFormat, keyColumns(schema), 'key'),
      valueFormat: named(valueFormat, valueColumns(schema), 'value'),
    };
  }

  #inserted(plan: StatementPlan & { readonly kind: 'insertValues' }): WrittenRecord[] {
    const rows = evaluateInsert(plan, this.functions, this.evaluation);
    return new InsertEncoder(this.#written(plan.target), 1)
      .encode(rows)
      .flatMap((batch) => recordsOf(batch).map((record) => ({ topic: batch.topic, record })));
  }
}

/** Names in the order in which Java's HashMap gives them. */
function inHashOrder(names: readonly string[]): string[] {
  let buckets = 16;
  while (names.length > 0.75 * buckets) buckets *= 2;
  const bucket = (name: string): number => {
    let hash = 0;
    for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) | 0;
    return (hash ^ (hash >>> 16)) & (buckets - 1);
  };
  return [...names].sort((a, b) => bucket(a) - bucket(b));
}

/** A source that tells what the bytes of a topic mean: the one that a query writes, or else any. */
export function sourceOn(catalog: Catalog, topic: string): SourceEntry | null {
  const sources = catalog.sources().filter((source) => source.topic === topic);
  return sources.find((source) => source.createdBy !== null) ?? sources[0] ?? null;
}
