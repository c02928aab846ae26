/** Responses that go on until somebody ends them: what a server that shuts down has to end itself. */
export class OpenStreams {
  readonly #closers = new Set<() => Promise<void>>();
  #closing = false;

  /** True from the moment the server began to shut down. */
  get closing(): boolean {
    return this.#closing;
  }

  get size(): number {
    return this.#closers.size;
  }

  /** @returns call it when the stream has ended */
  add(close: () => Promise<void>): () => void {
    this.#closers.add(close);
    return () => this.#closers.delete(close);
  }

  /** Ends all streams, and from now on every new request is refused. */
  async closeAll(): Promise<void> {
    this.#closing = true;
    await Promise.allSettled([...this.#closers].map((close) => close()));
  }
}
