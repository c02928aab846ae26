import { SystemError } from '../../model/errors.js';

/** How to reach a schema registry elsewhere. Plain data. */
export interface HttpRegistryOptions {
  /** At least one; asked in this order, the one that answered last first. */
  readonly endpoints: readonly RegistryEndpoint[];
  readonly tls: RegistryTls;
  /** For one request to one endpoint, connecting included. */
  readonly requestTimeoutMs: number;
  /** How often all endpoints are asked again after the first time. */
  readonly retriesMax: number;
  /** Before the first retry; doubles up to the longest. */
  readonly retryWaitMs: number;
  readonly retryWaitMaxMs: number;
}

export interface RegistryEndpoint {
  /** Without credentials and without a slash at its end. */
  readonly url: string;
  /** The header's value; null for none. */
  readonly authorization: string | null;
}

/** PEM texts. */
export interface RegistryTls {
  /** Null: the certificates that Node trusts. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly passphrase: string | null;
  /** Whether the certificate must be one for the host's name. */
  readonly checksHost: boolean;
}

/** A setting of the connection to a registry, by Confluent's name for it. */
export interface RegistrySetting {
  /** What follows `ksql.schema.registry.`. */
  readonly name: string;
  readonly kind: 'string' | 'int';
  readonly default: string | null;
  readonly text: string;
  readonly secret: boolean;
}

export const REGISTRY_SETTINGS_PREFIX = 'ksql.schema.registry.';

export const REGISTRY_SETTINGS: readonly RegistrySetting[] = [
  {
    name: 'url',
    kind: 'string',
    default: '',
    text: 'Addresses of a schema registry, separated by commas. Unset: the registry inside the server.',
    secret: true,
  },
  {
    name: 'basic.auth.credentials.source',
    kind: 'string',
    default: null,
    text: 'Where user and password for the registry are: URL (within its address) or USER_INFO (in basic.auth.user.info).',
    secret: false,
  },
  {
    name: 'basic.auth.user.info',
    kind: 'string',
    default: null,
    text: 'User and password for the registry, as user:password.',
    secret: true,
  },
  {
    name: 'bearer.auth.credentials.source',
    kind: 'string',
    default: null,
    text: 'Where the token for the registry is: STATIC_TOKEN (in bearer.auth.token).',
    secret: false,
  },
  { name: 'bearer.auth.token', kind: 'string', default: null, text: 'Token for the registry.', secret: true },
  {
    name: 'ssl.truststore.location',
    kind: 'string',
    default: null,
    text: 'PEM file of the certificates that the registry is trusted by. Unset: those that Node trusts.',
    secret: false,
  },
  {
    name: 'ssl.truststore.certificates',
    kind: 'string',
    default: null,
    text: 'The same as PEM text.',
    secret: false,
  },
  {
    name: 'ssl.keystore.location',
    kind: 'string',
    default: null,
    text: 'PEM file of the certificate and key shown to the registry.',
    secret: false,
  },
  {
    name: 'ssl.keystore.certificate.chain',
    kind: 'string',
    default: null,
    text: 'The certificate shown to the registry as PEM text.',
    secret: false,
  },
  {
    name: 'ssl.keystore.key',
    kind: 'string',
    default: null,
    text: 'The key of ssl.keystore.certificate.chain as PEM text.',
    secret: true,
  },
  {
    name: 'ssl.key.password',
    kind: 'string',
    default: null,
    text: 'Password of the key shown to the registry.',
    secret: true,
  },
  {
    name: 'ssl.endpoint.identification.algorithm',
    kind: 'string',
    default: 'https',
    text: "https: the registry's certificate must be for its host. Empty: it may be for any.",
    secret: false,
  },
  {
    name: 'http.read.timeout.ms',
    kind: 'int',
    default: '10000',
    text: 'How long one request to the registry may take.',
    secret: false,
  },
  {
    name: 'max.retries',
    kind: 'int',
    default: '3',
    text: 'How often a request is sent again when the registry cannot be reached, is overloaded or fails; not when it has taken its time.',
    secret: false,
  },
  { name: 'retries.wait.ms', kind: 'int', default: '100', text: 'Pause before the first retry.', secret: false },
  {
    name: 'retries.max.wait.ms',
    kind: 'int',
    default: '5000',
    text: 'Longest pause between retries; pauses double up to it.',
    secret: false,
  },
];

/**
 * What the settings say of a registry elsewhere; null when they name none.
 * @param get a setting by what follows `ksql.schema.registry.`; null where it is unset
 * @throws SystemError `invalid-setting`, which never holds a credential
 */
export function registryOptions(
  get: (name: string) => string | null,
  readFile: (path: string) => string,
): HttpRegistryOptions | null {
  const value = (name: string): string | null => get(name) ?? DEFAULTS.get(name) ?? null;
  const addresses = (value('url') ?? '').split(',').map((text) => text.trim());
  const named = addresses.filter((text) => text !== '');
  if (named.length === 0) return null;
  const authorization = commonAuthorization(value);
  return {
    endpoints: named.map((address) => endpoint(address, authorization)),
    tls: tls(value, readFile),
    requestTimeoutMs: wholeNumber(value, 'http.read.timeout.ms', 1),
    retriesMax: wholeNumber(value, 'max.retries', 0),
    retryWaitMs: wholeNumber(value, 'retries.wait.ms', 0),
    retryWaitMaxMs: wholeNumber(value, 'retries.max.wait.ms', 0),
  };
}

/** Longer timers end at once. */
const TIMER_MS_MAX = 2_147_483_647;

type Values = (name: string) => string | null;

const DEFAULTS = new Map(REGISTRY_SETTINGS.map((setting) => [setting.name, setting.default]));

/** `inUrl`: each address has its own. */
function commonAuthorization(value: Values): { readonly inUrl: boolean; readonly header: string | null } {
  const token = value('bearer.auth.token');
  const tokenSource = value('bearer.auth.credentials.source')?.trim().toUpperCase() ?? null;
  if (tokenSource !== null && tokenSource !== 'STATIC_TOKEN') {
    throw invalid('bearer.auth.credentials.source', 'it can be STATIC_TOKEN');
  }
  if (token !== null) {
    if (!/^[\x21-\x7e]+$/.test(token)) throw invalid('bearer.auth.token', 'a token is of visible ASCII characters');
    return { inUrl: false, header: `Bearer ${token}` };
  }
  if (tokenSource !== null)
    throw invalid('bearer.auth.token', 'it is unset, but bearer.auth.credentials.source is not');
  const userInfo = value('basic.auth.user.info');
  const source = value('basic.auth.credentials.source')?.trim().toUpperCase() ?? null;
  if (source === 'URL' || (source === null && userInfo === null)) return { inUrl: true, header: null };
  if (source !== null && source !== 'USER_INFO') {
    throw invalid('basic.auth.credentials.source', 'it can be URL or USER_INFO');
  }
  if (userInfo === null || !userInfo.includes(':')) throw invalid('basic.auth.user.info', 'it is user:password');
  return { inUrl: false, header: basic(userInfo) };
}

function endpoint(
  address: string,
  { inUrl, header }: { readonly inUrl: boolean; readonly header: string | null },
): RegistryEndpoint {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw invalid('url', 'an address is no URL that begins with http:// or https://');
  }
  const { username, password } = url;
  const userInfo = username === '' && password === '' ? null : `${decoded(username)}:${decoded(password)}`;
  return {
    url: `${url.origin}${url.pathname.replace(/\/+$/, '')}`,
    authorization: inUrl && userInfo !== null ? basic(userInfo) : header,
  };
}

function basic(userInfo: string): string {
  return `Basic ${Buffer.from(userInfo, 'utf8').toString('base64')}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function tls(value: Values, readFile: (path: string) => string): RegistryTls {
  const trustFile = value('ssl.truststore.location');
  const keyFile = value('ssl.keystore.location');
  const keyPair = keyFile === null ? null : pemFile('ssl.keystore.location', keyFile, readFile);
  const algorithm = value('ssl.endpoint.identification.algorithm')!.trim().toLowerCase();
  if (algorithm !== '' && algorithm !== 'https') {
    throw invalid('ssl.endpoint.identification.algorithm', 'it is https or empty');
  }
  return {
    ca:
      trustFile === null
        ? pemText('ssl.truststore.certificates', value)
        : pemFile('ssl.truststore.location', trustFile, readFile),
    cert: keyPair ?? pemText('ssl.keystore.certificate.chain', value),
    key: keyPair ?? pemText('ssl.keystore.key', value),
    passphrase: value('ssl.key.password'),
    checksHost: algorithm === 'https',
  };
}

function pemText(name: string, value: Values): string | null {
  const text = value(name);
  if (text !== null && !isPem(text)) throw invalid(name, 'it is no PEM text');
  return text;
}

function pemFile(name: string, path: string, readFile: (path: string) => string): string {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    throw invalid(name, `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isPem(text)) {
    const help = 'write the store as PEM, for example with openssl pkcs12 -in STORE -nodes';
    throw invalid(name, `${path} is no PEM file; ${help}`);
  }
  return text;
}

function isPem(text: string): boolean {
  return text.includes('-----BEGIN ');
}

function wholeNumber(value: Values, name: string, min: number): number {
  const number = Number(value(name));
  if (!Number.isSafeInteger(number) || number < min || number > TIMER_MS_MAX) {
    throw invalid(name, `it is a whole number from ${min} to ${TIMER_MS_MAX}`);
  }
  return number;
}

function invalid(name: string, why: string): SystemError {
  return new SystemError(`the setting ${REGISTRY_SETTINGS_PREFIX}${name} has a wrong value: ${why}`, {
    code: 'invalid-setting',
  });
}
