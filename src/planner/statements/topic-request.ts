import { StatementError } from '../../model/errors.js';
import { WEEK_MS } from '../../model/time.js';
import type { WithProperties } from '../analysis/with-properties.js';
import { requireExtension } from '../dialect.js';
import type { PlanningContext, TopicFacts } from '../planning-context.js';
import type { TopicRequest } from '../statement-plan.js';

/** The topic of CREATE STREAM|TABLE: an existing one must fit what is said; a missing one is made. */
export function topicOfCreate(
  name: string,
  kind: 'STREAM' | 'TABLE',
  properties: WithProperties,
  context: PlanningContext,
): TopicRequest | null {
  const existing = context.topic(name);
  if (existing !== null) {
    checkFits(name, existing, properties);
    return null;
  }
  const said = retentionOf(properties, kind === 'TABLE');
  const partitions = properties.number('PARTITIONS');
  if (partitions === null) requireExtension(context, 'implicitTopicCreation', name);
  return {
    name,
    partitions: checkedPartitions(partitions ?? 1),
    replicas: properties.number('REPLICAS') ?? -1,
    cleanupPolicy: [kind === 'STREAM' ? 'delete' : 'compact'],
    retentionMs: said ?? (kind === 'STREAM' ? WEEK_MS : -1),
    retentionIsDefault: said === null && kind === 'STREAM',
  };
}

/** The sink topic of CREATE ... AS: partitions, replicas and retention come from the leftmost source. */
export function topicOfSink(
  name: string,
  kind: 'STREAM' | 'TABLE',
  windowRetentionMs: number | null,
  properties: WithProperties,
  leftmost: TopicFacts | null,
  context: PlanningContext,
): TopicRequest | null {
  const said = retentionOf(properties, kind === 'TABLE' && windowRetentionMs === null);
  const existing = context.topic(name);
  if (existing !== null) {
    checkFits(name, existing, properties);
    return null;
  }
  const inherited = leftmost?.retentionMs ?? WEEK_MS;
  const base = {
    name,
    retentionIsDefault: said === null && leftmost === null,
    partitions: checkedPartitions(properties.number('PARTITIONS') ?? leftmost?.partitions ?? 1),
    replicas: properties.number('REPLICAS') ?? leftmost?.replicas ?? -1,
  };
  if (kind === 'STREAM') return { ...base, cleanupPolicy: ['delete'], retentionMs: said ?? inherited };
  if (windowRetentionMs === null) return { ...base, cleanupPolicy: ['compact'], retentionMs: -1 };
  const wanted = said ?? inherited;
  return {
    ...base,
    cleanupPolicy: ['compact', 'delete'],
    retentionMs: wanted < 0 ? -1 : Math.max(wanted, windowRetentionMs),
  };
}

function retentionOf(properties: WithProperties, compactedTable: boolean): number | null {
  const said = properties.number('RETENTION_MS');
  if (said !== null && compactedTable) {
    throw new StatementError(
      'Invalid config variable in the WITH clause: RETENTION_MS. Non-windowed tables do not support retention.',
      { code: 'invalid-property' },
    );
  }
  return said;
}

function checkedPartitions(partitions: number): number {
  if (partitions >= 1) return partitions;
  throw new StatementError(`Invalid value ${partitions} for property PARTITIONS: Value must be at least 1`, {
    code: 'invalid-property',
  });
}

function checkFits(name: string, existing: TopicFacts, properties: WithProperties): void {
  const partitions = properties.number('PARTITIONS');
  const replicas = properties.number('REPLICAS');
  const wrongPartitions = partitions !== null && partitions !== existing.partitions;
  const wrongReplicas = replicas !== null && replicas > 0 && existing.replicas > 0 && replicas !== existing.replicas;
  if (!wrongPartitions && !wrongReplicas) return;
  throw new StatementError(
    `A Kafka topic with the name '${name}' already exists, with different partition/replica configuration than required. ` +
      `KSQL expects ${partitions ?? existing.partitions} partitions (topic has ${existing.partitions}), and ${replicas ?? existing.replicas} replication factor (topic has ${existing.replicas}).`,
    { code: 'topic-mismatch' },
  );
}
