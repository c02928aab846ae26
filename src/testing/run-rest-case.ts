import type { PendingBatch } from '../broker/broker.js';
import { partitionOfKey } from '../broker/partitioner.js';
import { openEngine } from '../engine/create-engine.js';
import { NO_CHANGE } from '../engine/engine-core.js';
import type { MillraceEngine } from '../engine/millrace-engine.js';
import { type SubjectVersion, subjectOf } from '../formats/schema-registry/schema-registry.js';
import { JsonNumber, type JsonValue, parseJsonLossless, writeJson } from '../model/json-text.js';
import { parse } from '../parser/parse.js';
import type { Dialect } from '../planner/planning-context.js';
import { KSQL_V1_JSON, KSQL_V1_PROTOBUF } from '../server/accept.js';
import { createApp } from '../server/app.js';
import { listOf, objectOf, textOf } from './json.js';
import { matchRecords } from './judge/match-records.js';
import { type ErrorAnswer, errorDifference, matchResponses, type RestResponse } from './judge/match-responses.js';
import { decodeRecord, encodeRecord } from './record-codec.js';
import { sharedFunctionSettings } from './shared-functions.js';
import { type RestCase, TestFailure, type TestRecord, type TestSchema } from './test-case.js';
import type { TestSchemas } from './test-registry.js';
import { batchOf, recordsOf, type TopicRecord } from './topics.js';
import { sourceOn } from './workbench.js';

/** Topics that no test describes have this many partitions. */
const PARTITIONS_DEFAULT = 4;
const READ_BYTES = 100_000_000;
/** A response that takes longer does not come. */
const RESPONSE_MS_MAX = 3000;

/** As the servers of ksqlDB's tests are set up; commits come quickly, so that nothing waits for them. */
const SERVER_SETTINGS: Readonly<Record<string, string>> = {
  'auto.offset.reset': 'earliest',
  'cache.max.bytes.buffering': '0',
  'commit.interval.ms': '1',
  'ksql.query.push.v2.enabled': 'true',
};

/** Runs a case of HTTP requests against a server of its own, in this process. @throws TestFailure for its first difference */
export async function runRestCase(test: RestCase, dialect: Dialect): Promise<void> {
  const engine = (await openEngine({
    settings: { ...SERVER_SETTINGS, ...sharedFunctionSettings(), 'millrace.dialect': dialect },
  })) as MillraceEngine;
  try {
    await new RestRun(test, engine).run();
  } finally {
    await engine.close();
  }
}

class RestRun {
  readonly #test: RestCase;
  readonly #engine: MillraceEngine;
  readonly #fetch: (request: Request) => Response | Promise<Response>;
  readonly #responses: RestResponse[] = [];

  constructor(test: RestCase, engine: MillraceEngine) {
    this.#test = test;
    this.#engine = engine;
    const app = createApp(engine, { log: () => {} });
    this.#fetch = (request) => app.fetch(request);
  }

  async run(): Promise<void> {
    const { statements, queriesFrom, expectedError, inputs, outputs, responses, waitsForPushQuery, asksForProtobuf } =
      this.#test;
    const admin = statements.slice(0, queriesFrom);
    const queries = statements.slice(queriesFrom);
    await this.#createTopics(admin);
    if (admin.length > 0) {
      const error = await this.#sendAdmin(admin.join('\n'));
      if (error !== null) {
        this.#expectError(error);
        return;
      }
    }
    if (waitsForPushQuery) await this.#sendQuery(queries[0]!, 'query', () => this.#produce(inputs));
    else {
      await this.#produce(inputs);
      if (responses.length > admin.length || outputs.length > 0) await inTime(this.#engine.drain());
      for (const kind of asksForProtobuf ? (['query', 'queryProto'] as const) : (['query'] as const)) {
        for (const query of queries) {
          const error = await this.#sendQuery(query, kind, null);
          if (error === null) continue;
          this.#expectError(error);
          return;
        }
      }
    }
    if (expectedError !== null && queries.length > 0)
      throw new TestFailure('expected an error, but the query succeeded');
    await this.#verifyOutputs();
    matchResponses(responses, this.#responses, this.#test);
  }

  #expectError(error: ErrorAnswer): void {
    const { expectedError } = this.#test;
    if (expectedError === null) throw new TestFailure(`the server answered ${error.status}: ${error.message}`);
    const difference = errorDifference(expectedError, error, this.#test.statements.at(-1) ?? '');
    if (difference !== null) throw new TestFailure(difference);
  }

  async #createTopics(admin: readonly string[]): Promise<void> {
    const { topics, inputs } = this.#test;
    const partitions = new Map(topics.map((topic) => [topic.name, topic.partitions]));
    for (const { statement } of parse(admin.join('\n')).statements) {
      if (statement.kind !== 'createSource' || statement.columns.length === 0) continue;
      const value = (name: string) => statement.properties.find((p) => p.name === name)?.value;
      const topic = value('KAFKA_TOPIC');
      const count = value('PARTITIONS');
      if (topic?.kind !== 'string' || partitions.has(topic.value)) continue;
      partitions.set(topic.value, count?.kind === 'integer' ? Number(count.value) : PARTITIONS_DEFAULT);
    }
    for (const { topic } of inputs) if (!partitions.has(topic)) partitions.set(topic, PARTITIONS_DEFAULT);
    const createTopics = [...partitions].map(([name, count]) => ({
      name,
      config: { partitions: count, replicas: 1, cleanupPolicy: ['delete' as const], retentionMs: -1 },
    }));
    await this.#engine.core.parts.thread.apply({ ...NO_CHANGE, createTopics });
    for (const { name, key, value } of topics) {
      if (key !== null) await this.#registerSchema(subjectOf(name, 'key'), key);
      if (value !== null) await this.#registerSchema(subjectOf(name, 'value'), value);
    }
  }

  /** @returns the error that the server answered, or null */
  async #sendAdmin(text: string): Promise<ErrorAnswer | null> {
    const response = await this.#post('/ksql', text, KSQL_V1_JSON);
    const body = parseJsonLossless(await inTime(response.text()));
    if (response.status !== 200) return errorOf(response.status, body);
    for (const entity of listOf(body, 'the answer')) this.#responses.push({ kind: 'admin', entity });
    return null;
  }

  /**
   * Sends a query and reads its answer to the end.
   * @param kind how rows are asked for
   * @param onHeader called when the first of the answer has come
   */
  async #sendQuery(
    text: string,
    kind: 'query' | 'queryProto',
    onHeader: (() => Promise<void>) | null,
  ): Promise<ErrorAnswer | null> {
    const response = await this.#post('/query', text, kind === 'query' ? KSQL_V1_JSON : KSQL_V1_PROTOBUF);
    const body = await inTime(readBody(response, onHeader));
    const json = parseJsonLossless(body);
    if (response.status !== 200) return errorOf(response.status, json);
    const rows = listOf(json, 'the answer').map((row) => objectOf(row, 'a row'));
    const failed = rows.find((row) => row.has('errorMessage'));
    if (failed !== undefined) return errorOf(response.status, failed.get('errorMessage')!);
    this.#responses.push({ kind, rows });
    return null;
  }

  async #post(path: string, text: string, accept: string): Promise<Response> {
    const body = writeJson(
      new Map<string, JsonValue>([
        ['ksql', text],
        ['streamsProperties', new Map(this.#test.properties)],
      ]),
    );
    return await inTime(
      this.#fetch(new Request(`http://localhost${path}`, { method: 'POST', headers: { accept }, body })),
    );
  }

  /** Topic by topic, each record in the partition of its key; all at once, so that none is processed before the others are there. */
  async #produce(inputs: readonly TestRecord[]): Promise<void> {
    const { catalog, parts } = this.#engine.core;
    await parts.log.refresh();
    const schemas = await this.#schemasOf(inputs);
    const batches: PendingBatch[] = [];
    for (const topic of new Set(inputs.map((input) => input.topic))) {
      const source = sourceOn(catalog, topic);
      if (source === null) throw new TestFailure(`no stream or table reads the topic ${topic} of an input`);
      const partitions = parts.log.describeTopic(topic)!.partitions;
      for (const input of inputs) {
        if (input.topic !== topic) continue;
        const record = encodeRecord(input, source, schemas);
        const { key } = record;
        const partition = key === null ? 0 : partitionOfKey(key, 0, key.length, partitions);
        batches.push({ topic, partition, records: 1, bytes: batchOf(topic, record, 0).bytes });
      }
    }
    await parts.thread.append(batches);
  }

  /** With the id that the test says, as if it came from another registry. */
  async #registerSchema(subject: string, { schema, id }: TestSchema): Promise<void> {
    const registry = this.#engine.core.embeddedRegistry!;
    if (id === null) {
      await registry.register(subject, schema);
      return;
    }
    const { type, text, imports } = schema;
    if (imports.length > 0) throw new TestFailure('a schema with an id and references is not supported');
    await registry.setMode(subject, 'IMPORT', true);
    await registry.registerVersion(subject, { type, text, references: [], id, version: null });
    await registry.setMode(subject, null, true);
  }

  /** The latest schemas of the topics of these records. */
  async #schemasOf(records: readonly TestRecord[]): Promise<TestSchemas> {
    const { registry } = this.#engine.core.schemas;
    const subjects = new Map<string, SubjectVersion | null>();
    for (const topic of new Set(records.map((record) => record.topic))) {
      for (const target of ['key', 'value'] as const) {
        const subject = subjectOf(topic, target);
        subjects.set(subject, await registry.latest(subject));
      }
    }
    return {
      latest: (subject) => subjects.get(subject) ?? null,
      find: (id) => [...subjects.values()].find((version) => version?.schema.id === id)?.schema ?? null,
    };
  }

  async #verifyOutputs(): Promise<void> {
    const { catalog, parts } = this.#engine.core;
    await parts.log.refresh();
    const { outputs } = this.#test;
    const schemas = await this.#schemasOf(outputs);
    for (const topic of new Set(outputs.map((output) => output.topic))) {
      const source = sourceOn(catalog, topic);
      const description = parts.log.describeTopic(topic);
      if (source === null || description === null) throw new TestFailure(`there is no topic ${topic} with a source`);
      const expected = outputs.filter((output) => output.topic === topic);
      const records: TopicRecord[] = [];
      for (let partition = 0; partition < description.partitions; partition++) {
        for (const batch of await parts.log.read(topic, partition, 0, READ_BYTES)) {
          records.push(...recordsOf({ topic, partition, records: 0, bytes: batch.bytes }));
        }
      }
      const actual = records
        .slice(0, expected.length)
        .map((record) => ({ ...decodeRecord(record, source, schemas, true), headers: [] }));
      const withoutHeaders = expected.map((record) => ({ ...record, headers: [] }));
      matchRecords(topic, withoutHeaders, actual, { zeroTimestampIsAny: false });
    }
  }
}

/** Fails after {@link RESPONSE_MS_MAX}. */
async function inTime<T>(work: T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new TestFailure(`no response within ${RESPONSE_MS_MAX / 1000} seconds`)),
      RESPONSE_MS_MAX,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function readBody(response: Response, onHeader: (() => Promise<void>) | null): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let waiting = onHeader;
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (waiting !== null) await waiting();
    waiting = null;
  }
  return text;
}

function errorOf(status: number, json: JsonValue): ErrorAnswer {
  const body = objectOf(json, 'an error');
  const statement = body.get('statementText');
  const code = body.get('error_code');
  return {
    // In a response that has begun, the error's code tells what the status would have been.
    status: status !== 200 ? status : code instanceof JsonNumber ? Math.floor(Number(code.text) / 100) : status,
    type: textOf(body.get('@type'), '@type'),
    message: textOf(body.get('message'), 'message'),
    statementText: typeof statement === 'string' ? statement : null,
  };
}
