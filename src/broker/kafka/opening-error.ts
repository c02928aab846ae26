import { LogError } from '../cluster-log.js';
import { type Address, formatAddress, type KafkaOptions } from './kafka-options.js';

/**
 * Why a connection to a broker could not be opened: what is `refused` stays so until somebody changes something.
 * @param error what the attempt ended with
 * @param broken what the socket said, if it was the socket: the library passes on a part of it
 */
export function openingError(address: Address, options: KafkaOptions, error: unknown, broken: Error | null): LogError {
  if (error instanceof LogError && error.failure === 'refused') return error;
  const at = formatAddress(address);
  const { name, type, message } = error as { name?: string; type?: string; message: string };
  if (name === 'KafkaJSSASLAuthenticationError' || /SASL/.test(type ?? '')) {
    const mechanism = options.sasl?.mechanism.toUpperCase();
    return new LogError('refused', `the broker at ${at} does not accept the credentials for ${mechanism}: ${message}`, {
      code: 'credentials-rejected',
      ofConnection: true,
      hint: 'check the mechanism, the user name and the password',
      cause: error,
    });
  }
  const cause = broken ?? (error instanceof LogError ? (error.cause ?? error) : error);
  const { code } = cause as { code?: unknown };
  if (typeof code === 'string' && TLS_REJECTIONS.test(code)) {
    return new LogError('refused', `no TLS connection to the broker at ${at}: ${wordsOf(cause)}`, {
      code: 'tls-rejected',
      ofConnection: true,
      hint: 'check the certificates on both sides, and that the port speaks TLS',
      cause,
    });
  }
  return new LogError('unavailable', `the broker at ${at} cannot be reached: ${wordsOf(cause)}`, {
    code: 'kafka-unreachable',
    hint: 'check the address, that the broker is running, and security.protocol',
    cause,
  });
}

/** OpenSSL's names for a certificate or a protocol that one side does not accept. */
const TLS_REJECTIONS =
  /^(ERR_SSL_|ERR_TLS_|CERT_|SELF_SIGNED|DEPTH_ZERO_|UNABLE_TO_|INVALID_CA|PATH_LENGTH|INVALID_PURPOSE|CRL_|HOSTNAME_MISMATCH)/;

/** What went wrong, for an operator: without what library and OpenSSL say to their makers, and of a name with several addresses at each of them. */
export function wordsOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(wordsOf).join(', ');
  const { name, code, reason, message } = error as {
    name?: string;
    code?: unknown;
    reason?: string;
    message: string;
  };
  if (name === 'KafkaJSConnectionClosedError') return 'the broker has closed the connection';
  const isOpenSsl = typeof code === 'string' && code.startsWith('ERR_SSL_');
  return ((isOpenSsl ? reason : undefined) ?? message).trimEnd();
}
