import type { LogReader } from '../broker/broker.js';
import { MemoryCatalog } from '../catalog/memory-catalog.js';
import type { DeployOptions, StartOffset, StreamThread, ThreadChange } from '../executor/thread/stream-thread.js';
import type { FunctionRegistry } from '../functions/registry.js';
import type { Clock } from '../model/time.js';
import type { PhysicalPlan } from '../planner/physical/physical-plan.js';
import type { Dialect, PlanningContext } from '../planner/planning-context.js';
import type { TableReader } from '../state/table-reader.js';
import { applyEffects, type CatalogEffect, decodeCommand, encodeCommand } from './command-log.js';
import type { Session } from './engine.js';
import type { Settings } from './settings.js';

/** What an engine is made of; put together in `create-engine.ts`. */
export interface EngineParts {
  readonly settings: Settings;
  readonly functions: FunctionRegistry;
  readonly clock: Clock;
  readonly random: () => number;
  readonly thread: StreamThread;
  /** Reads committed batches on the caller's thread. */
  readonly log: LogReader;
  /** Reads committed tables on the caller's thread. */
  readonly tables: TableReader;
  readonly commands: readonly { readonly sequence: number; readonly text: string }[];
  readonly clusterId: string;
  readonly millraceVersion: string;
  announceUrl(url: string): void;
  /** Closes what the parts hold besides the thread. */
  release(): void;
}

/** A command of the log that could not be applied: named, set aside, never fatal. */
export interface QuarantinedCommand {
  readonly sequence: number;
  readonly reason: string;
}

/** The catalog with its durable log and its running queries: what statement handlers work on. */
export class EngineCore {
  readonly parts: EngineParts;
  readonly catalog = new MemoryCatalog();
  readonly quarantined: QuarantinedCommand[] = [];
  #sequence = 0;
  #transients = 0;
  /** Changes run one after the other. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(parts: EngineParts) {
    this.parts = parts;
    for (const { sequence, text } of parts.commands) {
      this.#sequence = sequence;
      try {
        applyEffects(this.catalog, decodeCommand(text).effects);
      } catch (error) {
        this.quarantined.push({ sequence, reason: error instanceof Error ? error.message : String(error) });
      }
    }
  }

  /** Sequence number of the last command; 0 before the first. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Starts the persistent queries of the catalog where they stopped. */
  async startQueries(): Promise<void> {
    const deploy = this.catalog.queries().map((query) => ({
      plan: JSON.parse(query.plan) as PhysicalPlan,
      options: this.deployOptions('earliest', null, query.paused),
    }));
    if (deploy.length > 0) await this.parts.thread.apply({ ...NO_CHANGE, deploy });
  }

  /** Runs `work` when all changes before it are done. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#tail.then(work, work);
    this.#tail = run.catch(() => {});
    return run;
  }

  /** Makes a change durable and true, then visible. @throws SystemError and nothing has changed */
  async change(statement: string, effects: readonly CatalogEffect[], change: Partial<ThreadChange>): Promise<number> {
    const text = encodeCommand({ version: 1, statement, effects });
    await this.parts.thread.apply({ ...NO_CHANGE, ...change, commands: [{ text }] });
    this.#sequence++;
    applyEffects(this.catalog, effects);
    return this.#sequence;
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

  /** @param fallback where a query starts when the session does not say */
  deployOptions(fallback: StartOffset, session: Session | null, paused = false): DeployOptions {
    const said = this.parts.settings.get('auto.offset.reset', session?.properties);
    return {
      start: said === 'earliest' || said === 'latest' ? said : fallback,
      transient: false,
      bounded: false,
      cacheBytes: this.parts.settings.number('cache.max.bytes.buffering', session?.properties),
      paused,
    };
  }
}

export const NO_CHANGE: ThreadChange = { createTopics: [], deleteTopics: [], commands: [], deploy: [], drop: [] };
