import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { BrokerConnection } from '../../src/broker/kafka/broker-connection.js';
import { pause } from './adapter/adapter-kafka.js';
import { type Certificates, certificatesMissing, makeCertificates, STORE_PASSWORD } from './certificates.js';
import { drained, PATIENCE, Service, type ServiceNode } from './service.js';
import { type ScramOptions, setScramPassword } from './support/java-tools.mjs';
import { type KafkaCluster, startKafka } from './support/kafka-cluster.mjs';
import { kafkaMissing } from './support/kafka-jars.mjs';

const USER = 'millrace';
/** Whatever needs care on its way through JAAS, a file of properties, and the messages of a mechanism. */
const SCRAM_PASSWORD = 'scram "quoted", a=b \\ c;';
const PLAIN_PASSWORD = 'plain "gequöted", ä=b \\ €;';
/** No word of an operator's may hold any of these. */
const SECRETS = ['quoted', 'gequöted', 'guessed', STORE_PASSWORD, 'PRIVATE KEY'];

const SCRAM = 'org.apache.kafka.common.security.scram.ScramLoginModule required';
const PLAIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required';
const inQuotes = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

type Settings = Readonly<Record<string, string>>;
type Listener = 'PASSWORDS' | 'SESSIONS' | 'TLS' | 'MUTUAL';

const KEYS = 20;
const ROWS = Array.from({ length: KEYS }, (_, k) => ({ K: `k${k}`, V: k % 4 }));
const WELL = '"isHealthy":true,"details"';
const QUERY = 'CREATE TABLE T AS SELECT V, COUNT(*) AS N FROM S GROUP BY V;';
const allAt = (count: number): unknown[][] => [0, 1, 2, 3].map((v) => [v, count]);

const missing = kafkaMissing() ?? certificatesMissing();

describe.skipIf(missing !== null)('a cluster with TLS and passwords', () => {
  let folder: string;
  let files: Certificates;
  let cluster: KafkaCluster;
  let service: Service;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-security-'));
    files = await makeCertificates(folder);
    cluster = await startKafka({
      heapMb: 384,
      listeners: { PASSWORDS: 'SASL_SSL', SESSIONS: 'SASL_SSL', TLS: 'SSL', MUTUAL: 'SSL' },
      settings: {
        'ssl.keystore.type': 'PKCS12',
        'ssl.keystore.location': files.brokerStore,
        'ssl.keystore.password': STORE_PASSWORD,
        'ssl.key.password': STORE_PASSWORD,
        'ssl.truststore.type': 'PEM',
        'ssl.truststore.location': files.authority,
        'listener.name.passwords.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
        'listener.name.passwords.plain.sasl.jaas.config': `${PLAIN} user_${USER}=${inQuotes(PLAIN_PASSWORD)};`,
        'listener.name.passwords.scram-sha-256.sasl.jaas.config': `${SCRAM};`,
        'listener.name.passwords.scram-sha-512.sasl.jaas.config': `${SCRAM};`,
        // Shorter than any margin of seconds before the end.
        'listener.name.sessions.connections.max.reauth.ms': 2000,
        'listener.name.sessions.sasl.enabled.mechanisms': 'SCRAM-SHA-512',
        'listener.name.sessions.scram-sha-512.sasl.jaas.config': `${SCRAM};`,
        'listener.name.mutual.ssl.client.auth': 'required',
      },
    });
    await Promise.all([setPassword('SCRAM-SHA-256'), setPassword('SCRAM-SHA-512')]);
  });
  afterAll(async () => {
    await cluster?.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    service = new Service(cluster.bootstrapServers);
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await service.close();
  });

  const setPassword = (mechanism: ScramOptions['mechanism'], password = SCRAM_PASSWORD): Promise<void> =>
    setScramPassword({ bootstrapServers: cluster.bootstrapServers, mechanism, user: USER, password });
  const tls = (listener: Listener, more: Settings = {}): Settings => ({
    'bootstrap.servers': cluster.bootstrapServersOf(listener),
    'security.protocol': 'SSL',
    'ssl.truststore.location': files.authority,
    ...more,
  });
  const sasl = (mechanism: string, password: string, listener: Listener = 'PASSWORDS'): Settings =>
    tls(listener, {
      'security.protocol': 'SASL_SSL',
      'sasl.mechanism': mechanism,
      'sasl.jaas.config': `${mechanism === 'PLAIN' ? PLAIN : SCRAM} username=${inQuotes(USER)} password=${inQuotes(password)};`,
    });

  const stream = (): string =>
    `CREATE STREAM S (K STRING KEY, V INT) WITH (KAFKA_TOPIC='${service.topic('s')}', VALUE_FORMAT='JSON', PARTITIONS=2);`;
  const counts = (node: ServiceNode): Promise<unknown[][]> =>
    node.rows('SELECT V, N FROM T;').then((rows) => rows.sort());
  const health = async (node: ServiceNode): Promise<string> => (await fetch(`${node.url}/healthcheck`)).text();
  const kafkaTrouble = async (node: ServiceNode): Promise<string | undefined> =>
    JSON.parse(await health(node)).details.kafka.reason;
  const expectNoSecrets = (...said: readonly string[]): void => {
    for (const secret of SECRETS) expect([...service.logged, ...said].join('\n')).not.toContain(secret);
  };

  const WAYS: readonly [string, () => Settings][] = [
    ['PLAIN', () => sasl('PLAIN', PLAIN_PASSWORD)],
    ['SCRAM-SHA-256', () => sasl('SCRAM-SHA-256', SCRAM_PASSWORD)],
    ['SCRAM-SHA-512', () => sasl('SCRAM-SHA-512', SCRAM_PASSWORD)],
    ['TLS without a password', () => tls('TLS')],
    ['TLS with a key of the client', () => tls('MUTUAL', { 'ssl.keystore.location': files.client })],
    [
      'TLS with a key that has a password',
      () => tls('MUTUAL', { 'ssl.keystore.location': files.clientEncrypted, 'ssl.key.password': STORE_PASSWORD }),
    ],
  ];

  it.each(WAYS)('is used by %s: a query counts exactly once, over a repartition topic', async (_, settings) => {
    const node = await service.start('a', settings());
    await node.run(stream(), QUERY);
    await node.engine.insert('S', ROWS);
    await drained(node);
    expect(await counts(node)).toEqual(allAt(5));
    await expect.poll(() => health(node), PATIENCE).toContain(WELL);
    expectNoSecrets(JSON.stringify(await node.engine.execute('LIST PROPERTIES;')));
  });

  const REFUSALS: readonly [string, () => Settings, RegExp][] = [
    ...['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'].map((mechanism): [string, () => Settings, RegExp] => [
      `a wrong password by ${mechanism}`,
      () => sasl(mechanism, 'guessed'),
      new RegExp(`^the brokers reject the credentials: .* for ${mechanism}: .*check .* the password`),
    ]),
    [
      'a mechanism that the broker does not have',
      () => sasl('PLAIN', PLAIN_PASSWORD, 'SESSIONS'),
      /^the brokers reject the credentials: .* for PLAIN: .*does not support the requested SASL mechanism/,
    ],
    [
      'a certificate of an authority that is not trusted',
      () => ({ 'bootstrap.servers': cluster.bootstrapServersOf('TLS'), 'security.protocol': 'SSL' }),
      /^the brokers cannot be used: no TLS connection to the broker at localhost:\d+: self-signed certificate in certificate chain/,
    ],
    [
      'a certificate for another name',
      () => tls('TLS', { 'bootstrap.servers': cluster.bootstrapServersOf('TLS').replace('localhost', '127.0.0.1') }),
      /^the brokers cannot be used: no TLS connection to the broker at 127\.0\.0\.1:\d+: Hostname\/IP does not match/,
    ],
    [
      'no key where the broker wants one',
      () => tls('MUTUAL'),
      /^the brokers cannot be used: no TLS connection .*: \w+ alert .*certificate.* \(check the certificates/,
    ],
    [
      'no password where the broker wants one',
      () => tls('PASSWORDS'),
      /^the brokers cannot be reached since .* the broker has closed the connection .*security\.protocol/,
    ],
    [
      'no TLS where the broker wants it',
      () => ({ 'bootstrap.servers': cluster.bootstrapServersOf('TLS') }),
      /^the brokers cannot be reached since .*security\.protocol/,
    ],
    [
      'TLS where the broker has none',
      () => tls('TLS', { 'bootstrap.servers': cluster.bootstrapServers.replace('127.0.0.1', 'localhost') }),
      /^the brokers cannot be reached since .* TLS connection .*security\.protocol/,
    ],
  ];

  it.each(REFUSALS)('tells of %s', async (_, settings, reason) => {
    const node = await service.start('a', settings(), true);
    await expect.poll(() => kafkaTrouble(node), PATIENCE).toMatch(reason);
    const [said] = (await kafkaTrouble(node))!.match(/(the (broker|connection) |no TLS connection ).*$/)!;
    expect(service.logged).toContainEqual(expect.stringMatching(/^a (warn|error): /));
    expect(service.logged.some((line) => line.endsWith(said))).toBe(true);
    expectNoSecrets(await health(node));
  });

  it('ends sessions, and a query neither stops nor connects for every request', async () => {
    const node = await service.start('a', sasl('SCRAM-SHA-512', SCRAM_PASSWORD, 'SESSIONS'));
    await node.run(stream(), QUERY);
    await drained(node);
    const opened = vi.spyOn(BrokerConnection, 'open');
    const asked = vi.spyOn(BrokerConnection.prototype, 'request');
    service.logged.length = 0;
    let rounds = 0;
    // Reading, writing, transactions and the group have a connection each at least: all of them have been made anew twice.
    for (; opened.mock.calls.length < 20; rounds++) {
      await node.engine.insert('S', ROWS);
      await pause(100);
    }
    await drained(node);
    expect(await counts(node)).toEqual(allAt(5 * rounds));
    expect(asked.mock.calls.length).toBeGreaterThan(5 * opened.mock.calls.length);
    expect(service.logged).toEqual([]);
  });

  it('takes a password away and gives it back: a query goes on where it was, and a node that was started meanwhile joins', async () => {
    const settings = sasl('SCRAM-SHA-512', SCRAM_PASSWORD, 'SESSIONS');
    const a = await service.start('a', settings);
    await a.run(stream(), QUERY);
    await drained(a);
    let inserted = 0;
    const insert = async (): Promise<void> => {
      await a.engine.insert('S', ROWS);
      inserted++;
    };
    await insert();
    await setPassword('SCRAM-SHA-512', 'guessed');
    await expect.poll(() => insert().catch(({ code }) => code), PATIENCE).toBe('credentials-rejected');
    const b = await service.start('b', settings, true);
    // Until their sessions end some connections are served as before.
    for (const node of [a, b]) {
      await expect
        .poll(() => kafkaTrouble(node), PATIENCE)
        .toMatch(/^the brokers reject the credentials: .* for SCRAM-SHA-512: /);
    }
    expect(service.logged).toContainEqual(expect.stringMatching(/^a error: .* for SCRAM-SHA-512: /));

    await setPassword('SCRAM-SHA-512');
    await b.engine.ready();
    for (const node of [a, b]) {
      await expect.poll(() => health(node), PATIENCE).toContain(WELL);
      await expect.poll(() => node.placement('CTAS_T'), PATIENCE).toEqual({ others: 1, missing: 0 });
    }
    await insert();
    await drained(a, b);
    for (const node of [a, b]) await expect.poll(() => counts(node), PATIENCE).toEqual(allAt(5 * inserted));
    expectNoSecrets();
  });
});
