import type { Appended, PendingBatch, Position } from '../../broker/broker.js';
import {
  type ClusterTopicRequest,
  type ClusterTopics,
  createOrFindTopic,
  type GroupEvents,
  type GroupMemberData,
  type GroupMembership,
  type PlainWriter,
  topicRequest,
  type Writers,
} from '../../broker/cluster-log.js';
import { StatementError, SystemError } from '../../model/errors.js';
import { changelogTopic, isRepartitionTopicOf, queryPrefix } from '../../planner/physical/internal-names.js';
import { type PhysicalPlan, sourcesOf } from '../../planner/physical/physical-plan.js';
import type { QueryTopology } from '../task/topology.js';
import type {
  DeployOptions,
  HealthCheck,
  QueryStatus,
  StreamThread,
  ThreadChange,
  ThreadEvent,
} from '../thread/stream-thread.js';
import { assignShards } from './assignment.js';
import type { CommandTopic } from './command-topic.js';
import { queryStatus } from './node-status.js';
import { createTopic, describeQuery, missingInternalTopics } from './resolve-topics.js';
import type { HostEvent, HostedQuery, HostedStatus, ShardHost, ShardHostOwner } from './shard-host.js';

/** What a node says of itself to the leader of the group. */
interface MemberData {
  readonly node: string;
  /** Where it answers HTTP; null while it does not. */
  readonly url: string | null;
  readonly threads: number;
  readonly owned: readonly { readonly queryId: string; readonly index: number }[];
}

/** What the leader tells every node: who has what. */
interface AssignmentData {
  readonly nodes: Readonly<Record<string, string | null>>;
  readonly owners: Readonly<Record<string, readonly string[]>>;
}

/** Where the shards of a query are, as this node knows. */
export interface QueryPlacement {
  /** Nodes other than this one that own shards of the query. */
  readonly others: readonly {
    readonly node: string;
    readonly url: string | null;
    readonly shards: readonly number[];
  }[];
  /** Shards that should be here and cannot be read now, or that nobody has. */
  readonly missing: readonly number[];
  /** How many the query has. */
  readonly shards: number;
}

export interface ShardNodeParts {
  readonly node: string;
  readonly serviceId: string;
  readonly shardsMax: number;
  readonly hosts: readonly ShardHost[];
  readonly topics: ClusterTopics;
  readonly writers: Writers;
  readonly commands: CommandTopic;
  readonly joinGroup: (events: GroupEvents) => GroupMembership;
  /** For lag tools; never read back. */
  readonly commitGroupOffsets: (groupId: string, positions: readonly Position[]) => Promise<void>;
  /** Why the cluster cannot be used now; null while it can. */
  readonly trouble: () => string | null;
  readonly onServing: (queryId: string, index: number, path: string | null) => void;
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void;
  /** Builds a query as it would run, and throws it away. @throws StatementError, SystemError when it cannot be run */
  readonly rehearse: (plan: PhysicalPlan, topology: QueryTopology) => void;
  /** Closes connections of the node itself. */
  readonly release: () => Promise<void>;
}

interface WantedQuery {
  readonly plan: PhysicalPlan;
  readonly options: DeployOptions;
}

const ADVISORY_MS = 5_000;
const DRAIN_POLL_MS = 10;
const SHARD_COUNT_RETRY_MS = 1_000;

/**
 * A node of a service on a shared log, behind the port that the embedded stream thread also has: the catalog is a command topic, queries are cut into
 * shards, and the group of the service says which of them run here.
 */
export class ShardNode implements StreamThread, Omit<ShardHostOwner, 'loadSchema'> {
  readonly #parts: ShardNodeParts;
  readonly #listeners = new Set<(event: ThreadEvent) => void>();
  readonly #membership: GroupMembership;
  readonly #transients = new Map<string, ShardHost>();
  /** Shards of each query, from its changelog topic. */
  readonly #shardCounts = new Map<string, number>();
  readonly #serving = new Map<string, Set<number>>();
  /** Hosts that may have shards. */
  readonly #working = new Set<ShardHost>();
  readonly #advisory: NodeJS.Timeout;
  #wanted = new Map<string, WantedQuery>();
  #assignment: AssignmentData = { nodes: {}, owners: {} };
  #assigned = false;
  /** What the leader gave out last, as text. */
  #given = '';
  #url: string | null = null;
  #inserts: Promise<PlainWriter> | null = null;
  #reconciling: Promise<void> = Promise.resolve();
  #groupTrouble: string | null = 'the node has not joined its group yet';
  #nextHost = 0;
  /** What was said last about offsets for lag tools. */
  #advisoryTrouble: string | null = null;
  #closed = false;

  constructor(parts: ShardNodeParts) {
    this.#parts = parts;
    this.#membership = parts.joinGroup({
      describe: () => this.#describe(),
      assign: (members) => this.#assign(members),
      assigned: (data) => this.#hearAssignment(data),
      lost: (reason) => {
        this.#groupTrouble = reason;
        parts.log('warn', `the group of the service is out of reach: ${reason}`);
      },
    });
    this.#advisory = setInterval(() => void this.#commitAdvisory(), ADVISORY_MS);
    this.#advisory.unref();
  }

  /** Says where this node answers, so that others can send reads here. */
  announce(url: string): void {
    if (this.#url === url) return;
    this.#url = url;
    this.#membership.rejoin();
  }

  claim(): Promise<void> {
    return this.#parts.commands.claim();
  }

  async apply(change: ThreadChange): Promise<void> {
    const { commands } = this.#parts;
    // What a query reads may be among the new topics; else all are made at once.
    const made = new Set(change.createTopics.map(({ name }) => name));
    const queries = change.commands.length === 0 ? [] : change.deploy.map(({ plan }) => plan);
    const readsMade = queries.some((plan) => sourcesOf(plan).some(({ topic }) => made.has(topic)));
    if (readsMade) await this.#createTopics(change);
    const missing = await Promise.all(queries.map((plan) => this.#prepareQuery(plan)));
    await Promise.all([
      ...(readsMade ? [] : [this.#createTopics(change)]),
      ...missing.flat().map((request) => createTopic(this.#parts.topics, request)),
    ]);
    await commands.append(change.commands);
    // The command was heard, and `follow` called: what is to be closed here is closed before its topics go.
    await this.#reconciling;
    for (const queryId of change.drop) await this.#deleteInternalTopics(queryId);
    for (const name of change.deleteTopics) await this.#parts.topics.delete(name);
  }

  /** Finds out whether a new query can run. Returns the internal topics that it lacks. */
  async #prepareQuery(plan: PhysicalPlan): Promise<readonly ClusterTopicRequest[]> {
    const { topics, serviceId, shardsMax, rehearse } = this.#parts;
    const described = await describeQuery(topics, plan);
    rehearse(plan, described.topology);
    return missingInternalTopics(topics, plan, described, serviceId, shardsMax);
  }

  async #createTopics({ createTopics }: ThreadChange): Promise<void> {
    const { topics } = this.#parts;
    const create = async ({ name, config }: ThreadChange['createTopics'][number]): Promise<void> => {
      const topic = await createOrFindTopic(topics, topicRequest(name, config));
      if (topic?.partitions !== config.partitions) throw topicDiffers(name, topic?.partitions ?? 0, config.partitions);
    };
    await Promise.all(createTopics.map(create));
  }

  follow(queries: readonly WantedQuery[]): void {
    const before = this.#wanted;
    this.#wanted = new Map(queries.map((query) => [query.plan.queryId, query]));
    const gone = [...before.keys()].filter((id) => !this.#wanted.has(id));
    for (const id of gone) this.#shardCounts.delete(id);
    this.#reconcile(gone);
    void this.#countShards();
  }

  async append(batches: readonly PendingBatch[]): Promise<readonly Appended[]> {
    this.#inserts ??= this.#parts.writers.plain();
    const inserts = this.#inserts;
    try {
      return await (await inserts).append(batches);
    } catch (error) {
      if (this.#inserts === inserts) this.#inserts = null;
      inserts.then(
        (writer) => writer.close(),
        () => {},
      );
      throw error;
    }
  }

  /** Persistent queries pause by the catalog; transient ones wait for their reader. */
  async pause(queryId: string): Promise<void> {
    await this.#transients.get(queryId)?.hold(queryId, true);
  }

  async resume(queryId: string): Promise<void> {
    await this.#transients.get(queryId)?.hold(queryId, false);
  }

  async startTransient(plan: PhysicalPlan, options: DeployOptions): Promise<void> {
    const { hosts } = this.#parts;
    const host = hosts[this.#nextHost++ % hosts.length]!;
    this.#transients.set(plan.queryId, host);
    try {
      await host.startTransient(plan, options);
    } catch (error) {
      this.#transients.delete(plan.queryId);
      throw error;
    }
  }

  async stopTransient(queryId: string): Promise<void> {
    const host = this.#transients.get(queryId);
    this.#transients.delete(queryId);
    await host?.stopTransient(queryId);
  }

  async status(): Promise<readonly QueryStatus[]> {
    const hosted = await this.#hostedStatus();
    return [...this.#wanted.values()].map(({ plan, options }) =>
      queryStatus(
        plan.queryId,
        options.paused,
        hosted.filter(({ queryId }) => queryId === plan.queryId),
      ),
    );
  }

  health(): readonly HealthCheck[] {
    const trouble = this.#parts.trouble();
    return [
      { name: 'kafka', isHealthy: trouble === null, reason: trouble },
      { name: 'group', isHealthy: this.#groupTrouble === null, reason: this.#groupTrouble },
    ];
  }

  /** Waits until this node's shards have processed and committed all that is in their inputs, and every query has its shards. */
  async drain(): Promise<void> {
    let quiet = 0;
    while (quiet < 2) {
      this.#assertOpen();
      const settled = this.#reconciling;
      await settled;
      if (settled !== this.#reconciling) continue;
      const ready = this.#assigned && [...this.#wanted.keys()].every((id) => this.#assignment.owners[id] !== undefined);
      const still = ready && (await Promise.all(this.#parts.hosts.map((host) => host.caughtUp()))).every((is) => is);
      quiet = still ? quiet + 1 : 0;
      if (!still) await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    }
  }

  subscribe(listener: (event: ThreadEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Where the shards of a query are; null for a query that is not known. */
  placement(queryId: string): QueryPlacement | null {
    if (!this.#wanted.has(queryId)) return null;
    const owners = this.#assignment.owners[queryId];
    if (owners === undefined) return { others: [], missing: [0], shards: 1 };
    const others = new Map<string, number[]>();
    const missing: number[] = [];
    owners.forEach((node, index) => {
      if (node === this.#parts.node) {
        if (this.#serving.get(queryId)?.has(index) !== true) missing.push(index);
      } else {
        others.set(node, [...(others.get(node) ?? []), index]);
      }
    });
    return {
      others: [...others].map(([node, shards]) => ({ node, url: this.#assignment.nodes[node] ?? null, shards })),
      missing,
      shards: owners.length,
    };
  }

  /** Commands of the catalog have come. */
  hear(event: ThreadEvent): void {
    this.#emit(event);
  }

  event(event: HostEvent): void {
    switch (event.kind) {
      case 'serving': {
        const serving = this.#serving.get(event.queryId) ?? new Set<number>();
        if (event.path === null) serving.delete(event.index);
        else serving.add(event.index);
        this.#serving.set(event.queryId, serving);
        this.#parts.onServing(event.queryId, event.index, event.path);
        return;
      }
      case 'log':
        this.#parts.log(event.level, event.message);
        return;
      case 'ended':
        this.#transients.delete(event.queryId);
        this.#emit(event);
        return;
      default:
        this.#emit(event);
    }
  }

  async confirmOwner(queryId: string, index: number): Promise<boolean> {
    await this.#membership.confirm();
    return this.#assignment.owners[queryId]?.[index] === this.#parts.node;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#advisory);
    await this.#reconciling;
    await this.#commitAdvisory();
    await Promise.all(this.#parts.hosts.map((host) => host.close()));
    await this.#membership.close(true);
    this.#parts.commands.close();
    if (this.#inserts !== null) await this.#inserts.then((writer) => writer.close()).catch(() => {});
    await this.#parts.release();
    this.#listeners.clear();
  }

  #assertOpen(): void {
    if (this.#closed) throw new SystemError('the engine is closed', { code: 'closed' });
  }

  #describe(): Buffer {
    const { node, hosts } = this.#parts;
    const owned = Object.entries(this.#assignment.owners).flatMap(([queryId, owners]) =>
      owners.flatMap((owner, index) => (owner === node ? [{ queryId, index }] : [])),
    );
    const data: MemberData = { node, url: this.#url, threads: hosts.length, owned };
    return Buffer.from(JSON.stringify(data));
  }

  /** On the leader: who gets what. Everybody is told all of it. */
  #assign(members: readonly GroupMemberData[]): ReadonlyMap<string, Buffer> {
    const nodes = members.map(({ data }) => JSON.parse(data.toString()) as MemberData);
    const owners = assignShards(this.#shardList(), nodes);
    const data: AssignmentData = {
      nodes: Object.fromEntries(nodes.map(({ node, url }) => [node, url])),
      owners: Object.fromEntries(owners),
    };
    this.#given = this.#shardText();
    const bytes = Buffer.from(JSON.stringify(data));
    return new Map(members.map(({ memberId }) => [memberId, bytes]));
  }

  #hearAssignment(data: Buffer): void {
    this.#groupTrouble = null;
    this.#assigned = true;
    if (data.length > 0) this.#assignment = JSON.parse(data.toString()) as AssignmentData;
    if (this.#membership?.isLeader && this.#given !== this.#shardText()) this.#membership.rejoin();
    this.#reconcile([]);
  }

  #shardList(): { readonly queryId: string; readonly shards: number }[] {
    return [...this.#wanted.keys()].flatMap((queryId) => {
      const shards = this.#shardCounts.get(queryId);
      return shards === undefined ? [] : [{ queryId, shards }];
    });
  }

  #shardText(): string {
    return this.#shardList()
      .map(({ queryId, shards }) => `${shards}/${queryId}`)
      .sort()
      .join('\n');
  }

  /** Finds out how many shards new queries have; then the leader gives them out. */
  async #countShards(): Promise<void> {
    const { topics, serviceId } = this.#parts;
    for (;;) {
      const unknown = [...this.#wanted.keys()].filter((id) => !this.#shardCounts.has(id));
      if (this.#closed) return;
      try {
        const found =
          unknown.length === 0 ? [] : await topics.describe(unknown.map((id) => changelogTopic(serviceId, id)));
        let missing = false;
        unknown.forEach((id, i) => {
          const topic = found[i]!;
          if (topic === null) missing = true;
          else if (this.#wanted.has(id)) this.#shardCounts.set(id, topic.partitions);
        });
        if (this.#assigned && this.#membership.isLeader && this.#given !== this.#shardText()) this.#membership.rejoin();
        if (!missing) return;
      } catch (error) {
        this.#parts.log('warn', `the changelog topics cannot be looked up: ${(error as Error).message}`);
      }
      await new Promise((resolve) => setTimeout(resolve, SHARD_COUNT_RETRY_MS).unref());
    }
  }

  /** Makes the hosts run what this node owns, one change after the other. Hosts that are being closed get nothing more. */
  #reconcile(gone: readonly string[]): void {
    const { hosts, node, log } = this.#parts;
    this.#reconciling = this.#reconciling
      .then(async () => {
        if (this.#closed) return;
        const lists: HostedQuery[][] = hosts.map(() => []);
        for (const [queryId, { plan, options }] of this.#wanted) {
          const owners = this.#assignment.owners[queryId];
          if (owners === undefined) continue;
          const mine = owners.flatMap((owner, index) => (owner === node ? [index] : []));
          lists.forEach((list, h) => {
            const indexes = mine.filter((index) => index % hosts.length === h);
            if (indexes.length > 0) list.push({ plan, options, shards: owners.length, indexes });
          });
        }
        await Promise.all(hosts.map((host, h) => this.#hand(host, lists[h]!)));
        for (const queryId of gone) {
          if (!this.#wanted.has(queryId)) await hosts[0]!.forget(queryId);
          this.#serving.delete(queryId);
        }
      })
      .catch((error: Error) => log('error', `shards cannot be opened or closed: ${error.message}`));
  }

  /** A thread without shards that is to have none is not waited for: it may still be starting. */
  async #hand(host: ShardHost, queries: readonly HostedQuery[]): Promise<void> {
    if (queries.length === 0 && !this.#working.has(host)) return;
    // Whether or not it succeeds, the host may have some of them.
    if (queries.length > 0) this.#working.add(host);
    await host.setQueries(queries);
    if (queries.length === 0) this.#working.delete(host);
  }

  async #deleteInternalTopics(queryId: string): Promise<void> {
    const { topics, serviceId } = this.#parts;
    const changelog = changelogTopic(serviceId, queryId);
    // Other services of the cluster have queries of the same name.
    const prefix = `${queryPrefix(serviceId, queryId)}-`;
    for (const { name } of await topics.list()) {
      const isRepartition = name.startsWith(prefix) && isRepartitionTopicOf(queryId, name);
      if (name === changelog || isRepartition) await topics.delete(name);
    }
  }

  async #hostedStatus(): Promise<readonly HostedStatus[]> {
    return (await Promise.all(this.#parts.hosts.map((host) => host.status()))).flat();
  }

  async #commitAdvisory(): Promise<void> {
    const { serviceId, commitGroupOffsets, log } = this.#parts;
    try {
      for (const { queryId, shards } of await this.#hostedStatus()) {
        const positions = shards.flatMap((shard) => shard.positions);
        if (positions.length > 0) await commitGroupOffsets(queryPrefix(serviceId, queryId), positions);
      }
      this.#advisoryTrouble = null;
    } catch (error) {
      const { message } = error as Error;
      if (!this.#closed && this.#advisoryTrouble === null)
        log('warn', `offsets for lag tools cannot be written: ${message}`);
      this.#advisoryTrouble = message;
    }
  }

  #emit(event: ThreadEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function topicDiffers(name: string, found: number, wanted: number): StatementError {
  return new StatementError(
    `A Kafka topic with the name '${name}' already exists, with different partition/replica configuration than required. KSQL expects ${wanted} partitions (topic has ${found}).`,
    { code: 'topic-exists', hint: 'name another topic in KAFKA_TOPIC, or say the partitions that the topic has' },
  );
}
