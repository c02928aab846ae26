import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const START_MS = 120_000;
const POLL_MS = 100;

/** One node of the service: a process of `millrace server` with a folder of its own, on a free port of this machine. */
export class NodeProcess {
  name;
  /** Where it answers HTTP; another one after each start. */
  url = null;
  #command;
  #log;
  #process = null;

  /**
   * @param {object} options
   *   `name` of the node, `cli` the path of the command line, `bootstrapServers` and `serviceId` of the service, `folder` for state and logs
   */
  constructor({ name, cli, bootstrapServers, serviceId, folder }) {
    this.name = name;
    this.#log = join(folder, `${name}.log`);
    this.#command = [
      ...[cli, 'server', '--bootstrap-servers', bootstrapServers, '--set', `ksql.service.id=${serviceId}`],
      ...['--data', join(folder, name), '--listen', '127.0.0.1:0'],
    ];
  }

  get isRunning() {
    return this.#process !== null;
  }

  /** Answers once the node takes requests. */
  async start() {
    const before = this.#lines().length;
    const log = openSync(this.#log, 'a');
    const child = spawn(process.execPath, this.#command, { stdio: ['ignore', log, log] });
    closeSync(log);
    this.#process = child;
    child.once('exit', () => {
      if (this.#process === child) this.#process = null;
    });
    await once(child, 'spawn');
    const deadline = performance.now() + START_MS;
    for (;;) {
      const lines = this.#lines().slice(before);
      const listening = lines.map((line) => /^listening on (\S+)/.exec(line)).find((match) => match !== null);
      if (listening !== undefined) {
        this.url = listening[1];
        return;
      }
      const late = performance.now() > deadline;
      if (this.#process !== child || late) {
        const what = late ? `did not start within ${START_MS / 1000} s` : 'ended while it started';
        throw new Error(`node ${this.name} ${what}:\n${lines.join('\n').trim()}`);
      }
      await sleep(POLL_MS);
    }
  }

  /** Ends the process; answers when it is gone. One that is not running stays so. */
  async end(signal) {
    const child = this.#process;
    if (child === null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  /** At once, without waiting: for the end of this process. */
  kill() {
    this.#process?.kill('SIGKILL');
  }

  /** What the server answers to statements other than queries. */
  async execute(sql) {
    const text = await this.#post('/ksql', { ksql: sql });
    return JSON.parse(text);
  }

  /** The rows of a query, each an array of its columns. */
  async query(sql) {
    const [, ...rows] = (await this.#post('/query-stream', { sql })).trimEnd().split('\n');
    return rows.map((row) => {
      const value = JSON.parse(row);
      if (!Array.isArray(value)) throw new Error(`node ${this.name} answers ${row}`);
      return value;
    });
  }

  async #post(path, body) {
    const response = await fetch(new URL(path, this.url), { method: 'POST', body: JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`node ${this.name} answers ${response.status}: ${messageOf(text)}`);
    return text;
  }

  #lines() {
    try {
      return readFileSync(this.#log, 'utf8').split('\n');
    } catch {
      return [];
    }
  }
}

function messageOf(text) {
  try {
    return JSON.parse(text).message ?? text;
  } catch {
    return text;
  }
}
