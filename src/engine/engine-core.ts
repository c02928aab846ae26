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
import { SCHEMA_FORMATS } from '../formats/index.js';
import { protobufSpellings } from '../formats/protobuf/protobuf-spellings.js';
import { EmbeddedRegistry } from '../formats/schema-registry/embedded-registry.js';
import { RegistryState } from '../formats/schema-registry/registry-state.js';
import type { SchemaRegistry } from '../formats/schema-registry/schema-registry.js';
import type { FunctionRegistry } from '../functions/registry.js';
import { SystemError } from '../model/errors.js';
import type { Clock } from '../model/time.js';
import { type PhysicalPlan, repartitionTopicsOf } from '../planner/physical/physical-plan.js';
import { type PlannedStatement, planStatement } from '../planner/plan-statement.js';
import type { Dialect, PlanningContext } from '../planner/planning-context.js';
import { NO_REGISTRY_VIEW, type SchemaView } from '../planner/schema-view.js';
import type { StatementPlan } from '../planner/statement-plan.js';
import type { TableReader } from '../state/table-reader.js';
import { applyEffects, type CatalogEffect, decodeCommand, encodeCommand, registryChanges } from './command-log.js';
import type { Session } from './engine.js';
import type { KeptOptions } from './plan-effects.js';
import { SchemaDirectory } from './schema-directory.js';
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
  /** Somebody else's schema registry; null: the engine keeps one of its own. */
  readonly registry: (SchemaRegistry & { readonly url: string }) | null;
  /** Known once the runtime is connected. */
  readonly clusterId: () => string;
  readonly millraceVersion: string;
  /** Where the parts of a query's state are; null where all of it is always here. */
  readonly placement: ((queryId: string) => QueryPlacement | null) | null;
  announceUrl(url: string): void;
  /** Closes what the parts hold besides the thread. */
  release(): void;
}

/** What planning sees in place of the engine's own. */
export interface PlanningOptions {
  readonly catalog?: MemoryCatalog;
  readonly schemas?: SchemaView;
  readonly nextQueryNumber?: number;
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
  /** Null when the registry is somebody else's. */
  readonly embeddedRegistry: EmbeddedRegistry | null;
  readonly schemas: SchemaDirectory;
  readonly #registry = new RegistryState();
  readonly #plans = new WeakMap<QueryEntry, PhysicalPlan>();
  #sequence = 0;
  /** Commands that only changed the registry: query ids do not count them. */
  #registryCommands = 0;
  #started = false;
  #transients = 0;
  /** Statements that keep an order run one after the other. */
  #tail: Promise<unknown> = Promise.resolve();
  /** Has not begun yet. */
  #catchUp: Promise<void> | null = null;

  constructor(parts: EngineParts) {
    this.parts = parts;
    this.embeddedRegistry = parts.registry === null ? this.#openRegistry() : null;
    this.schemas = new SchemaDirectory(
      parts.registry ?? this.embeddedRegistry!,
      parts.registry === null ? () => this.caughtUp() : null,
    );
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

  /** The number of the next query. */
  get statements(): number {
    return this.#sequence - this.#registryCommands;
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

  /** Resolves when all commands that are in the log by now have been heard. Not within `exclusive`. */
  caughtUp(): Promise<void> {
    this.#catchUp ??= this.#inOrder(async () => {
      this.#catchUp = null;
      await this.parts.thread.claim();
    });
    return this.#catchUp;
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

  /** A registry whose changes are commands of the catalog's log. */
  #openRegistry(): EmbeddedRegistry {
    return new EmbeddedRegistry({
      state: () => this.#registry,
      formats: SCHEMA_FORMATS,
      spellings: { PROTOBUF: protobufSpellings },
      refresh: () => this.caughtUp(),
      commit: (work) =>
        this.exclusive(async () => {
          const { changes, result } = work(this.#registry);
          const effects = changes.map((change) => ({ kind: 'changeRegistry', change }) as const);
          if (effects.length > 0) await this.change('', effects, {});
          return result;
        }),
    });
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
      const changes = registryChanges(effects);
      for (const change of changes) this.#registry.apply(change);
      if (changes.length > 0 && changes.length === effects.length) this.#registryCommands++;
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
    const query = this.catalog.query(queryId);
    return query === null ? null : this.#planOf(query);
  }

  /** Topics with registered schemas that go when these queries go. */
  ownedTopics(queryIds: readonly string[]): readonly string[] {
    return queryIds.flatMap((id) => {
      const plan = this.queryPlan(id);
      return plan === null ? [] : repartitionTopicsOf(plan);
    });
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

  /** The plan of a statement on the catalog as it is, and the registry as far as it is asked. */
  plan(statement: PlannedStatement, text: string, session: Session): Promise<StatementPlan> {
    return this.schemas.plan((schemas) => planStatement(statement, text, this.planningContext(session, { schemas })));
  }

  /** @param options what is another than that of the engine; without `schemas` no registry is asked */
  planningContext(session: Session, options: PlanningOptions = {}): PlanningContext {
    const catalog = options.catalog ?? this.catalog;
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
      schemas: options.schemas ?? NO_REGISTRY_VIEW,
      nextQueryNumber: options.nextQueryNumber ?? this.statements,
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
