/** A text that statements were taken from, and where it stands in a larger one. */
export interface Source {
  /** A file's name; null for what was typed. */
  readonly name: string | null;
  readonly text: string;
  /** The number of its first line, counting from 1. */
  readonly firstLine: number;
}

/** An error together with the text that its position counts in. */
export class LocatedError extends Error {
  override readonly name = 'LocatedError';
  constructor(
    override readonly cause: unknown,
    readonly source: Source,
  ) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
