import { type GroupEvents, type GroupMemberData, type GroupMembership, LogError } from '../cluster-log.js';
import { Backoff } from './backoff.js';
import type { KafkaConnection } from './kafka-connection.js';
import {
  FENCED_INSTANCE_ID,
  ILLEGAL_GENERATION,
  kafkaError,
  MEMBER_ID_REQUIRED,
  REBALANCE_IN_PROGRESS,
  UNKNOWN_MEMBER_ID,
} from './kafka-error-codes.js';
import { asLogError, brokerError, closedError } from './kafka-errors.js';
import type { KafkaLog } from './kafka-options.js';
import { HEARTBEAT, JOIN_GROUP, type JoinedMember, LEAVE_GROUP, type Membership, SYNC_GROUP } from './wire/group.js';

const PROTOCOL_TYPE = 'millrace';
const PROTOCOL_NAME = 'shards';
export const SESSION_TIMEOUT_MS = 6000;
/** How long the others may take to join again before they are left out, ms. */
const REBALANCE_TIMEOUT_MS = 10_000;
/** A member's data is preceded by a number that grows when it asks for a new distribution: a coordinator passes over who has no news. */
const NEWS_BYTES = 4;
const NO_ASSIGNMENTS: ReadonlyMap<string, Buffer> = new Map();
const NO_DATA = Buffer.alloc(0);

export interface GroupOptions {
  readonly groupId: string;
  /** A name that outlives the process: one that is back within the session takes its old place. Null for a member that is new at every start. */
  readonly instanceId: string | null;
  /** After so long without a heartbeat a member is taken for dead, ms; default 6,000. */
  readonly sessionTimeoutMs?: number;
  readonly events: GroupEvents;
}

interface Waiter {
  readonly sinceMs: number;
  readonly timer: NodeJS.Timeout;
  resolve(): void;
  reject(error: LogError): void;
}

/**
 * Kafka's classic group protocol: join, be told, beat, and join again when the group changes. Joining may take long, so heartbeats have a lane
 * of their own and go on meanwhile. What the members tell one another are bytes of the caller's.
 */
export class KafkaGroup implements GroupMembership {
  readonly #connection: KafkaConnection;
  readonly #options: GroupOptions;
  readonly #log: KafkaLog;
  readonly #sessionTimeoutMs: number;
  readonly #watch: NodeJS.Timeout;
  readonly #loops: Promise<unknown>;
  #memberId = '';
  /** Whether the coordinator may count this node as a member: it does so before it answers the first join, which may take long. */
  #isKnown = false;
  /** -1 before the first join, and after the group has thrown us out. */
  #generation = -1;
  #isLeader = false;
  #news = 0;
  #joinWanted = true;
  /** Whether the caller believes that it owns what it was told last. */
  #owns = false;
  /** When the last request was sent that the coordinator has answered as to a member. */
  #aliveMs = performance.now();
  #waiters: Waiter[] = [];
  #ended: LogError | null = null;
  #hurryJoin: (() => void) | null = null;
  #hurryBeat: (() => void) | null = null;

  readonly #onClose: () => void;

  /** @param connection its own: closed with it */
  constructor(connection: KafkaConnection, options: GroupOptions, log: KafkaLog, onClose: () => void = () => {}) {
    this.#onClose = onClose;
    this.#connection = connection;
    this.#options = options;
    this.#log = log;
    this.#sessionTimeoutMs = options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS;
    this.#watch = setInterval(() => this.#checkSession(), Math.max(this.#sessionTimeoutMs / 20, 10));
    this.#loops = Promise.all([this.#keepJoined(), this.#keepBeating()]);
  }

  get isLeader(): boolean {
    return this.#isLeader;
  }

  rejoin(): void {
    this.#news++;
    this.#wantJoin();
  }

  confirm(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== null) {
        reject(this.#ended);
        return;
      }
      const waiter: Waiter = {
        sinceMs: performance.now(),
        timer: setTimeout(() => {
          this.#waiters = this.#waiters.filter((other) => other !== waiter);
          const message = `the group "${this.#options.groupId}" does not confirm the membership within ${this.#sessionTimeoutMs} ms`;
          reject(new LogError('unavailable', message, { code: 'group-unreachable' }));
        }, this.#sessionTimeoutMs),
        resolve,
        reject,
      };
      this.#waiters.push(waiter);
      this.#hurryBeat?.();
    });
  }

  async close(leave: boolean): Promise<void> {
    const mayBeMember = this.#ended === null && this.#isKnown;
    this.#end(closedError());
    if (leave && mayBeMember) await this.#leave().catch(() => {});
    await this.#connection.close();
    await this.#loops;
    this.#onClose();
  }

  get #membership(): Membership {
    return { groupId: this.#options.groupId, memberId: this.#memberId, instanceId: this.#options.instanceId };
  }

  async #keepJoined(): Promise<void> {
    const backoff = new Backoff();
    let trouble: string | null = null;
    while (this.#ended === null) {
      if (!this.#joinWanted) {
        await new Promise<void>((resolve) => {
          this.#hurryJoin = resolve;
        });
        this.#hurryJoin = null;
        continue;
      }
      this.#joinWanted = false;
      try {
        if (await this.#join()) {
          trouble = null;
          backoff.reset();
          continue;
        }
      } catch (error) {
        const { message } = asLogError(error);
        const first = trouble === null;
        trouble = message;
        if (first && this.#ended === null) {
          this.#log('warn', `joining the group "${this.#options.groupId}" failed, and is tried again: ${message}`);
        }
        this.#connection.forgetCoordinator('group', this.#options.groupId);
      }
      this.#joinWanted = true;
      await this.#connection.sleep(backoff.next()).catch(() => {});
    }
  }

  /** @returns whether this node is a member now; if not, it is tried again */
  async #join(): Promise<boolean> {
    const { groupId, events } = this.#options;
    const nodeId = await this.#connection.coordinator('group', groupId);
    this.#isKnown = true;
    const joined = await this.#connection.node(
      nodeId,
      JOIN_GROUP,
      {
        ...this.#membership,
        sessionTimeoutMs: this.#sessionTimeoutMs,
        rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
        protocolType: PROTOCOL_TYPE,
        protocolName: PROTOCOL_NAME,
        metadata: this.#describe(),
      },
      REBALANCE_TIMEOUT_MS,
    );
    if (this.#ended !== null) return false;
    if (joined.error === MEMBER_ID_REQUIRED) {
      this.#memberId = joined.memberId;
      return this.#join();
    }
    if (joined.error !== 0) return this.#refused(joined.error);
    this.#memberId = joined.memberId;
    this.#generation = joined.generation;
    const isLeader = joined.leader === joined.memberId;
    const assignments =
      isLeader && !joined.skipAssignment ? events.assign(joined.members.map(memberData)) : NO_ASSIGNMENTS;
    const sentMs = performance.now();
    const request = { ...this.#membership, generation: joined.generation, assignments };
    const synced = await this.#connection.node(nodeId, SYNC_GROUP, request, REBALANCE_TIMEOUT_MS);
    if (this.#ended !== null) return false;
    if (synced.error !== 0) return this.#refused(synced.error);
    this.#isLeader = isLeader;
    this.#owns = true;
    this.#alive(sentMs);
    events.assigned(synced.assignment, joined.generation);
    this.#confirmed(sentMs);
    return true;
  }

  /** What a coordinator's answer other than yes means for a member. @returns false: to be tried again */
  #refused(error: number): false {
    const { groupId, instanceId } = this.#options;
    const { kind, name } = kafkaError(error);
    if (error === UNKNOWN_MEMBER_ID) {
      this.#memberId = '';
      this.#isKnown = false;
      this.#generation = -1;
      this.#lose(`the group "${groupId}" does not know this node any more`);
    } else if (error === FENCED_INSTANCE_ID) {
      const message = `another process has joined the group "${groupId}" as "${instanceId}": this one is out`;
      this.#stop(
        new LogError('fenced', message, { code: 'fenced-instance-id', hint: 'give each node a name of its own' }),
      );
    } else if (error === ILLEGAL_GENERATION) {
      this.#generation = -1;
    } else if (kind === 'refused') {
      this.#stop(brokerError(error, `this node cannot be a member of the group "${groupId}"`));
    } else if (error !== REBALANCE_IN_PROGRESS) {
      this.#log('debug', `the coordinator of the group "${groupId}" answers ${name}`);
      this.#connection.forgetCoordinator('group', groupId);
    }
    return false;
  }

  async #keepBeating(): Promise<void> {
    const backoff = new Backoff();
    let pauseMs = this.#sessionTimeoutMs / 3;
    while (this.#ended === null) {
      await this.#beatPause(pauseMs);
      if (this.#ended !== null) return;
      pauseMs = this.#sessionTimeoutMs / 3;
      if (this.#memberId === '' || this.#generation < 0) continue;
      try {
        if (await this.#beat()) backoff.reset();
        else pauseMs = Math.min(pauseMs, backoff.next());
      } catch (error) {
        if (this.#ended !== null) return;
        this.#log('debug', `no heartbeat: ${asLogError(error).message}`);
        this.#connection.forgetCoordinator('group', this.#options.groupId);
        pauseMs = Math.min(pauseMs, backoff.next());
      }
    }
  }

  /** @returns whether the coordinator takes us for a member */
  async #beat(): Promise<boolean> {
    const membership = this.#membership;
    const generation = this.#generation;
    const nodeId = await this.#connection.coordinator('group', membership.groupId);
    const sentMs = performance.now();
    const { error } = await this.#connection.node(nodeId, HEARTBEAT, { ...membership, generation }, 0, 'data');
    // An answer to what we were before a join says nothing of what we are.
    if (this.#ended !== null || membership.memberId !== this.#memberId || generation !== this.#generation) return true;
    if (error === 0) {
      this.#alive(sentMs);
      this.#confirmed(sentMs);
      return true;
    }
    if (error === REBALANCE_IN_PROGRESS) this.#alive(sentMs);
    else this.#refused(error);
    if (this.#ended === null && (kafkaError(error).kind === 'refused' || error === REBALANCE_IN_PROGRESS))
      this.#wantJoin();
    return error === REBALANCE_IN_PROGRESS;
  }

  async #beatPause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#hurryBeat = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#hurryBeat = null;
  }

  #wantJoin(): void {
    this.#joinWanted = true;
    this.#hurryJoin?.();
  }

  #alive(sentMs: number): void {
    this.#aliveMs = Math.max(this.#aliveMs, sentMs);
  }

  #confirmed(sentMs: number): void {
    const confirmed = this.#waiters.filter(({ sinceMs }) => sinceMs <= sentMs);
    this.#waiters = this.#waiters.filter(({ sinceMs }) => sinceMs > sentMs);
    for (const { timer, resolve } of confirmed) {
      clearTimeout(timer);
      resolve();
    }
    if (this.#waiters.length > 0) this.#hurryBeat?.();
  }

  #checkSession(): void {
    if (!this.#owns || performance.now() - this.#aliveMs <= this.#sessionTimeoutMs) return;
    this.#lose(`the group "${this.#options.groupId}" has not answered for ${this.#sessionTimeoutMs} ms`);
    // If the group has kept our place after all, joining again tells what we own.
    this.#wantJoin();
  }

  #lose(reason: string): void {
    this.#isLeader = false;
    if (!this.#owns) return;
    this.#owns = false;
    this.#options.events.lost(reason);
  }

  /** The membership has come to an end that nobody asked for. */
  #stop(error: LogError): void {
    if (this.#ended !== null) return;
    this.#log('error', error.message);
    this.#end(error);
    this.#options.events.lost(error.message);
  }

  #end(error: LogError): void {
    this.#ended ??= error;
    this.#isLeader = false;
    this.#owns = false;
    clearInterval(this.#watch);
    for (const { timer, reject } of this.#waiters) {
      clearTimeout(timer);
      reject(this.#ended);
    }
    this.#waiters = [];
    this.#hurryJoin?.();
    this.#hurryBeat?.();
  }

  async #leave(): Promise<void> {
    const untilMs = performance.now() + this.#sessionTimeoutMs / 2;
    await this.#connection.retry(untilMs, 'harmless', async () => {
      const nodeId = await this.#connection.coordinator('group', this.#options.groupId);
      const { error } = await this.#connection.node(nodeId, LEAVE_GROUP, this.#membership, 0, 'data');
      if (error !== 0) throw brokerError(error, 'the group is not left');
    });
  }

  #describe(): Buffer {
    const news = Buffer.alloc(NEWS_BYTES);
    news.writeUInt32BE(this.#news % 2 ** 32);
    return Buffer.concat([news, this.#options.events.describe()]);
  }
}

function memberData({ memberId, metadata }: JoinedMember): GroupMemberData {
  return { memberId, data: metadata.length < NEWS_BYTES ? NO_DATA : metadata.subarray(NEWS_BYTES) };
}
