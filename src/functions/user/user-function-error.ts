const TEXT_LENGTH_MAX = 500;

/**
 * A user's function has failed on a record. What it says goes to the processing log, with what the function itself has thrown: whether that
 * quotes data is up to its author.
 */
export class UserFunctionError extends Error {
  override readonly name = 'UserFunctionError';

  /** @param text what went wrong, without the function's name */
  constructor(functionName: string, text: string) {
    super(`${functionName} ${text}`);
  }
}

/** What was thrown, as one short text, whatever it is. */
export function thrownText(thrown: unknown): string {
  try {
    const text = thrown instanceof Error ? String(thrown.message || thrown.name) : `it threw ${String(thrown)}`;
    return text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)}...` : text;
  } catch {
    return 'it threw something that has no text';
  }
}
