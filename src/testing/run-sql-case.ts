import type { SourceEntry } from '../catalog/catalog.js';
import { formatNamed } from '../formats/index.js';
import { decodeRow } from '../formats/row-codec.js';
import { StatementError } from '../model/errors.js';
import { type Column, columnIndex, formatSchema, keyColumns, sameColumn, valueColumns } from '../model/schema.js';
import { BIGINT, type SqlType } from '../model/sql-type.js';
import { equalValues, type Row, type SqlValue } from '../model/value.js';
import { valueText } from '../model/value-text.js';
import type { AssertSource, AssertTombstone, AssertValues, Expression, Identifier } from '../parser/ast.js';
import type { ParsedStatement } from '../parser/parse.js';
import type { Dialect } from '../planner/planning-context.js';
import { classOf, isKindOf, messageDifference } from './judge/match-exception.js';
import { keyWithoutWindow } from './record-codec.js';
import { SingleTaskDriver } from './single-task-driver.js';
import { type SqlCase, TestFailure } from './test-case.js';
import type { TestSchemas } from './test-registry.js';
import { type TopicRecord, Topics } from './topics.js';
import { Workbench } from './workbench.js';

/** Queries that feed each other deeper than this go in a circle. */
const DEPTH_MAX = 200;

/** Runs a script of statements and assertions. @throws TestFailure for what does not hold, or what the engine threw */
export function runSqlCase(test: SqlCase, dialect: Dialect): void {
  const run = new SqlRun(dialect);
  const { expectedError, expectedMessage } = test;
  try {
    for (const step of test.steps) run.script(step);
  } catch (error) {
    if (expectedError === null && expectedMessage === null) throw error;
    const own = error instanceof TestFailure ? 'AssertionError' : classOf(error);
    const wanted = expectedError?.split('.').pop();
    if (wanted !== undefined && own !== wanted && (own === 'AssertionError' || !isKindOf(own, wanted))) {
      throw new TestFailure(`expected a ${wanted}, got a ${own}: ${(error as Error).message}`);
    }
    const difference = messageDifference(expectedMessage, error);
    if (difference !== null) throw new TestFailure(difference);
    return;
  } finally {
    run.close();
  }
  if (expectedError !== null || expectedMessage !== null) {
    throw new TestFailure(`expected an exception: ${expectedMessage ?? expectedError}`);
  }
}

/** All queries of a script over shared topics: what one writes goes at once through those that read it. */
class SqlRun {
  readonly #workbench: Workbench;
  readonly #topics = new Topics();
  readonly #drivers = new Map<string, SingleTaskDriver>();
  /** Records of a topic that assertions have taken. */
  readonly #taken = new Map<string, number>();

  constructor(dialect: Dialect) {
    this.#workbench = new Workbench({ properties: new Map(), partitionsDefault: 1, dialect });
  }

  script(text: string): void {
    const workbench = this.#workbench;
    for (const parsed of workbench.parse(text, true)) {
      const { statement } = parsed;
      if (statement.kind === 'assertValues') this.#assertValues(statement);
      else if (statement.kind === 'assertTombstone') this.#assertTombstone(statement);
      else if (statement.kind === 'assertSource') this.#assertSource(statement, parsed.text);
      else this.#run(parsed);
    }
  }

  close(): void {
    for (const driver of this.#drivers.values()) driver.close();
  }

  #run(parsed: ParsedStatement): void {
    const workbench = this.#workbench;
    workbench.addTopicsOf([parsed]);
    const effect = workbench.run(parsed);
    if (effect === null) return;
    const { query } = effect;
    if (query !== null) {
      const previous = query.replaces === null ? null : (this.#drivers.get(query.replaces) ?? null);
      const driver = new SingleTaskDriver(
        query.plan,
        workbench.functions,
        workbench.evaluation,
        workbench.schemas,
        previous,
      );
      if (query.replaces !== null) this.#drivers.delete(query.replaces);
      this.#drivers.set(query.entry.id, driver);
    } else {
      for (const id of effect.stopped) {
        this.#drivers.get(id)?.close();
        this.#drivers.delete(id);
      }
    }
    for (const { topic, record } of effect.inserted) this.#produce(topic, record, 0);
  }

  /** Depth first: all that follows from a record is there before the next one comes. */
  #produce(topic: string, record: TopicRecord, depth: number): void {
    if (depth > DEPTH_MAX) throw new TestFailure(`queries over ${topic} feed each other without end`);
    this.#topics.append(topic, record);
    for (const driver of [...this.#drivers.values()]) {
      if (!driver.inputs.includes(topic)) continue;
      for (const written of driver.process(topic, record)) this.#produce(written.topic, written.record, depth + 1);
    }
  }

  #next(source: SourceEntry): TopicRecord {
    const { topic, name } = source;
    const at = this.#taken.get(topic) ?? 0;
    const record = this.#topics.records(topic)[at];
    if (record === undefined) throw new TestFailure(`Expected another record of ${name}, but got none`);
    this.#taken.set(topic, at + 1);
    return record;
  }

  #assertValues(statement: AssertValues): void {
    const source = this.#source(statement.target);
    const record = this.#next(source);
    const row = decode(source, record, this.#workbench.schemas);
    if (row === null) throw new TestFailure(`Expected record does not match actual: ${source.name} has a tombstone`);
    this.#compare(source, statement.columns, statement.values, row, record);
  }

  #assertTombstone(statement: AssertTombstone): void {
    const source = this.#source(statement.target);
    const record = this.#next(source);
    if (record.value !== null) {
      throw new TestFailure(`Expected record does not match actual: expected a tombstone of ${source.name}`);
    }
    const key = decodeHalf(source, record, 'key', this.#workbench.schemas);
    this.#compare(source, statement.columns, statement.key, key, record);
  }

  #compare(
    source: SourceEntry,
    names: readonly Identifier[],
    expressions: readonly Expression[],
    row: Row,
    record: TopicRecord,
  ): void {
    names.forEach(({ name }, i) => {
      const { type, actual } = columnOf(source, name, row, record);
      const expected = this.#workbench.constant(expressions[i]!, type, name);
      if (equalValues(type, expected, actual)) return;
      throw new TestFailure(
        `Expected record does not match actual: column ${name} of ${source.name}: expected ${valueText(type, expected)}, got ${valueText(type, actual)}`,
      );
    });
  }

  #assertSource(statement: AssertSource, text: string): void {
    const { definition } = statement;
    const actual = this.#source(definition.name);
    const expected = this.#workbench.define(definition, text);
    for (const [what, fits] of Object.entries(SOURCE_RULES)) {
      if (fits(expected, actual)) continue;
      throw new StatementError(
        `Expected ${what} does not match actual for source ${actual.name}.${schemasOf(what, expected, actual)}`,
        {
          code: 'assertion-failed',
          problem: 'engine',
        },
      );
    }
  }

  #source({ name }: Identifier): SourceEntry {
    const source = this.#workbench.catalog.source(name);
    if (source !== null) return source;
    throw new StatementError(`Source ${name} does not exist`, { code: 'unknown-source', problem: 'engine' });
  }
}

/** What must be the same of a source, in the order in which it is checked, by ksqlDB's words for it. */
const SOURCE_RULES: Readonly<Record<string, (expected: SourceEntry, actual: SourceEntry) => boolean>> = {
  type: (a, b) => a.kind === b.kind,
  schema: (a, b) =>
    a.schema.columns.length === b.schema.columns.length &&
    a.schema.columns.every((column, i) => sameColumn(column, b.schema.columns[i]!)),
  'kafka topic': (a, b) => a.topic === b.topic,
  'key format': (a, b) => a.keyFormat.name === b.keyFormat.name,
  'key format properties': (a, b) => sameProperties(a.keyFormat.properties, b.keyFormat.properties),
  'value format': (a, b) => a.valueFormat.name === b.valueFormat.name,
  'value format properties': (a, b) => sameProperties(a.valueFormat.properties, b.valueFormat.properties),
  'value serde features': (a, b) => a.wrapSingleValue === b.wrapSingleValue,
  'timestamp column': (a, b) => (a.timestamp?.column ?? null) === (b.timestamp?.column ?? null),
  'timestamp format': (a, b) => (a.timestamp?.format ?? null) === (b.timestamp?.format ?? null),
};

function sameProperties(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function schemasOf(what: string, expected: SourceEntry, actual: SourceEntry): string {
  if (what !== 'schema') return '';
  return ` Expected: ${formatSchema(expected.schema)}. Actual: ${formatSchema(actual.schema)}.`;
}

function columnOf(
  source: SourceEntry,
  name: string,
  row: Row,
  record: TopicRecord,
): { readonly type: SqlType; readonly actual: SqlValue } {
  const index = columnIndex(source.schema, name);
  if (index >= 0) return { type: source.schema.columns[index]!.type, actual: row[index] ?? null };
  if (name === 'ROWTIME') return { type: BIGINT, actual: record.timestamp };
  throw new StatementError(`Column name \`${name}\` does not exist.`, { code: 'unknown-column' });
}

/** The columns of a record in the order of the schema; null for a tombstone. */
function decode(source: SourceEntry, record: TopicRecord, schemas: TestSchemas): Row | null {
  if (record.value === null) return null;
  const key = decodeHalf(source, record, 'key', schemas);
  const value = decodeHalf(source, record, 'value', schemas);
  let next = 0;
  return source.schema.columns.map((column, i) =>
    column.role === 'key' ? key[i]! : column.role === 'value' ? value[next++]! : null,
  );
}

function decodeHalf(source: SourceEntry, record: TopicRecord, target: 'key' | 'value', schemas: TestSchemas): Row {
  const format = target === 'key' ? source.keyFormat : source.valueFormat;
  const columns: readonly Column[] = target === 'key' ? keyColumns(source.schema) : valueColumns(source.schema);
  const bytes = target === 'key' ? keyWithoutWindow(record.key, source) : record.value;
  const row = bytes === null ? null : decodeRow(formatNamed(format.name)!, format, columns, bytes, target, schemas);
  return row ?? columns.map(() => null);
}
