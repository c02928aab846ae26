import { RecordError, StatementError, SystemError } from '../../model/errors.js';
import { type ExpectedException, TestFailure } from '../test-case.js';
import { WrongRecordCount } from './match-records.js';

/** The exception classes that tests name, each a kind of the one after it. */
const CLASSES = ['ParseFailedException', 'KsqlStatementException', 'KsqlException', 'StreamsException'] as const;
type ExceptionClass = (typeof CLASSES)[number];

/** What Kafka Streams says where a record ends a query. */
const STREAMS_MESSAGES: Readonly<Record<string, string>> = {
  'record-timestamp': 'Fatal user code error in TimestampExtractor callback for record',
};

/** Why an error is not the expected one; null when it is. */
export function exceptionDifference(expected: ExpectedException, error: unknown): string | null {
  if (error instanceof TestFailure && !(error instanceof WrongRecordCount)) return error.message;
  const { type } = expected;
  if (type !== null && !isKindOf(classOf(error), type)) {
    return `expected a ${type.split('.').pop()}, got a ${classOf(error)}: ${messageOf(error)}`;
  }
  return messageDifference(expected.message, error) ?? causeDifference(expected, error);
}

/** Why a message does not hold the expected text, in its short or its long form; null when it does. */
export function messageDifference(expected: string | null, error: unknown): string | null {
  if (expected === null || messagesOf(error).some((message) => message.includes(expected))) return null;
  return `expected the message ${JSON.stringify(expected)}, got ${JSON.stringify(messageOf(error))}`;
}

/** Whether a class of ours, by the name of ksqlDB's, is the named Java class or a kind of it. */
export function isKindOf(own: ExceptionClass, wanted: string): boolean {
  const at = CLASSES.indexOf(wanted.split('.').pop() as ExceptionClass);
  return at >= 0 && CLASSES.indexOf(own) <= at;
}

/** ksqlDB's class for an error of ours. */
export function classOf(error: unknown): ExceptionClass {
  if (error instanceof StatementError) {
    if (error.problem === 'syntax') return 'ParseFailedException';
    return error.problem === 'statement' ? 'KsqlStatementException' : 'KsqlException';
  }
  if (error instanceof WrongRecordCount) return 'KsqlException';
  return 'StreamsException';
}

function causeDifference(expected: ExpectedException, error: unknown): string | null {
  if (expected.cause === null && expected.causeMessage === null) return null;
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause === undefined) return 'expected a cause, got none';
  return exceptionDifference(
    { type: expected.cause, message: expected.causeMessage, cause: null, causeMessage: null },
    cause,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function messagesOf(error: unknown): string[] {
  const message = messageOf(error);
  if (error instanceof StatementError) {
    return error.statementText === undefined ? [message] : [message, `${message}\nStatement: ${error.statementText}`];
  }
  if (error instanceof SystemError || error instanceof RecordError) {
    const streams = error instanceof SystemError ? STREAMS_MESSAGES[error.code] : undefined;
    return streams === undefined ? [message] : [message, streams];
  }
  return [message];
}
