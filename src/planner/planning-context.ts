import type { Catalog } from '../catalog/catalog.js';
import type { FunctionRegistry } from '../functions/registry.js';
import type { SchemaView } from './schema-view.js';

/** Which statements are accepted: `ksqldb` refuses what ksqlDB refuses, `millrace` knows more. */
export type Dialect = 'millrace' | 'ksqldb';

/** What the planner needs to know of a topic that exists. */
export interface TopicFacts {
  readonly partitions: number;
  readonly replicas: number;
  readonly retentionMs: number;
}

/** Everything that planning may look at. Planning is pure: the same context and statement give the same plan. */
export interface PlanningContext {
  readonly catalog: Catalog;
  readonly functions: FunctionRegistry;
  readonly dialect: Dialect;
  /** The effective value of a setting (`ksql.` names in full), or null when it has none. */
  setting(name: string): string | null;
  /** Facts about a topic, or null when it does not exist. */
  topic(name: string): TopicFacts | null;
  readonly schemas: SchemaView;
  /** The number that goes into the next query id. */
  readonly nextQueryNumber: number;
  /** Distinguishes ids of transient queries; fresh for each. */
  readonly transientSuffix: string;
}

/** Whether a setting is `true`. */
export function flag(context: PlanningContext, name: string, fallback: boolean): boolean {
  const value = context.setting(name);
  return value === null ? fallback : value.toLowerCase() === 'true';
}

/** What names the installation in internal topics. */
export function serviceId(context: PlanningContext): string {
  return context.setting('ksql.service.id') ?? 'default_';
}

/** The key format where a statement names none, and of what has a key when its source has none. */
export function defaultKeyFormat(context: PlanningContext): string {
  return context.setting('ksql.persistence.default.format.key') ?? 'KAFKA';
}
