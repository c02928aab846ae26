import type { Commit, LogReader, Position, TopicAdmin } from '../../broker/broker.js';
import { SystemError } from '../../model/errors.js';
import { isRepartitionTopicOf } from '../../planner/physical/internal-names.js';
import { type PhysicalPlan, walkSteps } from '../../planner/physical/physical-plan.js';
import type { TaskStores } from '../../state/state-store.js';
import { type QueryTopology, topologyOf } from '../task/topology.js';
import type { StartOffset } from './stream-thread.js';

/** The log as far as queries are set up and taken down. */
export interface DeploymentLog extends TopicAdmin, LogReader {
  commit(commit: Commit): unknown;
  positions(reader: string): readonly Position[];
  deleteReader(reader: string): void;
}

/**
 * The topology of a query on the topics as they are.
 * @throws SystemError `unknown-topic`
 */
export function topologyOn(log: Pick<LogReader, 'describeTopic'>, plan: PhysicalPlan): QueryTopology {
  return topologyOf(plan, (name) => {
    const topic = log.describeTopic(name);
    if (topic === null) throw unknownTopic(name);
    return topic.partitions;
  });
}

/**
 * Makes a query's repartition topics and writes down where it begins on partitions that it has no position for, within the
 * caller's transaction: what is appended later will be read, what `latest` leaves out is settled.
 *
 * @throws SystemError when its topics are not there, or not as they were
 */
export function prepareQuery(log: DeploymentLog, plan: PhysicalPlan, start: StartOffset): void {
  const topology = topologyOn(log, plan);
  for (const { topic, partitions } of topology.repartitions) {
    const found = log.describeTopic(topic);
    if (found === null) log.createTopic(topic, { partitions, replicas: 1, cleanupPolicy: ['delete'], retentionMs: -1 });
    else if (found.partitions !== partitions) {
      throw partitionsChanged(plan.queryId, topic, found.partitions, partitions);
    }
  }
  if (plan.sink !== null && log.describeTopic(plan.sink.topic) === null) throw unknownTopic(plan.sink.topic);
  const known = log.positions(plan.queryId);
  for (const { topic, partition } of known) {
    const input = topology.inputs.find((candidate) => candidate.topic === topic);
    if (input !== undefined && partition >= input.partitions) {
      throw partitionsChanged(plan.queryId, topic, input.partitions, partition + 1);
    }
  }
  const positions: Position[] = [];
  for (const { topic, partitions, internal, mayStartLate } of topology.inputs) {
    for (let partition = 0; partition < partitions; partition++) {
      const before = known.find((position) => position.topic === topic && position.partition === partition);
      const offsets = log.offsets(topic, partition);
      const first = start === 'latest' && mayStartLate && !internal ? offsets.end : offsets.start;
      positions.push({ topic, partition, offset: before?.offset ?? first });
    }
  }
  // What an earlier plan of the query read must not hold back retention.
  if (known.some((position) => !topology.inputs.some((input) => input.topic === position.topic))) {
    log.deleteReader(plan.queryId);
  }
  log.commit({ reader: plan.queryId, outputs: [], positions, writeState: null });
}

/**
 * Deletes what a query leaves behind: positions, repartition topics, state. Within the caller's transaction.
 * @returns the topics that are gone
 */
export function dropQuery(
  log: DeploymentLog,
  factory: { stores(queryId: string): TaskStores },
  queryId: string,
): readonly string[] {
  const stores = factory.stores(queryId);
  try {
    stores.drop();
  } finally {
    stores.close();
  }
  log.deleteReader(queryId);
  const topics = log
    .listTopics()
    .map(({ name }) => name)
    // By name, so that a query can be dropped whose plan nobody can read.
    .filter((name) => isRepartitionTopicOf(queryId, name));
  for (const topic of topics) log.deleteTopic(topic);
  return topics;
}

/** The repartition topics that a plan names. */
export function repartitionTopics(plan: PhysicalPlan): readonly string[] {
  const topics: string[] = [];
  walkSteps(plan.root, (step) => {
    if (step.kind === 'repartition') topics.push(step.topic);
  });
  return topics;
}

export function unknownTopic(name: string): SystemError {
  return new SystemError(`the topic "${name}" does not exist`, {
    code: 'unknown-topic',
    hint: 'create the topic again, or drop the query',
  });
}

function partitionsChanged(queryId: string, topic: string, found: number, expected: number): SystemError {
  return new SystemError(`the topic "${topic}" has ${found} partitions where query ${queryId} expects ${expected}`, {
    code: 'partitions-changed',
    hint: 'drop the query and create it again: its state was built for other partitions',
  });
}
