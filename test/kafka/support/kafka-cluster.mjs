/**
 * Real brokers for tests: processes of this machine, in temporary folders, on free ports of 127.0.0.1. They are gone when the process
 * that started them is, however it ends.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { kafkaClassPath, testedKafkaVersion } from './kafka-jars.mjs';
import { askBrokers } from './probe.mjs';

const START_MS = 120_000;
const STOP_MS = 20_000;
const POLL_MS = 50;
/** Under which name the brokers advertise the listeners that a test asks for besides the plain one. */
const LISTENER_HOST = 'localhost';
/** A process that soon ends again is not worth optimising for: half the time to start. */
const QUICK_JVM = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];
/** Below the ports that the system gives to outgoing connections, so that a broker finds its port free when it starts again. */
const PORTS = { from: 20_000, to: 32_000 };

/**
 * Kills the processes that it has been told of and removes the folder, once nobody holds the other end of its input any more. A broker that
 * outlives a killed test run would keep its memory and its port for ever.
 */
const GUARD = `
pids=
while read -r word pid; do
  case $word in
    add) pids="$pids $pid" ;;
    drop) kept=; for p in $pids; do [ "$p" = "$pid" ] || kept="$kept $p"; done; pids=$kept ;;
  esac
done
[ -z "$pids" ] || kill -9 $pids 2>/dev/null
for i in 1 2 3 4 5 6 7 8 9 10; do
  rm -rf "$1" 2>/dev/null && break
  sleep 0.2
done`;

/**
 * Starts a cluster and answers once every broker of it knows of all of them and takes requests.
 *
 * @param {object} options
 *   `version` of Kafka, `brokers` 1 (default) or 3, `settings` of every broker (Kafka's names; they go before the ones here),
 *   `listeners` besides the plain one: security protocols by name, `heapMb` of each broker, `jvm` flags (by default those for processes that
 *   live shortly)
 */
export async function startKafka({
  version = testedKafkaVersion(),
  brokers = 1,
  settings = {},
  listeners = {},
  heapMb = brokers === 1 ? 512 : 384,
  jvm = QUICK_JVM,
} = {}) {
  const classPath = kafkaClassPath(version);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-kafka-'));
  const names = Object.keys(listeners);
  const ports = await freePorts(brokers * (2 + names.length));
  const nodes = Array.from({ length: brokers }, (_, i) => ({
    id: i + 1,
    port: ports[i],
    controllerPort: ports[brokers + i],
    listeners: names.map((name, n) => ({ name, protocol: listeners[name], port: ports[brokers * (2 + n) + i] })),
  }));
  const guard = spawn('sh', ['-c', GUARD, 'guard', folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  guard.unref();
  guard.stdin.unref?.();
  guard.stdin.on('error', () => {});
  const clusterId = randomClusterId();
  const running = nodes.map((node) => {
    const properties = brokerProperties({ version, node, nodes, folder, settings });
    return new Broker({ node, folder, classPath, properties, clusterId, heapMb, jvm, guard });
  });
  const cluster = new KafkaCluster({ version, brokers: running, guard });
  try {
    await Promise.all(running.map((broker) => broker.format()));
    await Promise.all(running.map((broker) => broker.start(brokers)));
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}

/** What {@link startKafka} answers. Brokers are numbered from 1. */
class KafkaCluster {
  version;
  /** `127.0.0.1:port,...` of all brokers, running or not. */
  bootstrapServers;
  #brokers;
  #guard;

  constructor({ version, brokers, guard }) {
    this.version = version;
    this.bootstrapServers = brokers.map((broker) => `127.0.0.1:${broker.port}`).join(',');
    this.#brokers = brokers;
    this.#guard = guard;
  }

  /** `localhost:port,...` of a listener that was asked for by this name. */
  bootstrapServersOf(listener) {
    return this.#brokers.map((broker) => `${LISTENER_HOST}:${broker.portOf(listener)}`).join(',');
  }

  /** SIGKILL; answers when the process is gone. */
  kill(n = 1) {
    return this.#broker(n).end('SIGKILL');
  }

  /** SIGTERM, so that the broker hands over its partitions and leaves; answers when the process is gone. */
  stop(n = 1) {
    return this.#broker(n).end('SIGTERM');
  }

  /** Starts a broker that was stopped or killed, with its data and its port; answers when it takes requests. */
  start(n = 1) {
    return this.#broker(n).start(1);
  }

  /** SIGSTOP: the broker keeps its connections and answers nothing. */
  pause(n = 1) {
    this.#broker(n).signal('SIGSTOP');
  }

  resume(n = 1) {
    this.#broker(n).signal('SIGCONT');
  }

  /** Process id of a running broker. */
  pid(n = 1) {
    return this.#broker(n).pid;
  }

  /** What a broker has logged since it was first started. */
  log(n = 1) {
    return this.#broker(n).log();
  }

  /** Ends all brokers at once and removes their data. */
  async close() {
    await Promise.all(this.#brokers.map((broker) => broker.end('SIGKILL')));
    if (this.#guard.exitCode !== null || this.#guard.signalCode !== null) return;
    this.#guard.ref();
    const gone = once(this.#guard, 'exit');
    this.#guard.stdin.end();
    await gone;
  }

  #broker(n) {
    const broker = this.#brokers[n - 1];
    if (broker === undefined)
      throw new Error(`there is no broker ${n}: they are numbered from 1 to ${this.#brokers.length}`);
    return broker;
  }
}

class Broker {
  port;
  #id;
  #listeners;
  #folder;
  #classPath;
  #clusterId;
  #heapMb;
  #jvm;
  #guard;
  #process = null;

  constructor({ node, folder, classPath, properties, clusterId, heapMb, jvm, guard }) {
    this.port = node.port;
    this.#id = node.id;
    this.#listeners = node.listeners;
    this.#folder = join(folder, String(node.id));
    this.#classPath = classPath;
    this.#clusterId = clusterId;
    this.#heapMb = heapMb;
    this.#jvm = jvm;
    this.#guard = guard;
    mkdirSync(this.#folder);
    writeFileSync(this.#configFile, properties);
  }

  get pid() {
    return this.#running('has no process id').pid;
  }

  portOf(listener) {
    const found = this.#listeners.find(({ name }) => name === listener);
    if (found === undefined) throw new Error(`there is no listener ${listener}`);
    return found.port;
  }

  /** Writes what a folder of data must hold before the first start. */
  async format() {
    const child = spawn(
      'java',
      [
        ...['-Xmx128m', ...QUICK_JVM, '-cp', this.#classPath],
        ...['kafka.tools.StorageTool', 'format', '-t', this.#clusterId, '-c', this.#configFile],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`the folder of broker ${this.#id} could not be formatted:\n${output}`);
  }

  /** @param {number} brokersMin how many brokers it must know of before this answers */
  async start(brokersMin) {
    if (this.#process !== null) throw new Error(`broker ${this.#id} is running already`);
    const log = openSync(this.#logFile, 'a');
    const child = spawn(
      'java',
      [
        ...[...this.#jvm, `-Xmx${this.#heapMb}m`, `-Xms${Math.min(this.#heapMb, 256)}m`, '-cp', this.#classPath],
        ...['-Dorg.slf4j.simpleLogger.showDateTime=true', '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS'],
        ...['kafka.Kafka', this.#configFile],
      ],
      { stdio: ['ignore', log, log], cwd: this.#folder, detached: true },
    );
    closeSync(log);
    child.unref();
    this.#process = child;
    this.#guard.stdin.write(`add ${child.pid}\n`);
    child.once('exit', () => {
      this.#guard.stdin.write(`drop ${child.pid}\n`);
      if (this.#process === child) this.#process = null;
    });
    await once(child, 'spawn');
    await this.#untilReady(child, brokersMin);
  }

  signal(name) {
    process.kill(this.#running(`cannot be sent ${name}`).pid, name);
  }

  /** Nothing happens to one that is not running. */
  async end(signal) {
    const child = this.#process;
    if (child === null) return;
    child.ref();
    const gone = once(child, 'exit');
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await gone;
    clearTimeout(timer);
  }

  log() {
    return readFileSync(this.#logFile, 'utf8');
  }

  get #configFile() {
    return join(this.#folder, 'server.properties');
  }

  get #logFile() {
    return join(this.#folder, 'broker.log');
  }

  #running(what) {
    if (this.#process === null) throw new Error(`broker ${this.#id} is not running, so it ${what}`);
    return this.#process;
  }

  async #untilReady(child, brokersMin) {
    const deadline = performance.now() + START_MS;
    for (;;) {
      if (this.#process !== child) throw new Error(`broker ${this.#id} ended while it started:\n${this.#lastLines()}`);
      const known = await askBrokers('127.0.0.1', this.port, 1000);
      if (known !== null && known.length >= brokersMin && known.includes(this.#id)) return;
      if (performance.now() > deadline) {
        throw new Error(`broker ${this.#id} did not start within ${START_MS / 1000} s:\n${this.#lastLines()}`);
      }
      await sleep(POLL_MS);
    }
  }

  #lastLines() {
    return this.log().split('\n').slice(-30).join('\n');
  }
}

function brokerProperties({ version, node, nodes, folder, settings }) {
  const replicas = nodes.length;
  const isr = replicas > 1 ? 2 : 1;
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': node.id,
    'controller.quorum.voters': nodes.map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}`).join(','),
    listeners: [
      `PLAINTEXT://127.0.0.1:${node.port}`,
      `CONTROLLER://127.0.0.1:${node.controllerPort}`,
      ...node.listeners.map(({ name, port }) => `${name}://127.0.0.1:${port}`),
    ].join(','),
    'advertised.listeners': [
      `PLAINTEXT://127.0.0.1:${node.port}`,
      ...node.listeners.map(({ name, port }) => `${name}://${LISTENER_HOST}:${port}`),
    ].join(','),
    'listener.security.protocol.map': [
      'PLAINTEXT:PLAINTEXT',
      'CONTROLLER:PLAINTEXT',
      ...node.listeners.map(({ name, protocol }) => `${name}:${protocol}`),
    ].join(','),
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': join(folder, String(node.id), 'data'),
    'default.replication.factor': replicas,
    'min.insync.replicas': isr,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': isr,
    'transaction.state.log.num.partitions': 4,
    ...(version.startsWith('3.')
      ? {}
      : {
          'share.coordinator.state.topic.replication.factor': replicas,
          'share.coordinator.state.topic.min.isr': isr,
        }),
    'group.initial.rebalance.delay.ms': 0,
    'auto.create.topics.enable': false,
    // Retention goes by the time of the records, which in tests lies years back.
    'log.retention.ms': -1,
    // The engine's topics have retentions of their own.
    'log.retention.check.interval.ms': 86_400_000,
    'broker.session.timeout.ms': 4000,
    'broker.heartbeat.interval.ms': 500,
    'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
    ...settings,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${escapeProperty(String(value))}\n`)
    .join('');
}

/** Java reads a file of properties as Latin-1, and takes a backslash for the beginning of an escape. */
function escapeProperty(value) {
  return value.replace(/[^\x20-\x5b\x5d-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function randomClusterId() {
  for (;;) {
    const id = randomBytes(16).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}

async function freePorts(count) {
  const held = [];
  while (held.length < count) {
    const server = createServer();
    const port = PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from));
    const isFree = await new Promise((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (isFree) held.push({ server, port });
  }
  await Promise.all(held.map(({ server }) => new Promise((resolve) => server.close(resolve))));
  return held.map(({ port }) => port);
}
