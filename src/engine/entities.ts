import type { SqlType } from '../model/sql-type.js';

/*
 * What statements answer, in the shapes that ksqlDB's clients read: the server sends them as they are, the command line
 * shows them as tables. Member order is the order of the JSON.
 */

export interface Warning {
  readonly message: string;
}

interface EntityBase {
  readonly statementText: string;
  readonly warnings: readonly Warning[];
}

/** A column's type as clients read it; `type` is the name of the base type. */
export interface SchemaInfo {
  readonly type: string;
  readonly fields: readonly FieldInfo[] | null;
  readonly memberSchema: SchemaInfo | null;
  readonly parameters?: { readonly precision: number; readonly scale: number };
}

export interface FieldInfo {
  readonly name: string;
  readonly schema: SchemaInfo;
  readonly type?: 'KEY' | 'HEADER';
  readonly headerKey?: string;
}

export type CommandState = 'QUEUED' | 'PARSING' | 'EXECUTING' | 'RUNNING' | 'TERMINATED' | 'SUCCESS' | 'ERROR';

export interface CommandStatus {
  readonly status: CommandState;
  readonly message: string;
  readonly queryId: string | null;
}

/** A state of a query that ksqlDB has no word for; such answers show the nearest of its own beside it. */
export type ExtendedQueryState = 'RESTORING' | 'UNASSIGNED';

export interface RunningQuery {
  readonly queryString: string;
  readonly sinks: readonly string[];
  readonly sinkKafkaTopics: readonly string[];
  readonly id: string;
  readonly statusCount: Readonly<Record<string, number>>;
  readonly queryType: 'PERSISTENT' | 'PUSH' | 'PULL';
  readonly state: string;
  readonly millraceState?: ExtendedQueryState;
}

export interface QueryDescription {
  readonly id: string;
  readonly statementText: string;
  readonly windowType: string | null;
  readonly fields: readonly FieldInfo[];
  readonly sources: readonly string[];
  readonly sinks: readonly string[];
  readonly topology: string;
  readonly executionPlan: string;
  readonly overriddenProperties: Readonly<Record<string, string>>;
  readonly ksqlHostQueryStatus: Readonly<Record<string, string>>;
  readonly queryType: 'PERSISTENT' | 'PUSH' | 'PULL';
  readonly queryErrors: readonly { readonly timestamp: number; readonly errorMessage: string; readonly type: string }[];
  readonly tasksMetadata: readonly {
    readonly taskId: string;
    readonly topicOffsets: readonly {
      readonly topicPartitionEntity: { readonly topic: string; readonly partition: number };
      readonly endOffset: number;
      readonly committedOffset: number;
    }[];
    readonly timeCurrentIdlingStarted: number | null;
  }[];
  readonly consumerGroupId: string;
  readonly state: string | null;
  readonly millraceState?: ExtendedQueryState;
}

export interface SourceDescription {
  readonly name: string;
  readonly windowType: string | null;
  readonly readQueries: readonly RunningQuery[];
  readonly writeQueries: readonly RunningQuery[];
  readonly fields: readonly FieldInfo[];
  readonly type: 'STREAM' | 'TABLE';
  readonly timestamp: string;
  readonly statistics: string;
  readonly errorStats: string;
  readonly extended: boolean;
  readonly keyFormat: string;
  readonly valueFormat: string;
  readonly topic: string;
  readonly partitions: number;
  readonly replication: number;
  readonly statement: string;
  readonly queryOffsetSummaries: readonly {
    readonly groupId: string;
    readonly topicSummaries: readonly {
      readonly kafkaTopic: string;
      readonly offsets: readonly {
        readonly partition: number;
        readonly logStartOffset: number;
        readonly logEndOffset: number;
        readonly consumerOffset: number;
      }[];
    }[];
  }[];
  readonly sourceConstraints: readonly string[];
  readonly clusterStatistics: readonly object[];
  readonly clusterErrorStats: readonly object[];
}

export interface SourceListItem {
  readonly type: 'STREAM' | 'TABLE';
  readonly name: string;
  readonly topic: string;
  readonly keyFormat: string;
  readonly valueFormat: string;
  readonly isWindowed: boolean;
}

export interface PropertyItem {
  readonly name: string;
  readonly scope: string;
  readonly value: string | null;
  readonly editable: boolean;
  readonly level: 'QUERY' | 'SERVER';
}

export interface FunctionArgument {
  readonly name: string;
  readonly type: string;
  readonly description: string;
  readonly isVariadic: boolean;
}

/** The answer to one statement. */
export type Entity =
  | (EntityBase & {
      readonly '@type': 'currentStatus';
      readonly commandId: string;
      readonly commandStatus: CommandStatus;
      readonly commandSequenceNumber: number;
    })
  | (EntityBase & { readonly '@type': 'streams'; readonly streams: readonly SourceListItem[] })
  | (EntityBase & { readonly '@type': 'tables'; readonly tables: readonly SourceListItem[] })
  | (EntityBase & { readonly '@type': 'queries'; readonly queries: readonly RunningQuery[] })
  | (EntityBase & { readonly '@type': 'query_descriptions'; readonly queryDescriptions: readonly QueryDescription[] })
  | (EntityBase & { readonly '@type': 'queryDescription'; readonly queryDescription: QueryDescription })
  | (EntityBase & { readonly '@type': 'sourceDescription'; readonly sourceDescription: SourceDescription })
  | (EntityBase & {
      readonly '@type': 'source_descriptions';
      readonly sourceDescriptions: readonly SourceDescription[];
    })
  | (EntityBase & {
      readonly '@type': 'properties';
      readonly properties: readonly PropertyItem[];
      readonly overwrittenProperties: readonly string[];
      readonly defaultProperties: readonly string[];
    })
  | (EntityBase & {
      readonly '@type': 'kafka_topics';
      readonly topics: readonly { readonly name: string; readonly replicaInfo: readonly number[] }[];
    })
  | (EntityBase & {
      readonly '@type': 'kafka_topics_extended';
      readonly topics: readonly {
        readonly name: string;
        readonly replicaInfo: readonly number[];
        readonly consumerCount: number;
        readonly consumerGroupCount: number;
      }[];
    })
  | (EntityBase & {
      readonly '@type': 'function_names';
      readonly functions: readonly { readonly name: string; readonly type: string; readonly category: string }[];
    })
  | (EntityBase & {
      readonly '@type': 'describe_function';
      readonly name: string;
      readonly description: string;
      readonly author: string;
      readonly version: string;
      readonly path: string;
      readonly type: string;
      readonly functions: readonly {
        readonly arguments: readonly FunctionArgument[];
        readonly returnType: string;
        readonly description: string;
      }[];
    })
  | (EntityBase & { readonly '@type': 'type_list'; readonly types: Readonly<Record<string, SchemaInfo>> })
  | (EntityBase & {
      readonly '@type': 'variables';
      readonly variables: readonly { readonly name: string; readonly value: string }[];
    })
  | (EntityBase & { readonly '@type': 'warning_entity'; readonly message: string })
  | (EntityBase & { readonly '@type': 'terminate_query'; readonly queryId: string; readonly wasTerminated: boolean })
  | (EntityBase & { readonly '@type': 'assert_topic'; readonly topicName: string; readonly exists: boolean })
  | (EntityBase & {
      readonly '@type': 'assert_schema';
      readonly subject: string | null;
      readonly id: number | null;
      readonly exists: boolean;
    });

export type EntityType = Entity['@type'];

/** The wire form of a type. */
export function schemaInfo(type: SqlType): SchemaInfo {
  switch (type.kind) {
    case 'ARRAY':
      return { type: 'ARRAY', fields: null, memberSchema: schemaInfo(type.element) };
    case 'MAP':
      return { type: 'MAP', fields: null, memberSchema: schemaInfo(type.value) };
    case 'STRUCT':
      return {
        type: 'STRUCT',
        fields: type.fields.map((f) => ({ name: f.name, schema: schemaInfo(f.type) })),
        memberSchema: null,
      };
    case 'DECIMAL':
      return {
        type: 'DECIMAL',
        fields: null,
        memberSchema: null,
        parameters: { precision: type.precision, scale: type.scale },
      };
    default:
      return { type: type.kind, fields: null, memberSchema: null };
  }
}

/** The entity with more to warn of. */
export function withWarnings(entity: Entity, messages: readonly string[]): Entity {
  if (messages.length === 0) return entity;
  return { ...entity, warnings: [...entity.warnings, ...messages.map((message) => ({ message }))] };
}
