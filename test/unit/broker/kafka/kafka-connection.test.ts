import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { kafkaError } from '../../../../src/broker/kafka/kafka-error-codes.js';
import { brokerError } from '../../../../src/broker/kafka/kafka-errors.js';
import { formatAddress, type KafkaOptions, parseAddress } from '../../../../src/broker/kafka/kafka-options.js';
import { type Kafka, openKafka } from '../../../../src/broker/kafka/open-kafka.js';
import { FakeBroker, KEYS } from './fake-broker.js';
import { errorOf, until } from './fake-support.js';

let broker: FakeBroker;
let kafka: Kafka | null = null;
let logged: string[] = [];

function open(more: Partial<KafkaOptions> = {}): Kafka {
  kafka = openKafka(
    {
      bootstrapServers: [broker.address],
      clientId: 'test',
      log: (level, message) => logged.push(`${level}: ${message}`),
      connectTimeoutMs: 5000,
      requestTimeoutMs: 5000,
      ...more,
    },
    () => 4711,
  );
  return kafka;
}

beforeEach(async () => {
  broker = new FakeBroker();
  logged = [];
  await broker.start();
});
afterEach(async () => {
  await kafka?.close();
  kafka = null;
  await broker.stop();
});

describe('addresses', () => {
  test('are hosts or addresses with a port', () => {
    expect(parseAddress('kafka-1.example:9092')).toEqual({ host: 'kafka-1.example', port: 9092 });
    expect(parseAddress(' [::1]:9092 ')).toEqual({ host: '::1', port: 9092 });
    expect(formatAddress({ host: '::1', port: 9092 })).toBe('[::1]:9092');
    for (const text of ['', 'kafka', 'kafka:', ':9092', 'kafka:0', 'kafka:99999', '::1:9092', 'http://kafka:9092']) {
      expect(parseAddress(text)).toBeNull();
    }
    expect(() => open({ bootstrapServers: [] })).toThrow('no address');
    expect(() => open({ bootstrapServers: ['kafka'] })).toThrow(
      expect.objectContaining({ code: 'invalid-bootstrap-servers' }),
    );
  });
});

describe('error codes', () => {
  test('tell what happened to the call', () => {
    const failureOf = (code: number): string => brokerError(code, 'it').failure;
    expect([47, 90, 49].map(failureOf)).toEqual(['fenced', 'fenced', 'fenced']);
    expect([7, 45, 48, 59, -1, 4711].map(failureOf)).toEqual(Array(6).fill('uncertain'));
    expect([10, 29, 31, 3, 53].map(failureOf)).toEqual(Array(5).fill('refused'));
    expect([6, 15, 16, 51].map(failureOf)).toEqual(Array(4).fill('unavailable'));
    expect(kafkaError(4711).name).toBe('ERROR_4711');
    expect(brokerError(10, 'a batch is not appended', 'it is long')).toMatchObject({
      code: 'message-too-large',
      message: 'a batch is not appended: the broker answers MESSAGE_TOO_LARGE: it is long',
      retriable: false,
    });
  });
});

describe('a connection', () => {
  test('is made when it is needed, and told of', async () => {
    const { state, describeCluster } = { state: () => open().state(), describeCluster: () => kafka!.describeCluster() };
    expect(state()).toMatchObject({ kind: 'unreachable', since: 4711, error: { code: 'kafka-not-yet-connected' } });
    expect(broker.connections).toBe(0);
    expect(await describeCluster()).toEqual({
      clusterId: 'cluster',
      brokers: [{ nodeId: 1, host: '127.0.0.1', port: broker.port }],
      controller: 1,
    });
    expect(kafka!.state()).toEqual({ kind: 'connected' });
    expect(logged).toEqual(['info: connected to the Kafka cluster']);
    expect(broker.connections).toBe(1);
    expect(broker.received[0]).toMatchObject({ key: KEYS.apiVersions, version: 0 });
  });

  test('tries every address', async () => {
    const dead = new FakeBroker();
    await dead.start();
    await dead.stop();
    open({ bootstrapServers: [dead.address, broker.address] });
    await kafka!.describeCluster();
    expect(kafka!.state()).toEqual({ kind: 'connected' });
  });

  test('that is lost is made again, and the change is logged once', async () => {
    open();
    await kafka!.describeCluster();
    await broker.stop();
    const waiting = kafka!.describeCluster();
    await until(() => kafka!.state().kind === 'unreachable', 'noticing');
    expect(kafka!.state()).toMatchObject({ since: 4711, error: { failure: 'unavailable', code: 'kafka-unreachable' } });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await broker.start();
    await waiting;
    expect(kafka!.state()).toEqual({ kind: 'connected' });
    expect(logged).toHaveLength(3);
    expect(logged[1]).toMatch(/^warn: the broker at 127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED/);
  });

  test('with credentials that are not accepted is told apart from a broker that is down', async () => {
    broker.on(KEYS.saslHandshake, () => (to) => {
      to.int16(0);
      to.arrayLength(1);
      to.string('PLAIN');
    });
    broker.on(KEYS.saslAuthenticate, () => (to) => {
      to.int16(58);
      to.nullableString('wrong password');
      to.int32(-1);
      to.int64(0);
    });
    open({ sasl: { mechanism: 'plain', username: 'me', password: 'guess' } });
    const error = await errorOf(kafka!.describeCluster());
    expect(error).toMatchObject({ failure: 'refused', code: 'credentials-rejected', ofConnection: true });
    expect(error.message).not.toContain('guess');
    expect(kafka!.state()).toMatchObject({ kind: 'rejected', error: { code: 'credentials-rejected' } });
    expect(logged).toHaveLength(1);
    expect(logged[0]).toMatch(/^error: .*does not accept the credentials/);
  });

  /** Lets everybody in. @returns what is said */
  function acceptCredentials(sessionMs = 0): string[] {
    const said: string[] = [];
    broker.on(KEYS.saslHandshake, () => (to) => {
      to.int16(0);
      to.arrayLength(1);
      to.string('PLAIN');
    });
    broker.on(KEYS.saslAuthenticate, ({ body }) => {
      said.push(body.subarray(4).toString());
      return (to) => {
        to.int16(0);
        to.nullableString(null);
        to.int32(-1);
        to.int64(sessionMs);
      };
    });
    return said;
  }

  test('presents the credentials', async () => {
    const said = acceptCredentials();
    open({ sasl: { mechanism: 'plain', username: 'me', password: 'secret' } });
    await kafka!.describeCluster();
    expect(said).toEqual(['\0me\0secret']);
  });

  test.each([
    ['is used while its session lasts', 9_000, 1],
    ['is made anew before its session ends', 1, 3],
  ])('%s', async (_, sessionMs, connections) => {
    acceptCredentials(sessionMs);
    open({ sasl: { mechanism: 'plain', username: 'me', password: 'secret' } });
    for (let i = 0; i < 3; i++) {
      await kafka!.describeCluster();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(broker.connections).toBe(connections);
  });

  test('that is hung up at its first request is one that cannot be used', async () => {
    broker.on(KEYS.metadata, () => 'hang-up');
    open();
    const describing = kafka!.describeCluster();
    await until(() => logged.length > 0, 'noticing');
    expect(kafka!.state()).toMatchObject({ kind: 'unreachable', error: { code: 'connection-lost' } });
    expect(logged[0]).toMatch(/^warn: .* the broker has closed the connection \(.*security\.protocol\)$/);
    broker.on(KEYS.metadata, new FakeBroker().handlers.get(KEYS.metadata)!);
    await describing.catch(() => {});
  });

  test('to a broker that is too old says so', async () => {
    broker.fetchVersionMax = 11;
    open();
    expect(await errorOf(kafka!.describeCluster())).toMatchObject({ failure: 'refused', code: 'kafka-too-old' });
    expect(kafka!.state().kind).toBe('rejected');
  });

  test('to something that never answers is given up in time', async () => {
    const mute = createServer(() => {});
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    open({ connectTimeoutMs: 300, bootstrapServers: [`127.0.0.1:${(mute.address() as { port: number }).port}`] });
    const describing = kafka!.describeCluster().catch(() => {});
    await until(
      () => 'error' in kafka!.state() && (kafka!.state() as { error: Error }).error.message.includes('no answer'),
      'giving up',
    );
    await kafka!.close();
    await describing;
    mute.close();
  });

  test('by TLS to what does not speak it is refused', async () => {
    const plain = createServer((socket) => socket.end('this is not TLS at all'));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    open({ ssl: {}, bootstrapServers: [`127.0.0.1:${(plain.address() as { port: number }).port}`] });
    expect(await errorOf(kafka!.describeCluster())).toMatchObject({
      failure: 'refused',
      code: 'tls-rejected',
      ofConnection: true,
    });
    plain.close();
  });

  test('survives an answer that is damaged', async () => {
    broker.on(KEYS.metadata, () => (to) => to.int16(3));
    open();
    const describing = kafka!.topics.describe(['t']);
    await until(() => broker.of(KEYS.metadata).length > 1, 'another try');
    broker.on(KEYS.metadata, new FakeBroker().handlers.get(KEYS.metadata)!);
    expect(await describing).toEqual([null]);
  });

  test('closes while somebody waits', async () => {
    broker.on(KEYS.metadata, () => 'silence');
    open({ requestTimeoutMs: 10_000 });
    const describing = errorOf(kafka!.describeCluster());
    await until(() => broker.of(KEYS.metadata).length === 1, 'the request');
    await kafka!.close();
    expect(await describing).toMatchObject({ failure: expect.stringMatching(/unavailable|uncertain/) });
    expect(await errorOf(kafka!.describeCluster())).toMatchObject({ code: 'kafka-closed' });
  });
});
