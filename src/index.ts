/**
 * The library: what a program that embeds Millrace may import.
 *
 * ```ts
 * import { openEngine } from 'millrace';
 *
 * const engine = await openEngine({ data: 'flights.db' });
 * await engine.execute("CREATE STREAM s (id INT KEY, v STRING) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);");
 * await engine.insert('s', [{ id: 1, v: 'a' }]);
 * await engine.close();
 * ```
 *
 * @module
 */
export { type EngineOptions, openEngine } from './engine/create-engine.js';
export type {
  Engine,
  EngineHealth,
  EngineInfo,
  EngineStatistics,
  InsertTarget,
  PreparedStatement,
  PrintHandle,
  QueryEnd,
  QueryFileResult,
  QueryHandle,
  QueryOptions,
  ResultColumn,
  ResultRow,
  RowObject,
  RowValue,
  Session,
  SubscribedRow,
  Subscription,
} from './engine/engine.js';
export type { CommandStatus, Entity } from './engine/entities.js';
export * from './functions/library.js';
export { StatementError, type StatementProblem, SystemError } from './model/errors.js';
export { JsonNumber } from './model/json-text.js';
export type { SqlType } from './model/sql-type.js';
export type { Clock } from './model/time.js';
export type { SqlValue } from './model/value.js';
