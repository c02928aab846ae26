import type { InputPosition } from '../../src/executor/shard/position-record.js';
import type { ProcessingGuarantee } from '../../src/executor/shard/shard-ports.js';
import type { PlantedFaults } from './adapters.js';
import { Cluster } from './cluster.js';
import { Disk, type Snapshot } from './disk.js';
import { Network } from './network.js';
import { NodeProcess, TOMBSTONE_RETENTION_MS } from './node.js';
import { Oracles } from './oracles.js';
import type { ModelBatch, PartitionLog, Transaction } from './partition-log.js';
import { Random } from './random.js';
import { Scheduler } from './scheduler.js';

const KEYS = ['a', 'b', 'c', 'd'];
const NO_BYTES = Buffer.alloc(0);
/** All must be processed this long after the last fault, in virtual ms. */
const HEALED_MS_MAX = 120_000;
/** What shards may still have to say after the last fault, until all know who owns what. */
const HEALED_COMPLAINTS_MAX = 5;
const STEPS_MAX = 60_000;

export interface RunOptions {
  readonly planted?: PlantedFaults;
  /** Called with what happens, as it happens. */
  readonly onTrace?: (line: string) => void;
}

export interface RunResult {
  /** What did not hold; null when all did. */
  readonly violation: string | null;
  readonly steps: number;
  readonly commits: number;
}

/** A place where one process can run at a time. */
interface Slot {
  readonly name: string;
  readonly disk: Disk;
  readonly skew: number;
  process: NodeProcess | null;
  starts: number;
}

/** Who owns the shard, according to the group. */
interface Group {
  generation: number;
  owner: number;
  isDown: boolean;
  /** As the group holds them: they arrive late. */
  offsets: readonly number[] | null;
}

/** One run: a cluster, three processes on two machines, faults that the seed orders, and oracles that watch. */
export class World {
  readonly random: Random;
  readonly scheduler = new Scheduler();
  readonly trace: ((line: () => string) => void) | null;
  readonly planted: PlantedFaults;
  readonly cluster: Cluster;
  readonly oracles: Oracles;
  readonly guarantee: ProcessingGuarantee;
  readonly start: 'earliest' | 'latest';
  readonly splitsProduce: boolean;
  readonly group: Group = { generation: 1, owner: 0, isDown: false, offsets: null };
  failpointRate: number;
  readonly #network: Network;
  readonly #slots: Slot[];
  readonly #faultEvery: number;
  readonly #inputsMax: number;
  readonly #openInputs: { readonly transaction: Transaction; readonly logs: Set<PartitionLog> }[] = [];
  #inputs = 0;
  #inputProducer = 1;
  #healed = false;
  #healedAt = 0;
  #complaints = 0;

  constructor(seed: number, { planted, onTrace }: RunOptions) {
    const random = new Random(seed);
    const { scheduler } = this;
    this.random = random;
    this.planted = planted ?? {};
    this.trace =
      onTrace === undefined ? null : (line) => onTrace(`${scheduler.time.toFixed(1).padStart(8)}  ${line()}`);
    const network = new Network(scheduler, random, this.trace);
    this.#network = network;
    this.guarantee = random.chance(0.7) ? 'exactly_once_v2' : 'at_least_once';
    this.start = random.chance(0.3) ? 'latest' : 'earliest';
    this.splitsProduce = random.chance(0.3);
    const bad = random.pick([0, 0.02, 0.06]);
    network.faults = {
      lost: bad * random.next(),
      answerLost: bad * random.next(),
      late: bad * random.next(),
      repeated: random.pick([0, 0.05]),
      slow: random.pick([0.02, 0.15]),
      forgotten: random.pick([0, 0.01]),
    };
    this.failpointRate = random.pick([0, 0.002, 0.01, 0.02]);
    this.#faultEvery = random.pick([15, 40, 120]);
    this.#inputsMax = 16 + random.below(28);
    this.cluster = new Cluster(network, 1 + random.below(3), 1 + random.below(2), random.pick([2, 4, 1000]));
    this.oracles = new Oracles(this.cluster, this.guarantee);
    const now = (): number => scheduler.time;
    const onCommit = (disk: Disk, snapshot: Snapshot): void => this.#fileCommits(disk, snapshot);
    const disks = ['machine-0', 'machine-1'].map((name) => new Disk(name, now, random, onCommit));
    const skews = disks.map(() => (random.chance(0.3) ? random.pick([-400, -100, 100, 400]) : 0));
    this.#slots = [0, 1, 0].map((machine, i) => ({
      name: `node-${i}`,
      disk: disks[machine]!,
      skew: skews[machine]!,
      process: null,
      starts: 0,
    }));
  }

  async run(): Promise<RunResult> {
    const { scheduler, oracles, random } = this;
    this.trace?.(() => `${this.guarantee}, from ${this.start}, ${this.cluster.inputs.length} inputs`);
    for (let i = random.below(8); i > 0; i--) this.#appendInput();
    this.#slots.forEach((slot) => this.#boot(slot));
    scheduler.after(random.between(1, 20), null, () => this.#input());
    scheduler.after(random.between(1, this.#faultEvery * 2), null, () => this.#fault());
    while (oracles.violation === null && !this.#isOver()) {
      if (!scheduler.step()) break;
      await quiet();
    }
    if (oracles.violation === null) {
      if (this.#isOver()) oracles.finish();
      else oracles.violate(`nothing happens any more, and inputs are left: ${this.#phases()}, ${oracles.progress()}`);
    }
    if (oracles.violation !== null) this.trace?.(() => `VIOLATION: ${oracles.violation}`);
    return { violation: oracles.violation, steps: scheduler.steps, commits: oracles.commits.length };
  }

  /** A shard has said why it cannot go on, or what it had to do about it. */
  complained(): void {
    if (this.#healed && ++this.#complaints > HEALED_COMPLAINTS_MAX) {
      this.oracles.violate(`shards complain ${this.#complaints} times after the last fault`);
    }
  }

  /** A process has died by itself. */
  killed(process: NodeProcess): void {
    process.kill();
    const slot = this.#slots.find((s) => s.process === process)!;
    this.scheduler.after(this.random.between(1, this.#healed ? 10 : 200), null, () => this.#boot(slot));
  }

  #isOver(): boolean {
    const { scheduler, oracles } = this;
    if (scheduler.steps > STEPS_MAX) oracles.violate(`not done after ${STEPS_MAX} events`);
    if (!this.#healed) return false;
    if (scheduler.time - this.#healedAt > HEALED_MS_MAX) {
      oracles.violate(`inputs are left ${HEALED_MS_MAX} ms after the last fault: ${this.#phases()}`);
    }
    const shard = this.#slots[this.group.owner]!.process?.shard;
    return shard?.phase === 'running' && !shard.isCommitting && oracles.isComplete();
  }

  #phases(): string {
    return this.#slots.map(({ name, process }) => `${name} ${process?.shard?.phase ?? 'idle'}`).join(', ');
  }

  #boot(slot: Slot): void {
    if (slot.process?.alive) return;
    slot.process = new NodeProcess(this, `${slot.name}.${++slot.starts}`, slot.disk, slot.skew);
    this.trace?.(() => `${slot.process!.name} starts on ${slot.disk.name}`);
    this.#tell(slot);
  }

  /** The group tells a node who owns the shard, some time later. */
  #tell(slot: Slot): void {
    const { process } = slot;
    if (process === null) return;
    const { group, random } = this;
    this.scheduler.after(random.chance(0.2) ? random.between(5, 80) : random.between(0.5, 5), process, () =>
      process.assigned({ generation: group.generation, owns: this.#slots[group.owner] === slot }),
    );
  }

  #reassign(owner: number): void {
    const { group } = this;
    group.generation++;
    group.owner = owner;
    this.trace?.(() => `the group gives the shard to ${this.#slots[owner]!.name}`);
    for (const slot of this.#slots) this.#tell(slot);
  }

  #input(): void {
    if (this.#healed) return;
    const { random, scheduler } = this;
    if (random.chance(0.2) && this.#openInputs.length > 0) this.#endInput(random.below(this.#openInputs.length));
    else this.#appendInput();
    if (this.#inputs >= this.#inputsMax) {
      scheduler.after(random.between(0, 100), null, () => this.#heal());
      return;
    }
    scheduler.after(random.chance(0.1) ? random.between(20, 300) : random.between(0.5, 25), null, () => this.#input());
  }

  /** Somebody else writes to an input; some of it in transactions that may be aborted. */
  #appendInput(): void {
    const { random, cluster } = this;
    const log = random.pick(cluster.inputs);
    const contents = Array.from({ length: 1 + random.below(2) }, () => ({
      key: random.pick(KEYS),
      id: this.#inputs++,
    }));
    const batch: ModelBatch = {
      topic: log.topic,
      partition: log.partition,
      records: contents.length,
      bytes: NO_BYTES,
      contents,
    };
    if (random.chance(0.65)) {
      log.append(batch, this.#inputProducer++, 0, 0, null);
      return;
    }
    let open = random.chance(0.5) ? random.pick([...this.#openInputs, undefined]) : undefined;
    if (open === undefined) {
      open = { transaction: { producerId: this.#inputProducer++, outcome: null }, logs: new Set() };
      this.#openInputs.push(open);
    }
    const { transaction, logs } = open;
    logs.add(log);
    const sequence = log.history
      .filter((b) => b.transaction === transaction)
      .reduce((sum, b) => sum + b.contents.length, 0);
    log.append(batch, transaction.producerId, 0, sequence, transaction);
  }

  #endInput(index: number): void {
    const { transaction, logs } = this.#openInputs[index]!;
    this.#openInputs.splice(index, 1);
    transaction.outcome = this.random.chance(0.5) ? 'abort' : 'commit';
    for (const log of logs) {
      if (this.#healed) log.writeMarker(transaction, 0);
      else this.scheduler.after(this.#network.delay(), null, () => log.writeMarker(transaction, 0));
    }
  }

  #fault(): void {
    if (this.#healed) return;
    const { random, scheduler, group, cluster, oracles } = this;
    const slot = random.pick(this.#slots);
    const { process } = slot;
    const owner = this.#slots[group.owner]!;
    const kind = random.below(100);
    if (kind < 18) {
      if (owner.process?.alive) this.killed(owner.process);
    } else if (kind < 30) {
      if (process?.alive && !process.stopped) {
        this.trace?.(() => `${process.name} is stopped`);
        process.stopped = true;
        scheduler.after(random.between(5, 250), null, () => this.#continue(process));
      }
    } else if (kind < 48) {
      const before = group.owner;
      // Often to the other process of the same machine.
      this.#reassign(random.chance(0.4) ? 2 - before : random.below(this.#slots.length));
      if (random.chance(0.6))
        scheduler.after(random.between(0.5, 25), null, () => !this.#healed && this.#reassign(before));
    } else if (kind < 56) {
      this.#losePower(slot.disk);
    } else if (kind < 59) {
      this.#losePower(slot.disk);
      this.trace?.(() => `${slot.disk.name} gets an empty disk`);
      slot.disk.replace();
    } else if (kind < 65) {
      this.trace?.(() => `${slot.disk.name} is full`);
      slot.disk.fullUntil = scheduler.time + random.between(5, 150);
    } else if (kind < 71) {
      this.trace?.(() => 'the broker cannot be reached');
      this.#network.downUntil = scheduler.time + random.between(2, 120);
    } else if (kind < 86) {
      this.#clean();
      // Deletions that this one leaves go with the next.
      if (random.chance(0.7))
        scheduler.after(TOMBSTONE_RETENTION_MS + random.between(1, 60), null, () => this.#clean());
    } else if (kind < 90) {
      const inputs = oracles.latest?.position.inputs ?? [];
      if (inputs.length > 0) this.#trim(random.pick(inputs));
    } else if (kind < 93) {
      this.trace?.(() => 'the broker forgets idle producers');
      cluster.coordinator.forget();
      cluster.changelog.forgetProducers();
      for (const log of cluster.outputs) log.forgetProducers();
    } else if (kind < 97) {
      group.isDown = true;
      scheduler.after(random.between(5, 100), null, () => {
        group.isDown = false;
      });
    } else {
      process?.shard?.setPaused(random.chance(0.5));
    }
    scheduler.after(random.between(1, this.#faultEvery * 2), null, () => this.#fault());
  }

  /** Compaction of the changelog. */
  #clean(): void {
    if (this.#healed) return;
    const { cluster, oracles, random } = this;
    // While a restore reads, the log keeps its beginning, the deletions in it, and what is no older than the restore.
    const restores = this.#slots
      .filter(({ process }) => process?.alive && process.shard?.phase === 'recovering')
      .map(({ process }) => process!.shard!.restore?.end ?? 0);
    const before = Math.min(cluster.changelog.stable - random.below(4), ...restores);
    if (oracles.mayClean(before)) {
      this.trace?.(() => `the changelog is compacted up to ${before}`);
      const isQuiet = restores.length === 0;
      const retentionMs = isQuiet ? TOMBSTONE_RETENTION_MS : Number.POSITIVE_INFINITY;
      cluster.changelog.clean(before, retentionMs, isQuiet && random.chance(0.2));
    }
  }

  /** What has been processed goes, as it does from topics between the stages of a query. */
  #trim({ partition, offset }: InputPosition): void {
    this.trace?.(() => `input ${partition} is trimmed up to ${offset}`);
    this.cluster.inputs[partition]!.trim(offset);
  }

  #losePower(disk: Disk): void {
    this.trace?.(() => `${disk.name} loses power`);
    for (const { process, disk: d } of this.#slots) if (d === disk && process?.alive) this.killed(process);
    disk.losePower();
  }

  #continue(process: NodeProcess): void {
    if (!process.stopped) return;
    this.trace?.(() => `${process.name} goes on`);
    process.stopped = false;
    for (const action of process.parked.splice(0)) this.scheduler.after(this.random.between(0, 1), process, action);
  }

  #heal(): void {
    this.trace?.(() => 'all faults end');
    this.#healed = true;
    this.#healedAt = this.scheduler.time;
    this.failpointRate = 0;
    this.#network.faults = { lost: 0, answerLost: 0, late: 0, repeated: 0, slow: 0, forgotten: 0 };
    this.#network.downUntil = 0;
    this.group.isDown = false;
    while (this.#openInputs.length > 0) this.#endInput(0);
    for (const slot of this.#slots) {
      slot.disk.fullUntil = 0;
      if (slot.process?.alive) {
        this.#continue(slot.process);
        slot.process.shard?.setPaused(false);
      } else {
        this.#boot(slot);
      }
    }
    if (this.random.chance(0.5)) this.#reassign(this.random.below(this.#slots.length));
  }

  #fileCommits(disk: Disk, snapshot: Snapshot): void {
    const { position } = snapshot;
    this.trace?.(
      () =>
        `${disk.name} commits ${position?.sequence} at ${position?.changelogOffset}${position?.restoring ? ', restoring' : ''}`,
    );
    this.oracles.fileCommitted(disk, snapshot);
    if (!this.planted.groupOffsets || position === null || position.restoring) return;
    const offsets = position.inputs.map((p) => p.offset);
    this.scheduler.after(this.random.between(0, 30), null, () => {
      this.group.offsets = offsets;
    });
  }
}

/** Lets everything happen that needs no event: more turns of the queue than any chain of promises in the code has links. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 24; i++) await null;
}

export function simulate(seed: number, options: RunOptions = {}): Promise<RunResult> {
  return new World(seed, options).run();
}
