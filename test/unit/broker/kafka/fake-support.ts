/** What a promise is rejected with. */
export async function errorOf(promise: Promise<unknown>): Promise<Error & { failure?: string; code: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Error & { failure?: string; code: string };
  }
  throw new Error('nothing was thrown');
}

/** Waits until something holds. */
export async function until(condition: () => boolean, what: string, forMs = 15_000): Promise<void> {
  const began = performance.now();
  while (!condition()) {
    if (performance.now() - began > forMs) throw new Error(`${what} has not happened`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
