import {
  type ClusterTopic,
  type ClusterTopicRequest,
  type ClusterTopics,
  createOrFindTopic,
} from '../../broker/cluster-log.js';
import { SystemError } from '../../model/errors.js';
import { changelogTopic } from '../../planner/physical/internal-names.js';
import type { PhysicalPlan } from '../../planner/physical/physical-plan.js';
import { type QueryTopology, topologyOf } from '../task/topology.js';
import type { ChangelogPlace, ShardInput } from './shard-ports.js';

/** Tombstones of changelogs are kept so long that a node may be away for half of it without building its state anew. */
export const TOMBSTONE_RETENTION_MS = 7 * 24 * 3_600_000;
/** Longer than the longest restore: what is read is not compacted meanwhile. */
const MIN_COMPACTION_LAG_MS = 3_600_000;
const REPARTITION_SETTINGS = { 'cleanup.policy': 'delete', 'retention.ms': '-1' } as const;
const CHANGELOG_SETTINGS = {
  'cleanup.policy': 'compact',
  // Records carry event times, which brokers may find too far from now; and the age of a position is told by one clock.
  'message.timestamp.type': 'LogAppendTime',
  'min.compaction.lag.ms': String(MIN_COMPACTION_LAG_MS),
  'delete.retention.ms': String(TOMBSTONE_RETENTION_MS),
} as const;

/** The id that fences earlier owners of a shard; a query id is never given twice. */
export function transactionalId(serviceId: string, queryId: string, index: number): string {
  return `${serviceId}-${queryId}-${index}`;
}

/** How many shards a query on these topics is cut into. */
export function shardCount(topology: QueryTopology, shardsMax: number): number {
  return Math.max(1, Math.min(topology.tasks, shardsMax));
}

/** The topics of a shard as they are now. */
export interface ShardTopology {
  readonly changelog: ChangelogPlace;
  readonly inputs: readonly ShardInput[];
  /** The partition numbers of the shard's tasks, ascending. */
  readonly partitions: readonly number[];
  readonly direct: boolean;
  /** Names of repartition topics. */
  readonly repartitions: ReadonlySet<string>;
  partitionsOf(topic: string): number;
  hasTopic(name: string | null): boolean;
}

export interface QueryPlace {
  readonly serviceId: string;
  readonly shards: number;
  readonly index: number;
  /** Whether records that failed are written somewhere. */
  readonly processingLogTopic?: string | null;
}

/**
 * Looks the topics of a query up, and makes the internal ones that are missing.
 * @throws SystemError `unknown-topic`, `partitions-changed`
 */
export async function resolveTopics(
  topics: ClusterTopics,
  plan: PhysicalPlan,
  place: QueryPlace,
): Promise<ShardTopology> {
  const { topology, described } = await describeQuery(topics, plan);
  const { serviceId, shards, index } = place;
  const names = new Map(described);
  const replicas = replicasOf(described);
  const name = changelogTopic(serviceId, plan.queryId);
  const others = [plan.sink?.topic, place.processingLogTopic].filter((topic) => typeof topic === 'string');
  const [changelog, found, ...made] = await Promise.all([
    ensureTopic(topics, changelogRequest(name, shards, replicas)),
    topics.describe(others),
    ...repartitionRequests(topology, replicas).map((request) => ensureTopic(topics, request)),
  ]);
  for (const topic of made) names.set(topic.name, topic);
  others.forEach((topic, i) => {
    const description = found[i]!;
    if (description !== null) names.set(topic, description);
    else if (topic === plan.sink?.topic) throw unknownTopic(topic);
  });
  const partitions = Array.from({ length: topology.tasks }, (_, p) => p).filter((p) => p % shards === index);
  const inputs = topology.inputs.flatMap((input) =>
    partitions
      .filter((partition) => partition < input.partitions)
      .map(
        (partition): ShardInput => ({
          topic: input.topic,
          topicId: names.get(input.topic)!.id,
          partition,
          mayStartLate: input.mayStartLate && !input.internal,
        }),
      ),
  );
  return {
    changelog: { topic: name, topicId: changelog.id, partition: index },
    inputs,
    partitions,
    direct: topology.direct,
    repartitions: new Set(topology.repartitions.map(({ topic }) => topic)),
    partitionsOf: (topic) => names.get(topic)?.partitions ?? 1,
    hasTopic: (topic) => topic !== null && names.has(topic),
  };
}

/** A query on the topics as they are: how it is spread over partitions, and its sources by name. */
export interface DescribedQuery {
  readonly topology: QueryTopology;
  readonly described: ReadonlyMap<string, ClusterTopic>;
}

/** The partitions of a query on the topics as they are. @throws SystemError `unknown-topic` */
export async function describeQuery(topics: ClusterTopics, plan: PhysicalPlan): Promise<DescribedQuery> {
  const sources = new Set<string>();
  topologyOf(plan, (topic) => {
    sources.add(topic);
    return 1;
  });
  const names = [...sources];
  const found = await topics.describe(names);
  const described = new Map<string, ClusterTopic>();
  names.forEach((name, i) => {
    const topic = found[i]!;
    if (topic === null) throw unknownTopic(name);
    described.set(name, topic);
  });
  return { topology: topologyOf(plan, (name) => described.get(name)!.partitions), described };
}

/**
 * The internal topics that a new query lacks.
 * @throws SystemError `partitions-changed` when one that it has does not fit
 */
export async function missingInternalTopics(
  topics: ClusterTopics,
  plan: PhysicalPlan,
  { topology, described }: DescribedQuery,
  serviceId: string,
  shardsMax: number,
): Promise<readonly ClusterTopicRequest[]> {
  const replicas = replicasOf(described);
  const repartitions = repartitionRequests(topology, replicas);
  const name = changelogTopic(serviceId, plan.queryId);
  const [changelog, ...found] = await topics.describe([name, ...repartitions.map((request) => request.name)]);
  return [
    // A changelog that is there says how many shards the query has.
    ...(changelog === null ? [changelogRequest(name, shardCount(topology, shardsMax), replicas)] : []),
    ...repartitions.filter((request, i) => {
      const topic = found[i] ?? null;
      if (topic !== null) checkPartitions(topic, request);
      return topic === null;
    }),
  ];
}

function changelogRequest(name: string, partitions: number, replicas: number): ClusterTopicRequest {
  return { name, partitions, replicas, settings: CHANGELOG_SETTINGS };
}

function repartitionRequests({ repartitions }: QueryTopology, replicas: number): readonly ClusterTopicRequest[] {
  return repartitions.map(({ topic, partitions }) => ({
    name: topic,
    partitions,
    replicas,
    settings: REPARTITION_SETTINGS,
  }));
}

/** The topic, made if need be. @throws SystemError `partitions-changed` */
async function ensureTopic(topics: ClusterTopics, request: ClusterTopicRequest): Promise<ClusterTopic> {
  const [before] = await topics.describe([request.name]);
  if (before == null) return createTopic(topics, request);
  checkPartitions(before, request);
  return before;
}

/** Makes a topic, which somebody else may make at the same time. @throws SystemError `partitions-changed` */
export async function createTopic(topics: ClusterTopics, request: ClusterTopicRequest): Promise<ClusterTopic> {
  const topic = await createOrFindTopic(topics, request);
  if (topic === null) throw unknownTopic(request.name);
  checkPartitions(topic, request);
  return topic;
}

function checkPartitions(topic: ClusterTopic, { name, partitions }: ClusterTopicRequest): void {
  if (topic.partitions === partitions) return;
  throw new SystemError(
    `the topic "${name}" has ${topic.partitions} partitions where the query expects ${partitions}`,
    {
      code: 'partitions-changed',
      hint: 'drop the query and create it again: its state was built for other partitions',
    },
  );
}

/** Internal topics are kept as safely as what they are made from. */
function replicasOf(described: ReadonlyMap<string, ClusterTopic>): number {
  let replicas = 1;
  for (const topic of described.values()) if (topic.replicas > replicas) replicas = topic.replicas;
  return replicas;
}

function unknownTopic(name: string): SystemError {
  return new SystemError(`the topic "${name}" does not exist`, {
    code: 'unknown-topic',
    hint: 'create the topic again, or drop the query',
  });
}
