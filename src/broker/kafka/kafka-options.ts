import type { ConnectionOptions } from 'node:tls';

export type KafkaLogLevel = 'debug' | 'info' | 'warn' | 'error';

export type KafkaLog = (level: KafkaLogLevel, message: string) => void;

export type SaslMechanism = 'plain' | 'scram-sha-256' | 'scram-sha-512';

export interface SaslOptions {
  readonly mechanism: SaslMechanism;
  readonly username: string;
  readonly password: string;
}

/** How to reach a cluster. */
export interface KafkaOptions {
  /** `host:port`, of which one must answer. */
  readonly bootstrapServers: readonly string[];
  /** What the brokers call us in their logs and quotas. */
  readonly clientId: string;
  /** TLS, by Node's names (`ca`, `cert`, `key`, ...); {} for TLS with what the system trusts. */
  readonly ssl?: ConnectionOptions;
  readonly sasl?: SaslOptions;
  /** Hears about changes of state only, never about single requests. */
  readonly log: KafkaLog;
  /** For TCP, TLS and credentials together, ms; default 10,000. */
  readonly connectTimeoutMs?: number;
  /** For an answer, ms, besides what the broker may wait by the request itself; default 15,000. */
  readonly requestTimeoutMs?: number;
}

export const CONNECT_TIMEOUT_MS = 10_000;
export const REQUEST_TIMEOUT_MS = 15_000;

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host:port` or `[address]:port`; null if it is neither. */
export function parseAddress(text: string): Address | null {
  const match = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text.trim());
  if (match === null) return null;
  const port = Number(match[3]);
  return port > 0 && port <= 65_535 ? { host: (match[1] ?? match[2])!, port } : null;
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
