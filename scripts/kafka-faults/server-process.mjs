import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const KEPT_LINES = 400;
const CLOSE_MS = 30_000;

/** One process of the server. What it says goes to a file, which outlives it, and its last lines are kept. */
export class ServerProcess {
  /** Resolves with `{ code, signal }` when the process is gone. */
  exited;
  url;
  startedMs = performance.now();
  #child;
  #lines = [];
  #isGone = false;

  /**
   * @param {object} options
   *   `cli` the command line's file, `port`, `data` folder, `bootstrapServers`, `settings` by name, `failpoints` as in MILLRACE_FAILPOINTS,
   *   `log` the file that what it says is added to
   */
  constructor({ cli, port, data, bootstrapServers, settings, failpoints = '', log }) {
    this.url = `http://127.0.0.1:${port}`;
    mkdirSync(dirname(log), { recursive: true });
    const args = [
      cli,
      'server',
      '--bootstrap-servers',
      bootstrapServers,
      '--data',
      data,
      '--listen',
      `127.0.0.1:${port}`,
    ];
    for (const [name, value] of Object.entries(settings)) args.push('--set', `${name}=${value}`);
    this.#child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, MILLRACE_FAILPOINTS: failpoints },
    });
    const exit = once(this.#child, 'exit');
    this.exited = exit.then(([code, signal]) => {
      this.#isGone = true;
      live.delete(this);
      return { code, signal };
    });
    live.add(this);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      let rest = '';
      stream.setEncoding('utf8').on('data', (text) => {
        appendFileSync(log, text);
        const lines = (rest + text).split('\n');
        rest = lines.pop();
        this.#lines.push(...lines);
        if (this.#lines.length > KEPT_LINES) this.#lines.splice(0, this.#lines.length - KEPT_LINES);
      });
    }
  }

  get pid() {
    return this.#child.pid;
  }

  get isGone() {
    return this.#isGone;
  }

  /** What it has said, the last lines only. */
  get lines() {
    return this.#lines;
  }

  signal(name) {
    if (!this.#isGone) this.#child.kill(name);
  }

  /** SIGKILL; resolves when it is gone. */
  async kill() {
    this.signal('SIGKILL');
    await this.exited;
  }

  /** SIGTERM; answers how it ended, with SIGKILL after half a minute. */
  async stop() {
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), CLOSE_MS);
    const { code, signal } = await this.exited;
    clearTimeout(timer);
    return code === 0 ? null : `the server did not end by itself: ${signal ?? `exit code ${code}`}`;
  }

  /** Resolves once it answers. @throws Error with its last words when it does not */
  async ready(timeoutMs) {
    for (const deadline = performance.now() + timeoutMs; ; ) {
      const health = await this.health();
      if (health?.serverState === 'READY') return;
      if (this.#isGone) throw new Error(`the server has ended:\n${this.#lines.slice(-15).join('\n')}`);
      if (performance.now() > deadline) {
        throw new Error(`the server is not ready after ${timeoutMs} ms:\n${this.#lines.slice(-15).join('\n')}`);
      }
      await sleep(40);
    }
  }

  /** The body of /healthcheck; null while nobody answers. */
  async health() {
    try {
      const answer = await fetch(`${this.url}/healthcheck`, { signal: AbortSignal.timeout(3_000) });
      return await answer.json();
    } catch {
      return null;
    }
  }

  /** @throws Error with the server's answer when a statement fails */
  async execute(ksql) {
    const answer = await this.#post('/ksql', { ksql, streamsProperties: { 'auto.offset.reset': 'earliest' } });
    const body = JSON.parse(answer);
    if (!Array.isArray(body)) throw new Error(answer);
    return body;
  }

  /** The rows of a pull query. @throws Error with the server's answer when it fails */
  async rows(sql) {
    const [header, ...lines] = (await this.#post('/query-stream', { sql })).split('\n');
    if (JSON.parse(header).queryId === undefined) throw new Error(header);
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
  }

  async #post(path, body) {
    const answer = await fetch(this.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(60_000),
    });
    return answer.text();
  }
}

const live = new Set();
process.on('exit', () => {
  for (const server of live) server.signal('SIGKILL');
});
