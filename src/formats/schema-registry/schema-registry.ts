/** The kinds of schemas that a registry keeps, by the names of its REST API. */
export type SchemaType = 'AVRO' | 'JSON' | 'PROTOBUF';

/** A schema as formats read it. Plain JSON. */
export interface SchemaText {
  readonly type: SchemaType;
  /** Avro and JSON Schema: JSON text. Protobuf: the text of a .proto file. */
  readonly text: string;
  /** The schemas that it imports by these names, and what those import, each before the ones that need it. */
  readonly imports: readonly SchemaImport[];
}

export interface SchemaImport {
  readonly name: string;
  readonly text: string;
}

export interface RegisteredSchema extends SchemaText {
  /** A positive number, one for each distinct schema of the registry. */
  readonly id: number;
}

/** A schema as a version of a subject. */
export interface SubjectVersion {
  readonly subject: string;
  /** From 1. */
  readonly version: number;
  readonly schema: RegisteredSchema;
}

/**
 * What statements and queries ask of a schema registry. Every method throws a SystemError `registry-unavailable` (retriable) when the registry does not
 * answer, `registry-denied` when it does not let us in, and `registry-error` with its own words for what it refuses otherwise.
 */
export interface SchemaRegistry {
  /**
   * Makes the schema the latest of the subject unless it is one of its versions already.
   * @throws StatementError `incompatible-schema` when the subject's compatibility rule forbids it, `invalid-schema` when it is none
   */
  register(subject: string, schema: SchemaText): Promise<SubjectVersion>;
  /** Null for a subject without versions. */
  latest(subject: string): Promise<SubjectVersion | null>;
  /** Null when there is no such id. */
  byId(id: number): Promise<RegisteredSchema | null>;
  /** The subjects that have a schema among their versions. */
  subjectsOf(id: number): Promise<readonly string[]>;
  /** Deletes a subject with its versions; nothing happens when there is none. */
  deleteSubject(subject: string): Promise<void>;
}

/** The topic's subject for one half of its records (Confluent's TopicNameStrategy). */
export function subjectOf(topic: string, target: 'key' | 'value'): string {
  return `${topic}-${target}`;
}

/** The schemas that records were written with, as far as they are known in this thread: what a deserializer asks while it runs. */
export interface WriterSchemas {
  /** Null when the registry has no such id, undefined when it has not been asked yet. */
  find(id: number): RegisteredSchema | null | undefined;
}

/** Knows no schema. */
export const NO_SCHEMAS: WriterSchemas = { find: () => undefined };
