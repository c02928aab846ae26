import type { TopicConfig } from '../broker/broker.js';
import { PROCESSING_LOG_COLUMNS } from '../executor/task/processing-log.js';
import { WEEK_MS } from '../model/time.js';
import type { CreateSource } from '../parser/ast.js';
import { parse } from '../parser/parse.js';
import { planStatement } from '../planner/plan-statement.js';
import type { EngineCore } from './engine-core.js';
import { effectsOf } from './plan-effects.js';
import { createSession } from './session.js';
import type { Settings } from './settings.js';

export const PROCESSING_LOG_STREAM = 'KSQL_PROCESSING_LOG';
export const PROCESSING_LOG_TOPIC = 'default_ksql_processing_log';

/** The topic of a service that shares its log with others. */
export function processingLogTopicOf(serviceId: string): string {
  return `${serviceId}ksql_processing_log`;
}

export function processingLogConfig(settings: Settings): TopicConfig {
  const replicas = Math.max(1, settings.number('ksql.internal.topic.replicas'));
  return { partitions: 1, replicas, cleanupPolicy: ['delete'], retentionMs: WEEK_MS };
}

/** Makes the stream over the processing log, and its topic, where the catalog does not have them yet. */
export async function ensureProcessingLog(core: EngineCore, topic = PROCESSING_LOG_TOPIC): Promise<void> {
  if (core.catalog.source(PROCESSING_LOG_STREAM) !== null) return;
  const text =
    `CREATE STREAM ${PROCESSING_LOG_STREAM} (${PROCESSING_LOG_COLUMNS}) WITH (KAFKA_TOPIC='${topic}', ` +
    `KEY_FORMAT='NONE', VALUE_FORMAT='JSON', PARTITIONS=1, RETENTION_MS=${WEEK_MS});`;
  const statement = parse(text).statements[0]!.statement as CreateSource;
  await core.exclusive(async () => {
    // Another engine on the same catalog may have been first.
    if (core.catalog.source(PROCESSING_LOG_STREAM) !== null) return;
    const plan = planStatement(statement, text, core.planningContext(createSession()));
    if (plan.kind !== 'createSource') return;
    const config = processingLogConfig(core.parts.settings);
    await core.change(text, effectsOf(plan)!, {
      createTopics: plan.topic === null ? [] : [{ name: plan.topic.name, config }],
    });
  });
}
