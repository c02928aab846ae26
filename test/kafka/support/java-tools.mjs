/**
 * What Kafka's own command-line tools say: referees that share no code with ours. Each call starts a Java process, which takes a second.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { DEFAULT_KAFKA_VERSION, kafkaClassPath } from './kafka-jars.mjs';

/** What stands between things that the console consumer prints: no record of a test holds them. */
const FIELD_END = '|~field~|';
const RECORD_END = '|~record~|';
const HEADER_END = '|~header~|';
const NULL = '|~null~|';

/**
 * The committed records of a topic, as the console consumer reads them at isolation level `read_committed`: by partition, in the order of
 * offsets. Reads until `max` records have come, or none for `timeoutMs`.
 *
 * The time for the first record holds the start of the consumer too, and on a busy machine that is long: where nothing has come from the
 * beginning of a topic it is read once more, with five times the time. The name of a header must not hold a colon.
 */
export async function consumeCommitted(options) {
  const { fromBeginning = true, timeoutMs = 3000 } = options;
  const found = await consume({ ...options, fromBeginning, timeoutMs });
  if (found.length > 0 || !fromBeginning) return found;
  return consume({ ...options, fromBeginning, timeoutMs: 5 * timeoutMs });
}

async function consume({
  bootstrapServers,
  topic,
  fromBeginning,
  partition,
  max,
  timeoutMs,
  version = DEFAULT_KAFKA_VERSION,
}) {
  const properties = {
    'print.timestamp': true,
    'print.partition': true,
    'print.offset': true,
    'print.headers': true,
    'print.key': true,
    'print.value': true,
    'key.separator': FIELD_END,
    'headers.separator': HEADER_END,
    'line.separator': RECORD_END,
    'null.literal': NULL,
  };
  const args = ['--bootstrap-server', bootstrapServers, '--topic', topic, '--isolation-level', 'read_committed'];
  args.push('--timeout-ms', String(timeoutMs));
  if (partition !== undefined) {
    args.push('--partition', String(partition), '--offset', fromBeginning ? 'earliest' : 'latest');
  } else if (fromBeginning) args.push('--from-beginning');
  if (max !== undefined) args.push('--max-messages', String(max));
  for (const [name, value] of Object.entries(properties)) args.push('--property', `${name}=${value}`);
  const output = await runTool('org.apache.kafka.tools.consumer.ConsoleConsumer', args, version);
  return splitBytes(output, RECORD_END)
    .slice(0, -1)
    .map(consumedRecord)
    .sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}

/**
 * What `kafka-consumer-groups --describe` tells of a group: rows of columns by the names in its headings (`PARTITION`, `CURRENT-OFFSET`,
 * `LAG`, ...; for `state` `STATE`, `#MEMBERS`, ...). [] for a group that does not exist.
 */
export async function consumerGroups({ bootstrapServers, group, show = 'offsets', version = DEFAULT_KAFKA_VERSION }) {
  const args = ['--bootstrap-server', bootstrapServers, '--describe', '--group', group, `--${show}`];
  const output = await runTool('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', args, version);
  const lines = output.toString().split('\n');
  const heading = lines.findIndex((line) => line.startsWith('GROUP'));
  if (heading < 0) return [];
  const columns = [...lines[heading].matchAll(/\S+(?: \(ID\))?/g)].map((match) => ({
    name: match[0],
    from: match.index,
  }));
  return lines
    .slice(heading + 1)
    .filter((line) => line.trim() !== '')
    .map((line) =>
      Object.fromEntries(columns.map(({ name, from }, i) => [name, line.slice(from, columns[i + 1]?.from).trim()])),
    );
}

/** Gives a user a password for a mechanism of SCRAM, whether or not there was one before. */
export async function setScramPassword({
  bootstrapServers,
  mechanism,
  user,
  password,
  version = DEFAULT_KAFKA_VERSION,
}) {
  const args = ['--bootstrap-server', bootstrapServers, '--alter', '--entity-type', 'users', '--entity-name', user];
  args.push('--add-config', `${mechanism}=[password=${password}]`);
  await runTool('kafka.admin.ConfigCommand', args, version);
}

/** Runs a main class of Kafka's jars and answers its standard output. @throws Error with what it wrote to standard error */
export async function runTool(mainClass, args, version = DEFAULT_KAFKA_VERSION) {
  const child = spawn(
    'java',
    [
      ...['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'],
      ...['-cp', kafkaClassPath(version), mainClass, ...args],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const output = [];
  let problems = '';
  child.stdout.on('data', (chunk) => output.push(chunk));
  child.stderr.setEncoding('utf8').on('data', (text) => (problems += text));
  const [code] = await once(child, 'close');
  if (code !== 0 && !problems.includes('org.apache.kafka.common.errors.TimeoutException')) {
    throw new Error(`${mainClass} ended with ${code}: ${problems}${Buffer.concat(output)}`);
  }
  return Buffer.concat(output);
}

/** `CreateTime:1700000000000`, `Partition:0`, `Offset:5`, `NO_HEADERS` or `name:value...`, key, value. */
function consumedRecord(bytes) {
  const [time, partition, offset, headers, key, ...value] = splitBytes(bytes, FIELD_END);
  const [timestampType, timestamp] = time.toString().split(':');
  const keyBytes = bytesOrNull(key);
  const valueBytes = bytesOrNull(Buffer.concat(value));
  return {
    partition: Number(partition.toString().slice('Partition:'.length)),
    offset: Number(offset.toString().slice('Offset:'.length)),
    timestamp: Number(timestamp),
    timestampType,
    headers: headers.toString() === 'NO_HEADERS' ? [] : splitBytes(headers, HEADER_END).map(consumedHeader),
    key: keyBytes?.toString() ?? null,
    value: valueBytes?.toString() ?? null,
    keyBytes,
    valueBytes,
  };
}

function consumedHeader(bytes) {
  const colon = bytes.indexOf(':');
  const value = bytesOrNull(bytes.subarray(colon + 1));
  return { name: bytes.toString('utf8', 0, colon), value: value?.toString() ?? null };
}

function bytesOrNull(bytes) {
  return bytes.equals(Buffer.from(NULL)) ? null : bytes;
}

function splitBytes(bytes, separator) {
  const parts = [];
  let from = 0;
  for (let at; (at = bytes.indexOf(separator, from)) >= 0; from = at + separator.length)
    parts.push(bytes.subarray(from, at));
  parts.push(bytes.subarray(from));
  return parts;
}
