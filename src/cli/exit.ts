/** What a command's process tells its caller. */
export const EXIT = {
  ok: 0,
  /** A statement or a row was refused. */
  statement: 1,
  /** The command line or the configuration makes no sense. */
  usage: 2,
  /** The server, the file or the system refused. */
  service: 3,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The command line or the configuration is wrong: whoever typed it must act. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  constructor(
    message: string,
    /** What to do, one sentence. */
    readonly hint?: string,
  ) {
    super(message);
  }
}

/** The user pressed Ctrl-C. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  constructor() {
    super('interrupted');
  }
}
