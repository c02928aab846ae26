import {
  type CommittedPosition,
  decodeClaim,
  decodePosition,
  type InputPosition,
  POSITION_KEY,
} from '../../src/executor/shard/position-record.js';
import type { ProcessingGuarantee } from '../../src/executor/shard/shard-ports.js';
import type { Cluster } from './cluster.js';
import { type Disk, fingerprintOf, hashOf, type Snapshot } from './disk.js';
import type { LogBatch, ModelRecord, PartitionLog } from './partition-log.js';
import { COUNT_MODULUS, outputPartition, stateKey } from './work.js';

const POSITION = POSITION_KEY.toString('latin1');
const CLAIM_START = '\u0001\u0003';

/** A commit that the changelog tells of, whatever a node believes. */
export interface TrueCommit {
  readonly position: CommittedPosition;
  /** Of its position record. */
  readonly offset: number;
  readonly rows: ReadonlyMap<string, number>;
}

/** An input record that counts. */
interface TrueInput {
  readonly id: number;
  readonly key: string;
  readonly partition: number;
  readonly offset: number;
}

/**
 * What must hold, worked out from all that was ever appended and from nothing that a node says: the commits of the changelog, the state of each,
 * the results.
 */
export class Oracles {
  /** The first thing that did not hold. */
  violation: string | null = null;
  readonly commits: TrueCommit[] = [];
  readonly #cluster: Cluster;
  readonly #guarantee: ProcessingGuarantee;
  /** Where the query began, as its first work was opened. */
  #beginning: readonly InputPosition[] | null = null;
  #read = 0;
  #rows = new Map<string, number>();
  #pending: ModelRecord[] = [];
  #owner: { readonly generation: number; readonly producerId: number } | null = null;
  /** Changelog records that do not count. */
  readonly #void: ModelRecord[] = [];
  readonly #outputRead: number[];
  readonly #seen = new Map<number, number>();
  readonly #lastOffsets = new Map<string, number>();
  readonly #inputs = new Map<number, TrueInput>();

  constructor(cluster: Cluster, guarantee: ProcessingGuarantee) {
    this.#cluster = cluster;
    this.#guarantee = guarantee;
    this.#outputRead = cluster.outputs.map(() => 0);
  }

  get latest(): TrueCommit | undefined {
    return this.commits.at(-1);
  }

  violate(what: string): void {
    this.violation ??= what;
  }

  /** Work begins from here. */
  workOpened(positions: readonly InputPosition[], rows: ReadonlyMap<string, number>, hash: string): void {
    this.#beginning ??= positions;
    this.advance();
    const expected = this.#expectedRows(positions);
    if (!sameRows(rows, expected)) {
      this.violate(
        `work begins at ${offsetsOf(positions)} with the state ${show(rows)}, which should be ${show(expected)}`,
      );
    }
    if (fingerprintOf(hashOf(rows)) !== hash)
      this.violate('the fingerprint of the local state is not that of its rows');
  }

  /** A file is about to commit. */
  fileCommitted(disk: Disk, { rows, position, hash }: Snapshot): void {
    this.advance();
    const before = disk.file.position;
    if (position === null) return;
    const { sequence, changelogOffset, restoring } = position;
    if (before !== null && changelogOffset < before.changelogOffset) {
      this.violate(
        `${disk.name} goes back from offset ${before.changelogOffset} to ${changelogOffset} of the changelog`,
      );
    }
    if (before !== null && sequence < before.sequence) {
      this.violate(`${disk.name} goes back from commit ${before.sequence} to ${sequence}`);
    }
    if (restoring) return;
    const commit = this.commits.findLast(({ offset }) => offset < changelogOffset);
    if (commit === undefined || commit.position.sequence !== sequence) {
      this.violate(
        `${disk.name} commits ${sequence} at offset ${changelogOffset}, where the log has committed ${commit?.position.sequence ?? 'nothing'}`,
      );
    } else if (!sameRows(rows, commit.rows)) {
      this.violate(
        `${disk.name} holds ${show(rows)} at commit ${sequence}; the changelog folds to ${show(commit.rows)} there`,
      );
    } else if (offsetsOf(position.inputs) !== offsetsOf(commit.position.inputs)) {
      this.violate(`${disk.name} holds the positions ${offsetsOf(position.inputs)} at commit ${sequence}`);
    } else if (fingerprintOf(hash) !== position.fingerprint || hashOf(rows) !== hash) {
      this.violate(`${disk.name} holds a fingerprint at commit ${sequence} that is not that of its rows`);
    }
  }

  /** Takes in what has been decided since. */
  advance(): void {
    const { history } = this.#cluster.changelog;
    for (; this.#read < history.length; this.#read++) {
      const batch = history[this.#read]!;
      if (batch.transaction !== null && batch.transaction.outcome === null) break;
      if (batch.isControl || batch.transaction?.outcome === 'abort') continue;
      for (const record of batch.contents) this.#changelogRecord(batch, record);
    }
    this.#cluster.outputs.forEach((log, partition) => this.#readOutputs(log, partition));
  }

  /**
   * Whether compaction up to an offset keeps what counts. Without transactions, records that do not count may supersede some that do: brokers
   * must leave records alone until their owner has written again (`min.compaction.lag.ms`).
   */
  mayClean(before: number): boolean {
    this.advance();
    if (this.#guarantee === 'exactly_once_v2') return true;
    const newest = new Map<string, number>();
    const isVoid = new Set(this.#void.map(({ offset }) => offset));
    for (const { contents } of this.#cluster.changelog.history) {
      for (const { key, offset } of contents) if (offset < before && !isVoid.has(offset)) newest.set(key, offset);
    }
    if (before > (this.latest?.offset ?? -1) + 1) return false;
    return this.#void.every(({ key, offset }) => offset >= before || (newest.get(key) ?? -1) > offset);
  }

  /** Whether all inputs have been processed and committed. */
  isComplete(): boolean {
    this.advance();
    const inputs = this.latest?.position.inputs;
    if (inputs === undefined) return false;
    return this.#cluster.inputs.every((log, partition) => {
      const position = inputs.find((p) => p.partition === partition)!;
      return !log.history.some((batch) => counts(batch) && batch.lastOffset >= position.offset);
    });
  }

  /** How far the log has come on each input, and how far it goes. */
  progress(): string {
    const inputs = this.latest?.position.inputs ?? [];
    return this.#cluster.inputs
      .map(({ partition, end }) => `${inputs.find((p) => p.partition === partition)?.offset ?? 'nothing'} of ${end}`)
      .join(', ');
  }

  /** After the last commit, when nothing is under way any more. */
  finish(): void {
    this.advance();
    for (const { id, partition, offset } of this.#trueInputs()) {
      if (!this.#seen.has(id)) this.violate(`input ${id} (partition ${partition}, offset ${offset}) has no result`);
    }
  }

  #changelogRecord(batch: LogBatch, record: ModelRecord): void {
    if (record.key.startsWith(CLAIM_START)) {
      const { generation, producerId } = decodeClaim(record.value!);
      if (this.#owner !== null && generation <= this.#owner.generation) return;
      this.#owner = { generation, producerId };
      this.#void.push(...this.#pending);
      this.#pending = [];
      return;
    }
    if (this.#guarantee === 'at_least_once' && this.#owner?.producerId !== batch.producerId) {
      this.#void.push(record);
      return;
    }
    if (record.key !== POSITION) {
      this.#pending.push(record);
      return;
    }
    this.#positionRecord(batch, record);
  }

  #positionRecord(batch: LogBatch, record: ModelRecord): void {
    const position = decodePosition(record.value!);
    const rows = new Map(this.#rows);
    for (const { key, value } of this.#pending) {
      if (value === null) rows.delete(key);
      else rows.set(key, value[0]!);
    }
    const { sequence, inputs, records, fingerprint, producerId } = position;
    const before = this.latest?.position;
    if (sequence !== (before?.sequence ?? 0) + 1) {
      this.violate(`commit ${sequence} follows commit ${before?.sequence ?? 0}`);
    }
    if (before?.inputs.some((b, i) => inputs[i]!.offset < b.offset)) {
      this.violate(`positions go back from ${offsetsOf(before.inputs)} to ${offsetsOf(inputs)}`);
    }
    if (records !== this.#pending.length) {
      this.violate(`commit ${sequence} counts ${records} records, and the changelog has ${this.#pending.length}`);
    }
    if (producerId !== batch.producerId) this.violate(`commit ${sequence} names another producer than wrote it`);
    if (fingerprint !== fingerprintOf(hashOf(rows))) this.violate(`the fingerprint of commit ${sequence} is wrong`);
    const expected = this.#expectedRows(inputs);
    if (!sameRows(rows, expected)) {
      this.violate(
        `commit ${sequence} at ${offsetsOf(inputs)} has the state ${show(rows)}, which should be ${show(expected)}`,
      );
    }
    this.#rows = rows;
    this.#pending = [];
    this.commits.push({ position, offset: record.offset, rows });
  }

  /** The state after the inputs before these positions. */
  #expectedRows(positions: readonly InputPosition[]): Map<string, number> {
    const rows = new Map<string, number>();
    for (const { key, partition, offset } of this.#trueInputs()) {
      if (offset >= positions.find((p) => p.partition === partition)!.offset) continue;
      const row = stateKey(key);
      const count = ((rows.get(row) ?? 0) + 1) % COUNT_MODULUS;
      if (count === 0) rows.delete(row);
      else rows.set(row, count);
    }
    return rows;
  }

  /** Committed inputs since the query began. */
  *#trueInputs(): Iterable<TrueInput> {
    for (const { partition, offset: from } of this.#beginning ?? []) {
      for (const batch of this.#cluster.inputs[partition]!.history) {
        if (!counts(batch)) continue;
        for (const { id, key, offset } of batch.contents) if (offset >= from) yield { id, key, partition, offset };
      }
    }
  }

  #readOutputs(log: PartitionLog, partition: number): void {
    const { history } = log;
    let at = this.#outputRead[partition]!;
    for (; at < history.length; at++) {
      const batch = history[at]!;
      if (batch.transaction !== null && batch.transaction.outcome === null) break;
      if (batch.isControl || batch.transaction?.outcome === 'abort') continue;
      for (const { id } of batch.contents) this.#result(id, partition);
    }
    this.#outputRead[partition] = at;
  }

  #result(id: number, partition: number): void {
    const times = (this.#seen.get(id) ?? 0) + 1;
    this.#seen.set(id, times);
    if (times > 1) {
      if (this.#guarantee === 'exactly_once_v2') this.violate(`input ${id} has ${times} results`);
      return;
    }
    if (!this.#inputs.has(id)) for (const input of this.#trueInputs()) this.#inputs.set(input.id, input);
    const input = this.#inputs.get(id);
    if (input === undefined) {
      this.violate(`input ${id} has a result and was never committed, or lies before the query's beginning`);
      return;
    }
    if (outputPartition(input.key, this.#cluster.outputs.length) !== partition) {
      this.violate(`the result of input ${id} is in the wrong partition`);
    }
    const lane = `${input.partition}/${partition}`;
    if (input.offset < (this.#lastOffsets.get(lane) ?? -1)) {
      this.violate(`the result of input ${id} comes after that of a later one`);
    }
    this.#lastOffsets.set(lane, input.offset);
  }
}

/** Whether a reader of committed records gets it, now or later. */
function counts(batch: LogBatch): boolean {
  return !batch.isControl && (batch.transaction === null || batch.transaction.outcome === 'commit');
}

function sameRows(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, count] of a) if (b.get(key) !== count) return false;
  return true;
}

function offsetsOf(positions: readonly InputPosition[]): string {
  return positions.map(({ partition, offset }) => `${partition}:${offset}`).join(' ');
}

function show(rows: ReadonlyMap<string, number>): string {
  return `{${[...rows]
    .map(([key, count]) => `${key.slice(2)}=${count}`)
    .sort()
    .join(' ')}}`;
}
