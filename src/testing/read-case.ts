import type { SchemaType } from '../formats/schema-registry/schema-registry.js';
import { JsonNumber, type JsonObject, type JsonValue, quoteJsonString, writeJson } from '../model/json-text.js';
import type { RecordHeader } from '../model/record.js';
import { listOf, numberOf, objectOf, optionalNumber, optionalText, scalarText, TestFileError, textOf } from './json.js';
import type {
  ExpectedSource,
  PostConditions,
  QueryCase,
  RestCase,
  SqlCase,
  TestCase,
  TestRecord,
  TestSchema,
  TestTopic,
  TestWindow,
} from './test-case.js';

const EMPTY: JsonObject = new Map();

/** A case of a `cases` list. @throws TestFileError */
export function readCase(json: JsonValue): TestCase {
  const members = objectOf(json, 'a case');
  const id = textOf(members.get('id'), 'id');
  const kind = textOf(members.get('kind'), 'kind');
  switch (kind) {
    case 'query':
    case 'expected-exception':
      return readQueryCase(members, id);
    case 'sql':
      return readSqlCase(members, id);
    case 'rest':
      return readRestCase(members, id);
    default:
      throw new TestFileError(`unknown kind of case: ${kind}`);
  }
}

/**
 * A test of ksqlDB's own test files: it may list formats, and becomes one case a format, with `{FORMAT}` in the statements replaced.
 * @param file name of the file, without folder and extension
 */
export function readTest(json: JsonValue, file: string): TestCase[] {
  const members = objectOf(json, 'a test');
  if (members.get('enabled') === false) return [];
  const name = textOf(members.get('name'), 'name');
  const formats = listOf(members.get('format'), 'format').map((format) => textOf(format, 'format'));
  const id = `${file}/${name}`;
  if (formats.length === 0) return [readQueryCase(members, id)];
  return formats.map((format) => {
    const statements = listOf(members.get('statements'), 'statements').map((statement) =>
      textOf(statement, 'a statement').replaceAll('{FORMAT}', format),
    );
    return readQueryCase(new Map(members).set('statements', statements), `${id} - ${format}`);
  });
}

function readQueryCase(members: JsonObject, id: string): QueryCase {
  const exception = members.get('expectedException');
  const expected = exception === undefined ? null : objectOf(exception, 'expectedException');
  const post = members.get('post');
  return {
    kind: expected === null ? 'query' : 'expected-exception',
    id,
    name: optionalText(members.get('name'), 'name') ?? id,
    statements: listOf(members.get('statements'), 'statements').map((s) => textOf(s, 'a statement')),
    properties: new Map(
      [...objectOf(members.get('properties') ?? EMPTY, 'properties')].map(([name, v]) => [name, scalarText(v, name)]),
    ),
    topics: listOf(members.get('topics'), 'topics').map(readTopic),
    inputs: readRecords(members.get('inputs'), 'inputs'),
    outputs: readRecords(members.get('outputs'), 'outputs'),
    expectedException:
      expected === null
        ? null
        : {
            type: optionalText(expected.get('type'), 'type'),
            message: optionalText(expected.get('message'), 'message'),
            cause: optionalText(expected.get('cause'), 'cause'),
            causeMessage: optionalText(expected.get('causeMessage'), 'causeMessage'),
          },
    post: post === undefined ? null : readPost(objectOf(post, 'post')),
  };
}

/** Records of an `inputs` or `outputs` list. @throws TestFileError */
export function readRecords(json: JsonValue | undefined, what: string): readonly TestRecord[] {
  return listOf(json, what).map((record) => {
    const members = objectOf(record, 'a record');
    const window = members.get('window') ?? null;
    return {
      topic: textOf(members.get('topic'), 'topic'),
      key: members.get('key') ?? null,
      value: members.get('value') ?? null,
      timestamp: optionalNumber(members.get('timestamp'), 'timestamp'),
      window: window === null ? null : readWindow(objectOf(window, 'window')),
      headers: listOf(members.get('headers'), 'headers').map(readHeader),
    };
  });
}

function readWindow(members: JsonObject): TestWindow {
  const type = textOf(members.get('type'), 'the type of a window').toUpperCase();
  if (type !== 'TIME' && type !== 'SESSION') throw new TestFileError(`unknown type of window: ${type}`);
  return {
    type,
    start: numberOf(members.get('start'), 'the start of a window'),
    end: numberOf(members.get('end'), 'the end of a window'),
  };
}

function readHeader(json: JsonValue): RecordHeader {
  const members = objectOf(json, 'a header');
  const value = optionalText(members.get('VALUE'), 'VALUE');
  return { key: textOf(members.get('KEY'), 'KEY'), value: value === null ? null : Buffer.from(value, 'base64') };
}

function readTopic(json: JsonValue): TestTopic {
  const members = objectOf(json, 'a topic');
  return {
    name: textOf(members.get('name'), 'the name of a topic'),
    partitions: optionalNumber(members.get('partitions'), 'partitions') ?? 1,
    replicas: optionalNumber(members.get('replicas'), 'replicas') ?? 1,
    key: readSchema(members, 'key'),
    value: readSchema(members, 'value'),
  };
}

const SCHEMA_TYPES: Readonly<Record<string, SchemaType>> = {
  AVRO: 'AVRO',
  JSON: 'JSON',
  JSON_SR: 'JSON',
  PROTOBUF: 'PROTOBUF',
};

function readSchema(members: JsonObject, half: 'key' | 'value'): TestSchema | null {
  const schema = members.get(`${half}Schema`) ?? null;
  if (schema === null) return null;
  const imports = listOf(members.get(`${half}SchemaReferences`), 'references').map((json) => {
    const reference = objectOf(json, 'a reference');
    return {
      name: textOf(reference.get('name'), 'the name of a reference'),
      text: schemaText(reference.get('schema') ?? null),
    };
  });
  const format = optionalText(members.get(`${half}Format`), `${half}Format`) ?? 'AVRO';
  const type = SCHEMA_TYPES[format];
  if (type === undefined) throw new TestFileError(`there are no schemas in ${format} format`);
  return {
    schema: { type, text: schemaText(schema), imports },
    id: optionalNumber(members.get(`${half}SchemaId`), `${half}SchemaId`),
  };
}

/** Protobuf is given as a text, everything else as JSON. */
function schemaText(schema: JsonValue): string {
  return typeof schema === 'string' && /\b(syntax|message|enum)\b/.test(schema) ? schema : writeJson(schema);
}

function readPost(members: JsonObject): PostConditions {
  const topics = objectOf(members.get('topics') ?? EMPTY, 'topics');
  return {
    sources: listOf(members.get('sources'), 'sources').map(readExpectedSource),
    topicBlacklist: optionalText(topics.get('blacklist'), 'blacklist'),
    topics: listOf(topics.get('topics'), 'topics').map((topic) => {
      const given = objectOf(topic, 'a topic');
      return {
        name: textOf(given.get('name'), 'the name of a topic'),
        keyFormat: objectOf(given.get('keyFormat'), 'keyFormat'),
        valueFormat: objectOf(given.get('valueFormat'), 'valueFormat'),
        partitions: optionalNumber(given.get('partitions'), 'partitions'),
        keySchema: given.get('keySchema') ?? null,
        valueSchema: given.get('valueSchema') ?? null,
        keySchemaId: optionalNumber(given.get('keySchemaId'), 'keySchemaId'),
        valueSchemaId: optionalNumber(given.get('valueSchemaId'), 'valueSchemaId'),
      };
    }),
  };
}

function readExpectedSource(json: JsonValue): ExpectedSource {
  const members = objectOf(json, 'a source');
  const keyFormat = members.get('keyFormat') ?? null;
  const key = keyFormat === null ? null : objectOf(keyFormat, 'keyFormat');
  const isSource = members.get('isSource');
  return {
    name: textOf(members.get('name'), 'the name of a source'),
    type: textOf(members.get('type'), 'the type of a source').toUpperCase(),
    schema: optionalText(members.get('schema'), 'schema'),
    keyFormat:
      key === null
        ? null
        : {
            format: optionalText(key.get('format'), 'format'),
            windowType: optionalText(key.get('windowType'), 'windowType'),
            windowSize: optionalNumber(key.get('windowSize'), 'windowSize'),
          },
    valueFormat: optionalText(members.get('valueFormat'), 'valueFormat'),
    keyFeatures: readFeatures(members.get('keyFeatures')),
    valueFeatures: readFeatures(members.get('valueFeatures')),
    isSource: typeof isSource === 'boolean' ? isSource : null,
  };
}

function readFeatures(json: JsonValue | undefined): readonly string[] | null {
  return json === undefined || json === null ? null : listOf(json, 'features').map((f) => textOf(f, 'a feature'));
}

function readSqlCase(members: JsonObject, id: string): SqlCase {
  const scripts = objectOf(members.get('scripts') ?? EMPTY, 'scripts');
  const steps: string[] = [];
  for (const json of listOf(members.get('steps'), 'steps')) {
    const step = objectOf(json, 'a step');
    const run = step.get('run');
    const text = step.get('sql') ?? step.get('assert');
    if (run !== undefined) {
      const script = scripts.get(textOf(run, 'run'));
      const statements = Array.isArray(script) ? script : [script];
      steps.push(...statements.map((s) => textOf(s, 'a script')));
    } else if (text !== undefined) {
      steps.push(textOf(text, 'a step'));
    } else if (!step.has('directive')) {
      throw new TestFileError(`unknown step: ${quoteJsonString(writeJson(json))}`);
    }
  }
  return {
    kind: 'sql',
    id,
    name: optionalText(members.get('name'), 'name') ?? id,
    steps,
    expectedError: optionalText(members.get('expectedError'), 'expectedError'),
    expectedMessage: optionalText(members.get('expectedMessage'), 'expectedMessage'),
  };
}

function readRestCase(members: JsonObject, id: string): RestCase {
  const error = members.get('expectedError') ?? null;
  const expected = error === null ? null : objectOf(error, 'expectedError');
  const inputConditions = objectOf(members.get('inputConditions') ?? EMPTY, 'inputConditions');
  const outputConditions = objectOf(members.get('outputConditions') ?? EMPTY, 'outputConditions');
  const status = expected?.get('status') ?? null;
  return {
    kind: 'rest',
    id,
    name: optionalText(members.get('name'), 'name') ?? id,
    statements: listOf(members.get('statements'), 'statements').map((s) => textOf(s, 'a statement')),
    queriesFrom: numberOf(members.get('queriesFrom'), 'queriesFrom'),
    properties: objectOf(members.get('properties') ?? EMPTY, 'properties'),
    topics: listOf(members.get('topics'), 'topics').map(readTopic),
    inputs: readRecords(members.get('inputs'), 'inputs'),
    outputs: readRecords(members.get('outputs'), 'outputs'),
    responses: listOf(members.get('responses'), 'responses').map((r) => objectOf(r, 'a response')),
    expectedError:
      expected === null
        ? null
        : {
            status: status instanceof JsonNumber ? Number(status.text) : null,
            type: optionalText(expected.get('type'), 'type'),
            message: optionalText(expected.get('message'), 'message'),
          },
    waitsForPushQuery: inputConditions.get('waitForActivePushQuery') === true,
    verifiesOrder: outputConditions.get('verifyOrder') === true,
    asksForProtobuf: members.get('testPullWithProtoFormat') === true,
  };
}
