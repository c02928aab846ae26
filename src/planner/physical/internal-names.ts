/** Names that a query has beside those the user gave: they are ksqlDB's, so that tools know what they see. */

/** What the consumer group, the internal topics and the change logs of a query begin with: `_confluent-ksql-default_query_CTAS_T_5`. */
export function queryPrefix(serviceId: string, queryId: string): string {
  return `${PREFIX}${serviceId}query_${queryId}`;
}

/** @param step `Aggregate-GroupBy`; or `Join-left`, `Join`, `RightSourceKeyed-SelectKey`, behind `L_` and `R_` for joins inside joins */
export function repartitionTopic(serviceId: string, queryId: string, step: string): string {
  return `${queryPrefix(serviceId, queryId)}-${step}${SUFFIX}`;
}

/** The one topic that keeps the state of a query, where it is kept in the log: a partition a shard. */
export function changelogTopic(serviceId: string, queryId: string): string {
  return `${queryPrefix(serviceId, queryId)}-changelog`;
}

/** Whether a topic is a repartition topic of the query, whatever the service was called when it was made. */
export function isRepartitionTopicOf(queryId: string, topic: string): boolean {
  if (!topic.startsWith(PREFIX)) return false;
  const step = REPARTITION_STEP.exec(topic);
  return step !== null && topic.slice(0, step.index).endsWith(`query_${queryId}`);
}

const PREFIX = '_confluent-ksql-';
const SUFFIX = '-repartition';

/** The steps that repartition, with what follows them: names of queries may hold anything, so the end is matched whole. */
const REPARTITION_STEP =
  /-(?:Aggregate-GroupBy|(?:[LR]_)*(?:Join(?:-left|-right)?|(?:Left|Right)SourceKeyed-SelectKey))-repartition$/;
