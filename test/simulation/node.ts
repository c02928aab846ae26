import { LogError } from '../../src/broker/cluster-log.js';
import type { FailpointName } from '../../src/executor/shard/failpoints.js';
import type { InputPosition } from '../../src/executor/shard/position-record.js';
import { Shard } from '../../src/executor/shard/shard.js';
import type { ShardParts, ShardState } from '../../src/executor/shard/shard-ports.js';
import { SystemError } from '../../src/model/errors.js';
import { CHANGELOG_TOPIC, INPUT_TOPIC } from './cluster.js';
import type { Disk, ModelState } from './disk.js';
import { BrokerError } from './network.js';
import { ModelReaders, TRIMMED } from './readers.js';
import type { Owner } from './scheduler.js';
import { CountingWork } from './work.js';
import type { World } from './world.js';
import { ModelWriters } from './writers.js';

const COMMIT_INTERVAL_MS = 8;
export const TOMBSTONE_RETENTION_MS = 120;
const TRANSACTION_TIMEOUT_MS = 250;

/** What the group has told a node. */
interface Assignment {
  readonly generation: number;
  readonly owns: boolean;
}

/** One process, from its start to its death, with at most one shard at a time. */
export class NodeProcess implements Owner {
  alive = true;
  stopped = false;
  readonly parked: (() => void)[] = [];
  shard: Shard | null = null;
  readonly #world: World;
  readonly #readers: ModelReaders;
  readonly #writers: ModelWriters;
  readonly #waitingForAssignment: (() => void)[] = [];
  #assignment: Assignment = { generation: 0, owns: false };
  #closing: Promise<void> | null = null;
  #stepComes = false;

  constructor(
    world: World,
    readonly name: string,
    readonly disk: Disk,
    /** How far its clock is ahead, in ms. */
    readonly skew: number,
  ) {
    this.#world = world;
    this.#readers = new ModelReaders(world.cluster, this, world.planted);
    this.#writers = new ModelWriters(world.cluster, this, world.planted.producerReused === true);
  }

  /** The group says who owns the shard. */
  assigned(assignment: Assignment): void {
    if (assignment.generation <= this.#assignment.generation) return;
    this.#assignment = assignment;
    for (const resolve of this.#waitingForAssignment.splice(0)) resolve();
    // What is being let go of is let go of first.
    if (this.#closing === null) this.#follow();
  }

  #follow(): void {
    const phase = this.shard?.phase;
    if (this.#assignment.owns) {
      if (phase === undefined || phase === 'lost' || phase === 'closed') this.#begin();
    } else if (phase !== undefined && phase !== 'closed') {
      this.#world.trace?.(() => `${this.name} lets go of the shard`);
      this.#closing = this.shard!.close(this.#world.random.chance(0.5)).then(() => {
        this.#closing = null;
        this.shard = null;
        this.#follow();
      });
    }
  }

  kill(): void {
    if (!this.alive) return;
    this.#world.trace?.(() => `${this.name} dies`);
    this.alive = false;
    if (this.disk.holder?.owner === this) this.disk.holder = null;
  }

  #begin(): void {
    this.#world.trace?.(() => `${this.name} begins with the shard`);
    const shard = new Shard(this.#parts());
    this.shard = shard;
    shard.start();
  }

  #wake(): void {
    if (this.#stepComes || !this.alive) return;
    this.#stepComes = true;
    this.#world.scheduler.after(this.#world.random.between(0.1, 2), this, () => this.#step());
  }

  #step(): void {
    this.#stepComes = false;
    const { shard } = this;
    if (shard === null || !this.alive) return;
    const { random, scheduler } = this.#world;
    // It is asked for each input that has nothing, too.
    let left = this.#world.cluster.inputs.length + random.below(4);
    const processed = shard.advance(() => left-- <= 0);
    if (shard.canCommit) {
      if (scheduler.time - shard.lastCommit >= COMMIT_INTERVAL_MS || random.chance(0.1))
        void shard.commit(scheduler.time);
      else scheduler.after(COMMIT_INTERVAL_MS, this, () => this.#wake());
    } else if (shard.fileDue <= scheduler.time) {
      shard.writeFile();
    } else if (shard.fileDue < Number.POSITIVE_INFINITY) {
      scheduler.after(shard.fileDue - scheduler.time, this, () => this.#wake());
    }
    if (processed > 0) this.#wake();
  }

  /** At each failpoint the process may die, or the step may fail. */
  #failpoint(name: FailpointName): void {
    const { random, failpointRate, trace } = this.#world;
    if (!this.alive) throw new SystemError('the process is dead', { code: 'dead' });
    if (failpointRate === 0 || !random.chance(failpointRate)) return;
    if (random.chance(0.6)) {
      trace?.(() => `${this.name} dies at ${name}`);
      this.#world.killed(this);
      throw new SystemError('the process is dead', { code: 'dead' });
    }
    trace?.(() => `${this.name} fails at ${name}`);
    throw new SystemError(`the failpoint ${name} was hit`, { code: 'failpoint' });
  }

  #openWork(state: ShardState, positions: readonly InputPosition[]): CountingWork {
    const { planted, group, cluster, random, oracles, trace } = this.#world;
    const modelState = state as ModelState;
    const from =
      planted.groupOffsets && group.offsets !== null
        ? positions.map((p) => ({ ...p, offset: group.offsets![p.partition]! }))
        : positions;
    trace?.(() => `${this.name} runs from ${from.map((p) => p.offset).join(' ')}`);
    oracles.workOpened(from, modelState.committed.rows, modelState.fingerprint());
    return new CountingWork(modelState, from, this.#readers, cluster.outputs.length, random, () => this.#wake());
  }

  async #confirmOwner(): Promise<boolean> {
    const { cluster, group } = this.#world;
    let generation: number;
    try {
      generation = await cluster.network.request(this, 'Heartbeat', () => {
        if (group.isDown) throw new BrokerError('COORDINATOR_NOT_AVAILABLE');
        return group.generation;
      });
    } catch {
      throw new LogError('unavailable', 'the group cannot be asked', { code: 'model-group' });
    }
    while (this.#assignment.generation < generation) {
      await new Promise<void>((resolve) => this.#waitingForAssignment.push(resolve));
    }
    return this.#assignment.owns;
  }

  #parts(): ShardParts {
    const world = this.#world;
    const { cluster, scheduler, planted, random, guarantee } = world;
    const { network } = cluster;
    return {
      id: { queryId: 'CTAS_T_1', index: 0, count: 1 },
      transactionalId: planted.idPerNode ? `shard-of-${this.disk.name}` : 'shard',
      guarantee,
      node: this.name,
      planFingerprint: 'plan',
      start: world.start,
      tombstoneRetentionMs: TOMBSTONE_RETENTION_MS,
      transactionTimeoutMs: TRANSACTION_TIMEOUT_MS,
      writers: this.#writers,
      readers: this.#readers,
      topics: {
        offsets: async (partitions) => {
          for (;;) {
            try {
              return await network.request(this, 'ListOffsets', () => cluster.offsets(partitions));
            } catch {
              if (random.chance(0.5)) throw new LogError('unavailable', 'no offsets', { code: 'model-broker' });
            }
          }
        },
      },
      resolve: async () => {
        await network.sleep(this, network.delay());
        return {
          changelog: { topic: CHANGELOG_TOPIC, topicId: CHANGELOG_TOPIC, partition: 0 },
          inputs: cluster.inputs.map((_, partition) => ({
            topic: INPUT_TOPIC,
            topicId: INPUT_TOPIC,
            partition,
            mayStartLate: true,
          })),
        };
      },
      openState: () => {
        if (!this.alive) throw new SystemError('the process is dead', { code: 'dead' });
        return this.disk.open(this, planted.lockIgnored === true);
      },
      openWork: (state, positions) => this.#openWork(state, positions),
      confirmOwner: () => this.#confirmOwner(),
      failpoints: { hit: (name) => this.#failpoint(name), armed: () => world.splitsProduce && random.chance(0.3) },
      now: () => Math.floor(scheduler.time + this.skew),
      elapsed: () => scheduler.time,
      sleep: (ms) => network.sleep(this, ms),
      onChange: () => this.#wake(),
      log: (level, message) => {
        if (!this.alive) return;
        world.trace?.(() => `${this.name} says: ${message}`);
        world.complained();
        // One that does not know yet that it was replaced may miss what the new owner has trimmed.
        if (level === 'error' && !message.endsWith(TRIMMED)) world.oracles.violate(`${this.name} gives up: ${message}`);
      },
    };
  }
}
