import type { SchemaText } from '../formats/schema-registry/schema-registry.js';
import type { JsonObject, JsonValue } from '../model/json-text.js';
import type { RecordHeader } from '../model/record.js';

/** A record as a test writes it. */
export interface TestRecord {
  readonly topic: string;
  readonly key: JsonValue;
  readonly value: JsonValue;
  /** Null when not given: 0 for inputs, anything for outputs. */
  readonly timestamp: number | null;
  readonly window: TestWindow | null;
  readonly headers: readonly RecordHeader[];
}

export interface TestWindow {
  readonly type: 'TIME' | 'SESSION';
  readonly start: number;
  readonly end: number;
}

/** A topic that exists before the first statement. */
export interface TestTopic {
  readonly name: string;
  readonly partitions: number;
  readonly replicas: number;
  readonly key: TestSchema | null;
  readonly value: TestSchema | null;
}

/** A schema that is registered before the first statement. */
export interface TestSchema {
  readonly schema: SchemaText;
  /** Null: the next one. */
  readonly id: number | null;
}

/** How a case must fail; parts not given are null. Texts are substrings. */
export interface ExpectedException {
  readonly type: string | null;
  readonly message: string | null;
  readonly cause: string | null;
  readonly causeMessage: string | null;
}

/** A stream or table as it must be after the statements. Parts not given are null. */
export interface ExpectedSource {
  readonly name: string;
  readonly type: string;
  readonly schema: string | null;
  readonly keyFormat: {
    readonly format: string | null;
    readonly windowType: string | null;
    readonly windowSize: number | null;
  } | null;
  readonly valueFormat: string | null;
  readonly keyFeatures: readonly string[] | null;
  readonly valueFeatures: readonly string[] | null;
  readonly isSource: boolean | null;
}

/** A topic as it must be after the run. */
export interface ExpectedTopic {
  readonly name: string;
  readonly keyFormat: JsonObject;
  readonly valueFormat: JsonObject;
  readonly partitions: number | null;
  /** The latest schemas, as JSON or, for Protobuf, as text; null when nothing is said. */
  readonly keySchema: JsonValue;
  readonly valueSchema: JsonValue;
  /** Ids that statements name; null: none. */
  readonly keySchemaId: number | null;
  readonly valueSchemaId: number | null;
}

export interface PostConditions {
  readonly sources: readonly ExpectedSource[];
  /** A regular expression that no topic's name may match; null when none. */
  readonly topicBlacklist: string | null;
  readonly topics: readonly ExpectedTopic[];
}

interface CaseBase {
  readonly id: string;
  readonly name: string;
}

/** Statements, input records, output records; or the exception they must end in. */
export interface QueryCase extends CaseBase {
  readonly kind: 'query' | 'expected-exception';
  readonly statements: readonly string[];
  readonly properties: ReadonlyMap<string, string>;
  readonly topics: readonly TestTopic[];
  readonly inputs: readonly TestRecord[];
  readonly outputs: readonly TestRecord[];
  readonly expectedException: ExpectedException | null;
  readonly post: PostConditions | null;
}

/** A script of statements and assertions. */
export interface SqlCase extends CaseBase {
  readonly kind: 'sql';
  /** Statements in order, each a text of one or more. */
  readonly steps: readonly string[];
  /** A Java class name, or null. */
  readonly expectedError: string | null;
  readonly expectedMessage: string | null;
}

/** Requests to a server and the responses they must get. */
export interface RestCase extends CaseBase {
  readonly kind: 'rest';
  readonly statements: readonly string[];
  /** Index of the first statement that is a query. */
  readonly queriesFrom: number;
  readonly properties: ReadonlyMap<string, JsonValue>;
  readonly topics: readonly TestTopic[];
  readonly inputs: readonly TestRecord[];
  readonly outputs: readonly TestRecord[];
  readonly responses: readonly JsonObject[];
  readonly expectedError: {
    readonly status: number | null;
    readonly type: string | null;
    readonly message: string | null;
  } | null;
  readonly waitsForPushQuery: boolean;
  readonly verifiesOrder: boolean;
  /** Whether all queries are sent once more, for rows as Protobuf messages. */
  readonly asksForProtobuf: boolean;
}

export type TestCase = QueryCase | SqlCase | RestCase;

/** What became of a case. A failed one has a reason: its first difference. */
export interface CaseResult {
  readonly id: string;
  readonly kind: TestCase['kind'];
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly reason: string | null;
}

/** A case does not hold; the message is its first difference. */
export class TestFailure extends Error {
  override readonly name = 'TestFailure';
}

/** A case asks for something that this runner cannot judge. */
export class TestSkipped extends Error {
  override readonly name = 'TestSkipped';
}
