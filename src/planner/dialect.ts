import { StatementError } from '../model/errors.js';
import type { SourceSpan } from '../model/source-span.js';
import type { PlanningContext } from './planning-context.js';

/**
 * What Millrace's dialect accepts beyond ksqlDB's, each with the words that ksqlDB refuses it with.
 * The only place that decides.
 */
export const EXTENSIONS = {
  multiRowInsert: 'INSERT INTO ... VALUES takes one row. Write one statement for each row.',
  simpleCase: 'CASE with an operand is not supported: write CASE WHEN x = v THEN ... END.',
  windowBoundsOfJoins: 'Window bounds cannot be selected where the windowed source is a join.',
  positionsInPullQueries: "Pull queries don't support ROWPARTITION and ROWOFFSET.",
  implicitTopicCreation:
    "Topic '%s' does not exist. If you want to create a new topic for the stream/table please re-run the statement " +
    "providing the required 'PARTITIONS' configuration in the WITH clause (and optionally 'REPLICAS'). " +
    "For example: CREATE STREAM X (...) WITH (KAFKA_TOPIC='%s', PARTITIONS=1, ...);",
} as const;

export type Extension = keyof typeof EXTENSIONS;

export function allowed(context: PlanningContext, extension: Extension): boolean {
  return context.dialect === 'millrace' && extension in EXTENSIONS;
}

/** @throws StatementError in ksqlDB's words when the dialect is ksqlDB's. */
export function requireExtension(
  context: PlanningContext,
  extension: Extension,
  subject: string,
  span?: SourceSpan,
): void {
  if (!allowed(context, extension)) {
    throw new StatementError(EXTENSIONS[extension].replaceAll('%s', subject), { code: 'not-in-dialect', span });
  }
}
