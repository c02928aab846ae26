import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { kafkaJars } from './support.js';
import { type Query, statements } from './workload.js';

export type Side = 'engine' | 'peer';

const STOP_MS = 15_000;
const PEER = join(process.cwd(), 'bench/peers/kafka-streams');
const DIST = process.env['MILLRACE_DIST'] ?? join(process.cwd(), 'dist');

export interface SideOptions {
  readonly bootstrapServers: string;
  readonly query: Query;
  readonly input: string;
  readonly output: string;
  /** `name=value` for the engine. */
  readonly settings: readonly string[];
}

/** What is left behind when this process ends by itself or by a signal: no side goes on without it. */
const running = new Set<SideProcess>();
process.on('exit', () => {
  for (const side of running) side.abandon();
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

/** A process that runs a query, with a folder of its own. */
export class SideProcess {
  readonly name: Side;
  /** When it was started, by `performance.now()`. */
  readonly startedMs: number;
  readonly #child: ChildProcess;
  readonly #folder: string;
  #text = '';

  private constructor(name: Side, command: string, args: readonly string[], folder: string) {
    this.name = name;
    this.#folder = folder;
    this.startedMs = performance.now();
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this);
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#text = (this.#text + text).slice(-20_000);
      });
    }
  }

  static async start(name: Side, options: SideOptions): Promise<SideProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
    if (name === 'peer') return new SideProcess(name, 'java', peerArguments(options, folder), folder);
    const profile = process.env['MILLRACE_BENCH_PROFILE'];
    const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
    const side = new SideProcess(name, process.execPath, [...flags, ...engineArguments(options, folder)], folder);
    try {
      await side.#execute(options);
    } catch (error) {
      await side.stop();
      throw error;
    }
    return side;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** @throws Error with its last words when the process has ended */
  check(): void {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) {
      throw new Error(`the ${this.name} ended (${exitCode ?? signalCode}):\n${this.#text}`);
    }
  }

  /** What it wrote last. */
  get lastWords(): string {
    return this.#text;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
      await gone;
      clearTimeout(timer);
    }
    running.delete(this);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Kills it without waiting. */
  abandon(): void {
    this.#child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #execute({ query, input, output }: SideOptions): Promise<void> {
    const url = await this.#url();
    for (const ksql of statements(query, input, output)) {
      const answer = await fetch(`${url}/ksql`, {
        method: 'POST',
        body: JSON.stringify({ ksql, streamsProperties: { 'auto.offset.reset': 'earliest' } }),
      });
      if (!answer.ok) throw new Error(`the engine answered ${answer.status} to ${ksql}\n${await answer.text()}`);
      await answer.text();
    }
  }

  async #url(): Promise<string> {
    for (;;) {
      const found = /listening on (http:\/\/[\w.:[\]]+)/.exec(this.#text);
      if (found !== null) return found[1]!;
      this.check();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

function engineArguments({ bootstrapServers, settings }: SideOptions, folder: string): string[] {
  const args = ['server', '--bootstrap-servers', bootstrapServers, '--data', join(folder, 'data')];
  return [join(DIST, 'cli.js'), ...args, '--listen', '127.0.0.1:0', ...settings.flatMap((text) => ['--set', text])];
}

function peerArguments({ bootstrapServers, query, input, output }: SideOptions, folder: string): string[] {
  const jvm = ['-Xmx512m', `-Djava.io.tmpdir=${folder}`, '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];
  const args = [bootstrapServers, input, output, query, `bench-${query}-${output}`];
  return [...jvm, '-cp', join(peerFolder(), '*'), 'millrace.bench.Peer', ...args];
}

/** Where the peer's jars are, or would be: a change of its sources is another folder. */
function peerFolder(): string {
  const hash = createHash('sha256');
  const files = readdirSync(PEER, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const path of files.map((entry) => join(entry.parentPath, entry.name)).sort()) hash.update(readFileSync(path));
  return join(homedir(), '.cache/millrace/peers', `kafka-streams-${hash.digest('hex').slice(0, 12)}`);
}

/** Builds the peer's program if need be. */
export function buildPeer(): void {
  const folder = peerFolder();
  if (existsSync(folder)) return;
  process.stdout.write('building the peer (mvn package)\n');
  kafkaJars.fetchJars(join(PEER, 'pom.xml'), folder, ['package', 'dependency:copy-dependencies']);
}
