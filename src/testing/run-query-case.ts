import { StatementError } from '../model/errors.js';
import type { Dialect } from '../planner/planning-context.js';
import { exceptionDifference } from './judge/match-exception.js';
import { matchRecords } from './judge/match-records.js';
import { checkPostConditions } from './judge/post-conditions.js';
import { decodeRecord, encodeRecord } from './record-codec.js';
import { SingleTaskDriver, type WrittenRecord } from './single-task-driver.js';
import { type QueryCase, TestFailure, type TestRecord } from './test-case.js';
import { type TopicRecord, Topics } from './topics.js';
import { sourceOn, Workbench } from './workbench.js';

/** Topics that no test describes have this many partitions. */
const PARTITIONS_DEFAULT = 4;
/** A setting of the judge, not of the engine: false compares JSON numbers with a point as doubles. */
const EXACT_NUMBERS = 'use.exact.numeric.comparison';

/** Runs a case of statements and records. @throws TestFailure for its first difference, or what the engine threw */
export function runQueryCase(test: QueryCase, dialect: Dialect): void {
  const run = new QueryRun(test, dialect);
  const { expectedException } = test;
  if (expectedException === null) {
    run.all();
    return;
  }
  let thrown: unknown = null;
  try {
    run.untilOutputs();
  } catch (error) {
    thrown = error;
  }
  if (thrown === null)
    throw new TestFailure(`expected an exception: ${expectedException.message ?? expectedException.type}`);
  if (run.refusedBeforeLast(thrown)) {
    throw new TestFailure(`a statement before the last one was refused: ${(thrown as Error).message}`);
  }
  const difference = exceptionDifference(expectedException, thrown);
  if (difference !== null) throw new TestFailure(difference);
}

class QueryRun {
  readonly #test: QueryCase;
  readonly #workbench: Workbench;
  readonly #topics = new Topics();
  readonly #drivers = new Map<string, SingleTaskDriver>();
  /** Index of the statement that is being run, of how many. */
  #statement = { index: -1, count: 0 };

  constructor(test: QueryCase, dialect: Dialect) {
    this.#test = test;
    this.#workbench = new Workbench({ properties: test.properties, partitionsDefault: PARTITIONS_DEFAULT, dialect });
  }

  all(): void {
    this.untilOutputs();
    const { post } = this.#test;
    if (post === null) return;
    const plans = [...this.#drivers.values()].map((driver) => driver.plan);
    checkPostConditions(post, this.#workbench, plans, this.#topics.names());
  }

  untilOutputs(): void {
    try {
      this.#runStatements();
      if (this.#test.expectedException !== null && this.#test.inputs.length === 0) return;
      if (this.#drivers.size === 0) throw new TestFailure('no statement started a persistent query');
      const inputs = this.#writeInputs();
      for (const driver of this.#drivers.values()) this.#runQuery(driver, inputs);
      this.#verifyOutputs();
    } finally {
      for (const driver of this.#drivers.values()) driver.close();
    }
  }

  /** Only the last statement may be refused; texts that do not parse and engine errors are no refusals. */
  refusedBeforeLast(error: unknown): boolean {
    const { index, count } = this.#statement;
    return error instanceof StatementError && error.problem === 'statement' && index >= 0 && index < count - 1;
  }

  #runStatements(): void {
    const workbench = this.#workbench;
    const { topics, inputs, outputs } = this.#test;
    for (const { name, partitions, replicas } of topics) workbench.addTopic(name, partitions, replicas);
    const statements = workbench.parse(this.#test.statements.join('\n'));
    workbench.addTopicsOf(statements);
    workbench.addSchemas(topics, statements);
    for (const { topic } of [...inputs, ...outputs]) workbench.addTopic(topic);
    statements.forEach((statement, index) => {
      this.#statement = { index, count: statements.length };
      const effect = workbench.run(statement);
      if (effect === null) return;
      for (const id of effect.stopped) this.#stop(id);
      if (effect.query !== null) {
        const driver = new SingleTaskDriver(
          effect.query.plan,
          workbench.functions,
          workbench.evaluation,
          workbench.schemas,
        );
        this.#stop(effect.query.entry.id);
        this.#drivers.set(effect.query.entry.id, driver);
      }
      for (const { topic, record } of effect.inserted) this.#topics.append(topic, record);
    });
  }

  #stop(id: string): void {
    this.#drivers.get(id)?.close();
    this.#drivers.delete(id);
  }

  #writeInputs(): readonly WrittenRecord[] {
    return this.#test.inputs.map((input) => {
      const source = sourceOn(this.#workbench.catalog, input.topic);
      if (source === null) throw new TestFailure(`no stream or table reads the topic ${input.topic} of an input`);
      const record = encodeRecord(input, source, this.#workbench.schemas);
      this.#topics.append(input.topic, record);
      return { topic: input.topic, record };
    });
  }

  /** Inputs in their order, then, whole, the topics it reads that no input names. */
  #runQuery(driver: SingleTaskDriver, inputs: readonly WrittenRecord[]): void {
    for (const { topic, record } of inputs) {
      if (driver.inputs.includes(topic)) this.#feed(driver, topic, record);
    }
    for (const topic of driver.inputs) {
      if (inputs.some((input) => input.topic === topic)) continue;
      for (const record of [...this.#topics.records(topic)]) this.#feed(driver, topic, record);
    }
  }

  #feed(driver: SingleTaskDriver, topic: string, record: TopicRecord): void {
    for (const written of driver.process(topic, record)) this.#topics.append(written.topic, written.record);
  }

  #verifyOutputs(): void {
    const { outputs, inputs, properties } = this.#test;
    const exact = properties.get(EXACT_NUMBERS)?.toLowerCase() !== 'false';
    const byTopic = new Map<string, TestRecord[]>();
    for (const record of outputs) {
      const records = byTopic.get(record.topic);
      if (records === undefined) byTopic.set(record.topic, [record]);
      else records.push(record);
    }
    for (const [topic, expected] of byTopic) {
      const source = sourceOn(this.#workbench.catalog, topic);
      const records = this.#topics.records(topic);
      if (source === null) throw new TestFailure(`no stream or table tells the format of the topic ${topic}`);
      const actual = records.map((record) => decodeRecord(record, source, this.#workbench.schemas, exact));
      matchRecords(topic, expected, actual, { zeroTimestampIsAny: inputs.length === 0 });
    }
  }
}
