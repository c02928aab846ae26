import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kafka } from '../../src/broker/kafka/open-kafka.js';
import { type EngineOptions, openEngine } from '../../src/engine/create-engine.js';
import type { Engine, QueryHandle, Session } from '../../src/engine/engine.js';
import type { MillraceEngine } from '../../src/engine/millrace-engine.js';
import { type RunningServer, serve } from '../../src/server/serve.js';
import { connect, KAFKA } from './adapter/adapter-kafka.js';

/** Long enough for a group that is not told who has gone. */
export const PATIENCE = { timeout: 60_000, interval: 50 };
/** The least that brokers allow. */
export const SESSION_MS = 6_000;

/** One service of its own on the cluster: its nodes, and what it leaves behind, which goes when the service is closed. */
export class Service {
  readonly id = `t${randomBytes(4).toString('hex')}_`;
  readonly kafka: Kafka;
  /** What the nodes have said to their operator. */
  readonly logged: string[] = [];
  readonly #servers: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-service-'));
  readonly #nodes = new Set<ServiceNode>();

  /** @param servers where the cluster is spoken to without TLS or password */
  constructor(servers = KAFKA) {
    this.#servers = servers;
    this.kafka = connect(servers);
  }

  /** A name that no other service has. */
  topic(name: string): string {
    return `${this.id}${name}`;
  }

  get commandTopic(): string {
    return `_confluent-ksql-${this.id}_millrace_commands`;
  }

  settings(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    return {
      'ksql.streams.bootstrap.servers': this.#servers,
      'ksql.service.id': this.id,
      'ksql.streams.session.timeout.ms': String(SESSION_MS),
      'ksql.streams.commit.interval.ms': '50',
      // Topics of tables and streams are the cluster's.
      'ksql.output.topic.name.prefix': this.id,
      ...more,
    };
  }

  folderOf(node: string): string {
    return join(this.#folder, node);
  }

  /** Files of shards that a node keeps. */
  shardFiles(node: string): string[] {
    return readdirSync(join(this.folderOf(node), 'shards')).filter((name) => name.endsWith('.db'));
  }

  /**
   * Starts a node in this process, or starts it again on the folder that it had.
   * @param patient whether a cluster that cannot be used is waited for, with the node answering meanwhile
   */
  async start(name = 'a', settings: Readonly<Record<string, string>> = {}, patient = false): Promise<ServiceNode> {
    const options: EngineOptions = {
      data: this.folderOf(name),
      threads: 0,
      patient,
      settings: this.settings(settings),
      log: (level, message) => this.logged.push(`${name} ${level}: ${message}`),
    };
    const engine = (await openEngine(options)) as MillraceEngine;
    const node = new ServiceNode(engine, await serve(engine, { port: 0 }), () => this.#nodes.delete(node));
    this.#nodes.add(node);
    return node;
  }

  /** Names of topics that the service has made by itself, without what they all begin with. */
  async internalTopics(): Promise<string[]> {
    const prefix = `_confluent-ksql-${this.id}`;
    return (await this.kafka.topics.list())
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ name }) => name.slice(prefix.length));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#nodes].map((node) => node.stop()));
    for (const { name } of await this.kafka.topics.list()) {
      if (name.includes(this.id)) await this.kafka.topics.delete(name);
    }
    await this.kafka.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export class ServiceNode {
  readonly engine: MillraceEngine;
  readonly #server: RunningServer;
  readonly #stopped: () => void;

  constructor(engine: MillraceEngine, server: RunningServer, stopped: () => void) {
    this.engine = engine;
    this.#server = server;
    this.#stopped = stopped;
  }

  get url(): string {
    return this.#server.url;
  }

  /** Runs statements one by one, each on the catalog that the one before it has left. */
  async run(...statements: readonly string[]): Promise<void> {
    for (const statement of statements) await this.engine.execute(statement);
  }

  rows(sql: string, session?: Session): Promise<unknown[][]> {
    return rowsOf(this.engine, sql, session);
  }

  /** The state of a query by a part of its id. */
  async state(part: string): Promise<string | undefined> {
    return (await this.status(part))?.state;
  }

  async status(part: string): Promise<Awaited<ReturnType<Engine['statistics']>>['queries'][number] | undefined> {
    return (await this.engine.statistics()).queries.find(({ id }) => id.includes(part));
  }

  /** The id of the one query whose id holds a text. */
  queryId(part: string): string {
    return this.engine.core.catalog.queries().find(({ id }) => id.includes(part))!.id;
  }

  sources(): string[] {
    return this.engine.core.catalog
      .sources()
      .map(({ name }) => name)
      .filter((name) => name !== 'KSQL_PROCESSING_LOG')
      .sort();
  }

  /** Shards of a query by node; those here under `own`. */
  placement(part: string): { readonly others: number; readonly missing: number } {
    const placement = this.engine.core.parts.placement!(this.queryId(part))!;
    return {
      others: placement.others.reduce((sum, { shards }) => sum + shards.length, 0),
      missing: placement.missing.length,
    };
  }

  async stop(): Promise<void> {
    this.#stopped();
    await this.#server.close();
    await this.engine.close();
  }
}

/** The rows of a query, read to the end of what there is. */
export async function rowsOf(engine: Engine, sql: string, session?: Session): Promise<unknown[][]> {
  const handle = (await engine.query(sql, session, { bounded: true })) as QueryHandle;
  const rows: unknown[][] = [];
  for await (const batch of handle.batches) rows.push(...batch.map((row) => [...row.values]));
  return rows;
}

/** Lets all nodes finish what is in their inputs, until none has anything left to do. */
export async function drained(...nodes: readonly ServiceNode[]): Promise<void> {
  // What one has finished may be input of another.
  for (let round = 0; round < 2; round++) await Promise.all(nodes.map(({ engine }) => engine.drain()));
}
