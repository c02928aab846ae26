import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type ConnectionOptions, createSecureContext } from 'node:tls';
import { COMPRESSION_TYPES, canCompress, compressionCodec } from '../broker/compression.js';
import { SystemError } from '../model/errors.js';
import type { Settings } from './settings.js';

const DEFAULT_FOLDER = 'millrace-state';

/** The folder of a node's state. @param given what the command line says */
export function stateFolder(settings: Settings, given: string | undefined): string {
  return given ?? settings.get('ksql.streams.state.dir') ?? DEFAULT_FOLDER;
}

/** How to reach the brokers: plain data, so that it can be sent to a thread. */
export interface ClusterConnection {
  readonly bootstrapServers: readonly string[];
  readonly clientId: string;
  readonly ssl?: ConnectionOptions;
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
}

const MECHANISMS = { PLAIN: 'plain', 'SCRAM-SHA-256': 'scram-sha-256', 'SCRAM-SHA-512': 'scram-sha-512' } as const;
const PROTOCOLS = {
  PLAINTEXT: { tls: false, sasl: false },
  SSL: { tls: true, sasl: false },
  SASL_PLAINTEXT: { tls: false, sasl: true },
  SASL_SSL: { tls: true, sasl: true },
} as const;

/**
 * What the settings say of the connection to the brokers.
 * @throws SystemError `invalid-setting`
 */
export function clusterConnection(settings: Settings, clientId: string): ClusterConnection {
  const servers = (settings.get('ksql.streams.bootstrap.servers') ?? '')
    .split(',')
    .map((server) => server.trim())
    .filter((server) => server !== '');
  const protocol = choice(settings, 'ksql.streams.security.protocol', PROTOCOLS);
  return {
    bootstrapServers: servers,
    clientId,
    ...(protocol.tls ? { ssl: tlsOptions(settings) } : {}),
    ...(protocol.sasl ? { sasl: saslOptions(settings) } : {}),
  };
}

/** @throws SystemError `invalid-setting` */
export function processingGuarantee(settings: Settings): 'exactly_once_v2' | 'at_least_once' {
  return choice(settings, 'ksql.streams.processing.guarantee', {
    exactly_once_v2: 'exactly_once_v2',
    // Kafka's older names for the same promise.
    exactly_once: 'exactly_once_v2',
    exactly_once_beta: 'exactly_once_v2',
    at_least_once: 'at_least_once',
  } as const);
}

/** The codec of what queries write. @throws SystemError `invalid-setting` */
export function outputCompression(settings: Settings): number {
  const name = 'ksql.streams.compression.type';
  const said = settings.get(name)!;
  const codec = compressionCodec(said.trim().toLowerCase());
  if (codec === null) throw invalid(name, said, `it is one of ${COMPRESSION_TYPES.join(', ')}`);
  if (!canCompress(codec)) throw invalid(name, said, 'this Node cannot write it; 22.15 and later can');
  return codec;
}

/** One thread is left for HTTP and planning. */
export function streamThreads(settings: Settings): number {
  const said = settings.get('ksql.streams.num.stream.threads');
  return said === null ? Math.max(1, availableParallelism() - 1) : Math.max(1, Number(said));
}

function choice<const Choices extends Readonly<Record<string, unknown>>>(
  settings: Settings,
  name: string,
  choices: Choices,
): Choices[keyof Choices] {
  const said = settings.get(name)!;
  const known = Object.keys(choices).find((key) => key.toLowerCase() === said.trim().toLowerCase());
  if (known === undefined) throw invalid(name, said, `it is one of ${Object.keys(choices).join(', ')}`);
  return choices[known] as Choices[keyof Choices];
}

function saslOptions(settings: Settings): NonNullable<ClusterConnection['sasl']> {
  const name = 'ksql.streams.sasl.jaas.config';
  const mechanism = choice(settings, 'ksql.streams.sasl.mechanism', MECHANISMS);
  const config = settings.get(name);
  const options = jaasOptions(config ?? '');
  const username = options.get('username');
  const password = options.get('password');
  if (username === undefined || password === undefined) {
    throw invalid(name, config === null ? 'unset' : 'as given', 'it must name username and password');
  }
  return { mechanism, username, password };
}

/** `name=value` pairs; values may be in quotes of either kind, within which a backslash takes the next character as it is. */
function jaasOptions(config: string): ReadonlyMap<string, string> {
  const pairs = config.matchAll(/(?<![\w.-])([\w.-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s;]+))/gs);
  return new Map(
    [...pairs].map(([, name, double, single, bare]) => [name!, bare ?? (double ?? single)!.replace(/\\(.)/gs, '$1')]),
  );
}

function tlsOptions(settings: Settings): ConnectionOptions {
  const trustName = 'ksql.streams.ssl.truststore.location';
  const trust = settings.get(trustName);
  return { ...(trust === null ? {} : { ca: pem(trustName, trust) }), ...clientKey(settings) };
}

/** The certificate and the key that are shown to brokers. */
function clientKey(settings: Settings): ConnectionOptions {
  const name = 'ksql.streams.ssl.keystore.location';
  const path = settings.get(name);
  if (path === null) return {};
  const passphrase = settings.get('ksql.streams.ssl.key.password');
  const store = pem(name, path);
  const options = { cert: store, key: store, ...(passphrase === null ? {} : { passphrase }) };
  try {
    createSecureContext(options);
  } catch (error) {
    const { reason, message } = error as { reason?: string; message: string };
    throw invalid(
      name,
      path,
      `it must hold a certificate and its key, and ksql.streams.ssl.key.password opens the key if it is locked: ${reason ?? message}`,
    );
  }
  return options;
}

function pem(name: string, path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch (error) {
    throw invalid(name, path, `the file cannot be read: ${(error as Error).message}`);
  }
  if (!text.includes('-----BEGIN ')) {
    throw invalid(
      name,
      path,
      'it is no PEM file; write the store as PEM, for example with openssl pkcs12 -in STORE -nodes',
    );
  }
  return text;
}

function invalid(name: string, value: string, why: string): SystemError {
  return new SystemError(`the setting ${name} has a wrong value (${value}): ${why}`, { code: 'invalid-setting' });
}
