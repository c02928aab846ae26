import { REGISTRY_SETTINGS, REGISTRY_SETTINGS_PREFIX } from '../formats/schema-registry/registry-settings.js';
import { StatementError } from '../model/errors.js';
import { nearest } from '../planner/analysis/scope.js';

export type SettingKind = 'string' | 'int' | 'long' | 'boolean';

/** One setting: what it is for is said here and nowhere else. */
export interface SettingDefinition {
  /** ksqlDB's full name. */
  readonly name: string;
  readonly kind: SettingKind;
  readonly default: string | null;
  /** Whether SET and a request's properties may override it; others belong to the server's configuration. */
  readonly level: 'QUERY' | 'SERVER';
  readonly text: string;
  /** Never shown. */
  readonly secret: boolean;
}

function define(
  level: SettingDefinition['level'],
  kind: SettingKind,
  name: string,
  fallback: string | null,
  text: string,
  secret = false,
): SettingDefinition {
  return { name, kind, default: fallback, level, text, secret };
}

/** Every setting, in the order that LIST PROPERTIES shows. */
export const SETTINGS: readonly SettingDefinition[] = [
  define(
    'QUERY',
    'string',
    'ksql.streams.auto.offset.reset',
    null,
    'Where a query starts on topics it has no position for: earliest or latest. Unset: persistent queries at the earliest record, push queries at the latest.',
  ),
  define(
    'QUERY',
    'long',
    'ksql.streams.cache.max.bytes.buffering',
    '10485760',
    'Bytes of table updates held back between commits; each key goes on once a commit. 0 emits every update.',
  ),
  define(
    'SERVER',
    'long',
    'ksql.streams.commit.interval.ms',
    '100',
    'How often outputs, state and positions are committed together.',
  ),
  define('SERVER', 'string', 'ksql.service.id', 'default_', 'Names the installation: part of internal topic names.'),
  define('QUERY', 'string', 'ksql.output.topic.name.prefix', '', 'Prefix of the topics that CREATE ... AS makes.'),
  define('QUERY', 'string', 'ksql.persistence.default.format.key', 'KAFKA', 'Key format where a statement names none.'),
  define(
    'QUERY',
    'string',
    'ksql.persistence.default.format.value',
    null,
    'Value format where a statement names none.',
  ),
  define(
    'QUERY',
    'boolean',
    'ksql.persistence.wrap.single.values',
    null,
    'Whether a single value column is written as a record. Unset: as the format usually does.',
  ),
  define(
    'QUERY',
    'boolean',
    'ksql.query.pull.table.scan.enabled',
    'true',
    'Whether pull queries may scan a table when WHERE does not fix the key.',
  ),
  define(
    'QUERY',
    'boolean',
    'ksql.query.pull.range.scan.enabled',
    'true',
    'Whether pull queries may read a range of keys.',
  ),
  define('QUERY', 'boolean', 'ksql.query.pull.stream.enabled', 'true', 'Whether pull queries may read streams.'),
  define(
    'QUERY',
    'boolean',
    'ksql.query.push.v2.enabled',
    'false',
    "Whether push queries that follow one query's results from the latest record are as ksqlDB's scalable push queries: with their ids, and without records whose key is null.",
  ),
  define(
    'QUERY',
    'boolean',
    'ksql.query.pull.limit.clause.enabled',
    'true',
    'Whether pull queries may have a LIMIT clause.',
  ),
  define('SERVER', 'boolean', 'ksql.pull.queries.enable', 'true', 'Whether pull queries run at all.'),
  define('SERVER', 'int', 'ksql.max.push.queries', '100', 'Push queries that may run at a time.'),
  define(
    'SERVER',
    'int',
    'ksql.query.persistent.active.limit',
    '2147483647',
    'Persistent queries that may run at a time.',
  ),
  define(
    'SERVER',
    'boolean',
    'ksql.insert.into.values.enabled',
    'true',
    'Whether INSERT INTO ... VALUES and /inserts-stream are accepted.',
  ),
  define('QUERY', 'boolean', 'ksql.variable.substitution.enable', 'true', 'Whether ${name} is replaced in statements.'),
  define('SERVER', 'boolean', 'ksql.create.or.replace.enabled', 'true', 'Whether CREATE OR REPLACE is accepted.'),
  define(
    'SERVER',
    'boolean',
    'ksql.source.table.materialization.enabled',
    'true',
    'Whether CREATE SOURCE TABLE is accepted.',
  ),
  define(
    'QUERY',
    'boolean',
    'ksql.nested.error.set.null',
    'true',
    'Whether a failing part of an expression becomes NULL instead of the whole expression.',
  ),
  define(
    'QUERY',
    'boolean',
    'ksql.cast.strings.preserve.nulls',
    'true',
    "Whether CAST(NULL AS STRING) is NULL; false makes it the text 'null'.",
  ),
  define(
    'QUERY',
    'boolean',
    'ksql.timestamp.throw.on.invalid',
    'false',
    'Whether a record whose timestamp column cannot be read stops the query.',
  ),
  define(
    'QUERY',
    'boolean',
    'ksql.fail.on.deserialization.error',
    'false',
    'Whether a record that cannot be read stops the query.',
  ),
  define(
    'QUERY',
    'long',
    'ksql.functions.collect_list.limit',
    null,
    'Most elements that COLLECT_LIST keeps. Unset or negative: all.',
  ),
  define(
    'QUERY',
    'long',
    'ksql.functions.collect_set.limit',
    null,
    'Most elements that COLLECT_SET keeps. Unset or negative: all.',
  ),
  define(
    'QUERY',
    'int',
    'ksql.assert.topic.default.timeout.ms',
    '1000',
    'How long ASSERT TOPIC waits where it says nothing.',
  ),
  define(
    'QUERY',
    'int',
    'ksql.assert.schema.default.timeout.ms',
    '1000',
    'How long ASSERT SCHEMA waits where it says nothing.',
  ),
  define(
    'SERVER',
    'string',
    'ksql.streams.bootstrap.servers',
    null,
    'Brokers of the Kafka cluster that holds topics, state and catalog, as host:port with commas. Unset: the embedded log.',
  ),
  define(
    'SERVER',
    'string',
    'ksql.streams.processing.guarantee',
    'exactly_once_v2',
    'On Kafka: exactly_once_v2, or at_least_once, where a crash may repeat output records but never state.',
  ),
  define(
    'SERVER',
    'int',
    'ksql.streams.num.stream.threads',
    null,
    'On Kafka: threads that run shards. Unset: one less than the machine has cores. The embedded log has exactly one.',
  ),
  define(
    'SERVER',
    'string',
    'ksql.streams.state.dir',
    null,
    'On Kafka: the folder of the state of this node, where --data names none. Unset: millrace-state in the working folder.',
  ),
  define(
    'SERVER',
    'int',
    'ksql.streams.session.timeout.ms',
    '6000',
    'On Kafka: how long a node may be silent before its shards go to others.',
  ),
  define(
    'SERVER',
    'int',
    'ksql.streams.transaction.timeout.ms',
    '10000',
    'On Kafka: how long the transaction of a node that is gone may keep readers waiting.',
  ),
  define(
    'SERVER',
    'string',
    'ksql.streams.compression.type',
    'none',
    'On Kafka: how the results of queries are compressed: none, gzip, snappy, lz4, or zstd on a Node that has it.',
  ),
  define(
    'SERVER',
    'string',
    'ksql.advertised.listener',
    null,
    'URL under which other nodes reach this one. Unset: the first address that it listens on.',
  ),
  define(
    'SERVER',
    'int',
    'ksql.internal.topic.replicas',
    '1',
    "On Kafka: replicas of the command topic and of the processing log. Those of other internal topics follow the query's sources.",
  ),
  define(
    'SERVER',
    'int',
    'millrace.shards.max',
    '4',
    'On Kafka: shards that a new query is cut into at most; it has no more than its topics have partitions. Each commits by itself.',
  ),
  define(
    'SERVER',
    'string',
    'ksql.streams.security.protocol',
    'PLAINTEXT',
    'How the brokers are spoken to: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.',
  ),
  define('SERVER', 'string', 'ksql.streams.sasl.mechanism', 'PLAIN', 'PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.'),
  define(
    'SERVER',
    'string',
    'ksql.streams.sasl.jaas.config',
    null,
    "User and password for the brokers, in Kafka's words: ... required username='u' password='p';",
    true,
  ),
  define(
    'SERVER',
    'string',
    'ksql.streams.ssl.truststore.location',
    null,
    'PEM file of the certificates that brokers are trusted by. Unset: those that Node trusts.',
  ),
  define(
    'SERVER',
    'string',
    'ksql.streams.ssl.keystore.location',
    null,
    'PEM file of the certificate and key shown to brokers.',
  ),
  define(
    'SERVER',
    'string',
    'ksql.streams.ssl.key.password',
    null,
    'Password of the key in ssl.keystore.location.',
    true,
  ),
  define(
    'SERVER',
    'string',
    'ksql.extension.dir',
    null,
    'Folder of modules in JavaScript or TypeScript that define functions; see docs/user-functions.md.',
  ),
  define('SERVER', 'boolean', 'ksql.udfs.enabled', 'true', 'Whether the functions in ksql.extension.dir are loaded.'),
  define('SERVER', 'string', 'millrace.dialect', 'millrace', 'millrace, or ksqldb to refuse what ksqlDB refuses.'),
  ...REGISTRY_SETTINGS.map(
    ({ name, kind, default: fallback, text, secret }): SettingDefinition => ({
      name: `${REGISTRY_SETTINGS_PREFIX}${name}`,
      kind,
      default: fallback,
      level: 'SERVER',
      text,
      secret,
    }),
  ),
];

const BY_NAME = new Map(SETTINGS.map((s) => [s.name, s]));

/** Settings of ksqlDB that have no meaning here: accepted, so that its clients and scripts work, and without effect. */
export const IGNORED_SETTINGS: readonly string[] = [
  'ksql.new.query.planner.enabled',
  'ksql.lambdas.enabled',
  'ksql.headers.columns.enabled',
  'ksql.suppress.enabled',
  'ksql.rowpartition.rowoffset.enabled',
  'ksql.query.pull.interpreter.enabled',
  'ksql.query.pull.max.allowed.offset.lag',
  'ksql.query.retry.backoff.max.ms',
  'ksql.endpoint.migrate.query',
  'ksql.streams.max.task.idle.ms',
  'ksql.streams.task.timeout.ms',
  'ksql.streams.buffered.records.per.partition',
  'ksql.streams.num.standby.replicas',
  'ksql.udf.collect.metrics',
];

const IGNORED: ReadonlySet<string> = new Set(IGNORED_SETTINGS);

/** Prefixes under which Kafka's names may be written. */
const PREFIXES = ['ksql.streams.', 'ksql.streams.consumer.', 'ksql.streams.producer.', 'ksql.'];

export function settingNamed(name: string): SettingDefinition | null {
  const full = fullName(name);
  return full === null ? null : (BY_NAME.get(full) ?? null);
}

/** The full name of a setting however its prefix was written; null when unknown. */
export function fullName(name: string): string | null {
  const candidates = [name, ...PREFIXES.map((prefix) => prefix + name)];
  for (const prefix of PREFIXES)
    if (name.startsWith(prefix)) candidates.push(`ksql.streams.${name.slice(prefix.length)}`);
  return candidates.find((c) => BY_NAME.has(c) || IGNORED.has(c) || c.startsWith('ksql.streams.__')) ?? null;
}

/** Scripts for ksqlDB set it for a session, so that is accepted; all queries commit together, at the server's interval. */
const COMMIT_INTERVAL = 'ksql.streams.commit.interval.ms';

/** @throws StatementError when there is no such property, or SET may not change it */
export function checkSettable(name: string): string {
  const full = fullName(name);
  if (full === null) {
    const near = nearest(
      name,
      SETTINGS.map((s) => s.name),
    );
    throw new StatementError(`Unknown property: ${name}`, {
      code: 'unknown-property',
      problem: 'engine',
      hint: near === null ? 'LIST PROPERTIES shows all properties.' : `Did you mean ${near}?`,
    });
  }
  if (BY_NAME.get(full)?.level === 'SERVER' && full !== COMMIT_INTERVAL) {
    throw new StatementError(`Cannot override property '${name}'`, {
      code: 'prohibited-property',
      problem: 'engine',
      hint: "It belongs to the server's configuration.",
    });
  }
  return full;
}

/** The value as text if it is of the setting's kind. @throws StatementError */
export function checkValue(name: string, value: unknown): string {
  const text = String(value);
  const definition = settingNamed(name);
  if (definition === null) return text;
  const fits =
    definition.kind === 'string' ||
    (definition.kind === 'boolean' ? /^(true|false)$/i.test(text.trim()) : /^[+-]?\d+$/.test(text.trim()));
  const reset = definition.name === 'ksql.streams.auto.offset.reset';
  if (!fits || (reset && !/^(earliest|latest|none)$/i.test(text))) {
    throw new StatementError(
      `Invalid value ${text} for configuration ${name}: ${reset ? 'String must be one of: latest, earliest, none' : definition.kind === 'boolean' ? 'Expected value to be either true or false' : `Not a number of type ${definition.kind.toUpperCase()}`}`,
      { code: 'invalid-property', problem: 'engine' },
    );
  }
  return reset ? text.toLowerCase() : text;
}

/** Settings in force: defaults below the server's configuration below a session's overrides. */
export class Settings {
  readonly #server = new Map<string, string>();

  /** @throws StatementError for a wrong value; names nobody knows are left alone, they may be for the client or the broker */
  constructor(server: Readonly<Record<string, string>> = {}) {
    for (const [name, value] of Object.entries(server)) {
      const full = fullName(name);
      if (full !== null) this.#server.set(full, checkValue(full, value));
    }
  }

  /** The effective value; null when unset. */
  get(name: string, overrides?: ReadonlyMap<string, string>): string | null {
    const full = fullName(name) ?? name;
    return overrides?.get(full) ?? this.#server.get(full) ?? BY_NAME.get(full)?.default ?? null;
  }

  number(name: string, overrides?: ReadonlyMap<string, string>): number {
    return Number(this.get(name, overrides));
  }

  flag(name: string, overrides?: ReadonlyMap<string, string>): boolean {
    return this.get(name, overrides)?.toLowerCase() === 'true';
  }

  /** Names that the server's configuration sets. */
  get configured(): ReadonlySet<string> {
    return new Set(this.#server.keys());
  }
}
