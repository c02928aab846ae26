import type { LogView } from '../broker/broker.js';
import type { QueryEntry } from '../catalog/catalog.js';
import { MemoryCatalog } from '../catalog/memory-catalog.js';
import type { QueryPlacement } from '../executor/shard/shard-node.js';
import type {
  DeployOptions,
  StartOffset,
  StoredCommand,
  StreamThread,
  ThreadChange,
} from '../executor/thread/stream-thread.js';
import type { FunctionRegistry } from '../functions/registry.js';
import { SystemError } from '../model/errors.js';
import type { Clock } from '../model/time.js';
import type { PhysicalPlan } from '../planner/physical/physical-plan.js';
import type { Dialect, PlanningContext } from '../planner/planning-context.js';
import type { TableReader } from '../state/table-reader.js';
import { applyEffects, type CatalogEffect, decodeCommand, encodeCommand } from './command-log.js';
import type { Session } from './engine.js';
import type { KeptOptions } from './plan-effects.js';
import type { Settings } from './settings.js';

/** What an engine is made of; put together in `create-engine.ts`. */
export interface EngineParts {
  readonly settings: Settings;
  readonly functions: FunctionRegistry;
  readonly clock: Clock;
  readonly random: () => number;
  readonly thread: StreamThread;
  /** Topics and committed batches, for statements. */
  readonly log: LogView;
  /** Reads committed tables on the caller's thread. */
  readonly tables: TableReader;
  /** The catalog's log so far; what comes later is told by the thread. */
  readonly commands: readonly StoredCommand[];
  /** Known once the runtime is connected. */
  readonly clusterId: () => string;
  readonly millraceVersion: string;
  /** Where the parts of a query's state are; null where all of it is always here. */
  readonly placement: ((queryId: string) => QueryPlacement | null) | null;
  announceUrl(url: string): void;
  /** Closes what the parts hold besides the thread. */
  release(): void;
}

/** A command of the log that could not be applied: named, set aside, never fatal. */
export interface QuarantinedCommand {
  readonly sequence: number;
  readonly reason: string;
}

const CACHE_BYTES = 'ksql.streams.cache.max.bytes.buffering';

/** How often a change is tried again after another engine came between. */
const FENCED_RETRIES_MAX = 5;

/**
 * The catalog with its durable log and its running queries: what statement handlers work on. Commands take effect here when the thread tells
 * that they are in the log, whoever wrote them.
 */
export class EngineCore {
  readonly parts: EngineParts;
  readonly catalog = new MemoryCatalog();
  readonly quarantined: QuarantinedCommand[] = [];
  readonly #plans = new WeakMap<QueryEntry, PhysicalPlan>();
  #sequence = 0;
  #started = false;
  #transients = 0;
  /** Statements that keep an order run one after the other. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(parts: EngineParts) {
    this.parts = parts;
    for (const command of parts.commands) this.#hear(command);
    parts.thread.subscribe((event) => {
      if (event.kind !== 'commands') return;
      for (const command of event.commands) this.#hear(command);
      if (this.#started) parts.thread.follow(this.#deployments());
    });
  }

  /** Sequence number of the last command; 0 before the first. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Starts the persistent queries of the catalog where they stopped. */
  async startQueries(): Promise<void> {
    const deploy = this.#deployments();
    if (deploy.length > 0) await this.parts.thread.apply({ ...NO_CHANGE, deploy });
    this.#started = true;
    this.parts.thread.follow(this.#deployments());
  }

  /**
   * Runs `work` when everything before it is done, as the one who may change the catalog. When another engine comes between, all of it is
   * done again: up to the call of `change`, work has no effects that may not be repeated.
   */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    return this.#inOrder(async () => {
      for (let retries = 0; ; retries++) {
        try {
          await this.parts.thread.claim();
          await this.parts.log.refresh();
          return await work();
        } catch (error) {
          if (!isFenced(error) || retries === FENCED_RETRIES_MAX) throw error;
        }
      }
    });
  }

  /** Runs `work`, which changes nothing, when all changes before it are done. */
  ordered<T>(work: () => Promise<T>): Promise<T> {
    return this.#inOrder(async () => {
      await this.parts.log.refresh();
      return work();
    });
  }

  /** Resolves when all changes before it are done. */
  settled(): Promise<void> {
    return this.#inOrder(async () => {});
  }

  /**
   * Makes a change durable, true and visible. Within `exclusive`.
   * @returns the sequence number of its command
   * @throws SystemError and nothing has changed
   */
  async change(statement: string, effects: readonly CatalogEffect[], change: Partial<ThreadChange>): Promise<number> {
    const text = encodeCommand({ version: 1, statement, effects });
    await this.parts.thread.apply({ ...NO_CHANGE, ...change, commands: [{ text }] });
    return this.#sequence;
  }

  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#tail.then(work, work);
    this.#tail = run.catch(() => {});
    return run;
  }

  /** A command takes effect as a whole, or is set aside. */
  #hear({ sequence, text, problem }: StoredCommand): void {
    this.#sequence = sequence;
    try {
      if (problem !== undefined) throw new Error(problem);
      const { effects } = decodeCommand(text);
      applyEffects(this.catalog.fork(), effects);
      applyEffects(this.catalog, effects);
    } catch (error) {
      this.quarantined.push({ sequence, reason: error instanceof Error ? error.message : String(error) });
    }
  }

  /** The persistent queries of the catalog, each with how it was made to run. */
  #deployments(): ThreadChange['deploy'] {
    return this.catalog.queries().map((query) => {
      const { start, cacheBytes, paused } = query;
      const options = this.deployOptions('earliest', null, paused);
      return {
        plan: this.#planOf(query),
        options: { ...options, start: start ?? options.start, cacheBytes: cacheBytes ?? options.cacheBytes },
      };
    });
  }

  /** The plan of a persistent query; null when there is none of that id. */
  queryPlan(queryId: string): PhysicalPlan | null {
    const query = this.catalog.queries().find(({ id }) => id === queryId);
    return query === undefined ? null : this.#planOf(query);
  }

  #planOf(query: QueryEntry): PhysicalPlan {
    const known = this.#plans.get(query);
    if (known !== undefined) return known;
    const plan = JSON.parse(query.plan) as PhysicalPlan;
    this.#plans.set(query, plan);
    return plan;
  }

  /** What names the installation in internal topics. */
  get serviceId(): string {
    return this.parts.settings.get('ksql.service.id') ?? '';
  }

  dialect(session: Session): Dialect {
    return this.parts.settings.get('millrace.dialect', session.properties) === 'ksqldb' ? 'ksqldb' : 'millrace';
  }

  planningContext(session: Session, catalog: MemoryCatalog = this.catalog, nextQueryNumber?: number): PlanningContext {
    return {
      catalog: catalog.snapshot(),
      functions: this.parts.functions,
      dialect: this.dialect(session),
      setting: (name) => this.parts.settings.get(name, session.properties),
      topic: (name) => {
        const topic = this.parts.log.describeTopic(name);
        return topic === null
          ? null
          : { partitions: topic.partitions, replicas: topic.replicas, retentionMs: topic.retentionMs };
      },
      nextQueryNumber: nextQueryNumber ?? this.#sequence,
      transientSuffix: this.#transientSuffix(),
    };
  }

  #transientSuffix(): string {
    this.#transients++;
    return `${this.parts.clock.now()}${String(this.#transients).padStart(4, '0')}`;
  }

  /** What the entry of a query keeps of how a session has it deployed. */
  keptOptions({ start, cacheBytes }: DeployOptions, session: Session): KeptOptions {
    return session.properties.has(CACHE_BYTES) ? { start, cacheBytes } : { start };
  }

  /** @param fallback where a query starts when the session does not say */
  deployOptions(fallback: StartOffset, session: Session | null, paused = false): DeployOptions {
    const said = this.parts.settings.get('auto.offset.reset', session?.properties);
    return {
      start: said === 'earliest' || said === 'latest' ? said : fallback,
      transient: false,
      bounded: false,
      cacheBytes: this.parts.settings.number(CACHE_BYTES, session?.properties),
      paused,
    };
  }
}

function isFenced(error: unknown): boolean {
  return error instanceof SystemError && error.code === 'catalog-fenced';
}

export const NO_CHANGE: ThreadChange = { createTopics: [], deleteTopics: [], commands: [], deploy: [], drop: [] };
