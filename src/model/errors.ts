import type { SourceSpan } from './source-span.js';

/**
 * Which of ksqlDB's error families a {@link StatementError} belongs to: `syntax` (the text does not parse),
 * `statement` (one statement is wrong), `engine` (the request is wrong in a way that is not tied to a statement's text).
 */
export type StatementProblem = 'syntax' | 'statement' | 'engine';

export interface StatementErrorOptions {
  /** Stable machine-readable name, kebab-case: `unknown-column`, `unsupported-statement`. */
  readonly code?: string;
  readonly problem?: StatementProblem;
  readonly span?: SourceSpan;
  /** What the writer can do about it, one sentence. */
  readonly hint?: string;
  /** The text of the offending statement, when known. */
  readonly statementText?: string;
  readonly cause?: unknown;
}

/** The writer of the SQL must act: the message holds ksqlDB's key phrase, the span says where. */
export class StatementError extends Error {
  override readonly name = 'StatementError';
  readonly code: string;
  readonly problem: StatementProblem;
  readonly span: SourceSpan | undefined;
  readonly hint: string | undefined;
  readonly statementText: string | undefined;

  constructor(message: string, options: StatementErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code ?? 'invalid-statement';
    this.problem = options.problem ?? 'statement';
    this.span = options.span;
    this.hint = options.hint;
    this.statementText = options.statementText;
  }

  /** The same error with what was not known where it was raised. */
  with(more: StatementErrorOptions): StatementError {
    return new StatementError(this.message, {
      code: this.code,
      problem: more.problem ?? this.problem,
      span: this.span ?? more.span,
      hint: this.hint ?? more.hint,
      statementText: this.statementText ?? more.statementText,
      cause: this.cause,
    });
  }
}

/** Why a record (or one expression over it) was given up. */
export type RecordErrorReason = 'deserialization' | 'serialization' | 'expression' | 'null-key' | 'late' | 'timestamp';

/**
 * The owner of the data must act: counted, written to the processing log, and the query goes on.
 * The message never holds row data.
 */
export class RecordError extends Error {
  override readonly name = 'RecordError';
  constructor(
    readonly reason: RecordErrorReason,
    message: string,
    /** For (de)serialisation: which half of the record. */
    readonly target?: 'key' | 'value',
  ) {
    super(message);
  }
}

/** The operator of the service must act: a full disk, a locked file, a broker that is gone. */
export class SystemError extends Error {
  override readonly name = 'SystemError';
  readonly code: string;
  /** Whether the same call may succeed later without a change. */
  readonly retriable: boolean;
  readonly hint: string | undefined;

  constructor(message: string, options: { code?: string; retriable?: boolean; hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code ?? 'system';
    this.retriable = options.retriable ?? false;
    this.hint = options.hint;
  }
}

/** A broken promise inside the engine: never caused by user input. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Closes a switch over a union: does not compile while a kind is missing. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}
