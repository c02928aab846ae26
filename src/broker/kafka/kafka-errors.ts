import { LogError, type LogFailure } from '../cluster-log.js';
import { engineCode, type KafkaErrorKind, kafkaError } from './kafka-error-codes.js';

/** A broker's refusal that asks for another broker, or for patience, as a failure to be tried again. */
const FAILURES: Readonly<Record<KafkaErrorKind, LogFailure>> = {
  moved: 'unavailable',
  later: 'unavailable',
  fenced: 'fenced',
  refused: 'refused',
  uncertain: 'uncertain',
};

/**
 * The error for a code that a broker answered with.
 * @param what what was asked for: `topic "a" cannot be created`
 * @param detail what the broker says besides
 */
export function brokerError(code: number, what: string, detail: string | null = null): LogError {
  const { name, kind } = kafkaError(code);
  const said = detail === null || detail === '' ? name : `${name}: ${detail}`;
  return new LogError(FAILURES[kind], `${what}: the broker answers ${said}`, { code: engineCode(code) });
}

/** What an operator reads of an error: what is wrong, and what may help. */
export function inFull({ message, hint }: LogError): string {
  return hint === undefined ? message : `${message} (${hint})`;
}

export function closedError(): LogError {
  return new LogError('unavailable', 'the connections to the Kafka cluster are closed', { code: 'kafka-closed' });
}

/** Any error as one that says what happened to the call; one that does not say so leaves it unknown. */
export function asLogError(error: unknown): LogError {
  if (error instanceof LogError) return error;
  const { message, code } = error as { message: string; code?: unknown };
  return new LogError('uncertain', message, { code: typeof code === 'string' ? code : 'uncertain', cause: error });
}
