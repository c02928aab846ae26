/** Lines that have arrived and wait, at most so many bytes: reading pauses above that. */
const WAITING_BYTES_MAX = 4_194_304;
/** Lines that are handed over at a time. */
const TAKEN_MAX = 5_000;

/** Reads lines ahead, so that they are handed over in batches as large as what has arrived meanwhile. */
export class LineQueue {
  #waiting: Buffer[] = [];
  #bytes = 0;
  #ended = false;
  #failure: unknown;
  #arrived: (() => void) | null = null;
  #room: (() => void) | null = null;

  /** @param lines groups of lines as they arrive; read at once, until its end or {@link stop} */
  constructor(lines: AsyncIterable<readonly Buffer[]>) {
    void this.#fill(lines);
  }

  /**
   * Waits for lines. Null when there are no more.
   * @throws what reading them threw, after the lines before it were taken
   */
  async take(): Promise<readonly Buffer[] | null> {
    while (this.#waiting.length === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
    const taken = this.#waiting.length <= TAKEN_MAX ? this.#waiting : this.#waiting.slice(0, TAKEN_MAX);
    this.#waiting = this.#waiting.length <= TAKEN_MAX ? [] : this.#waiting.slice(TAKEN_MAX);
    for (const line of taken) this.#bytes -= line.length;
    if (this.#bytes < WAITING_BYTES_MAX) this.#release();
    return taken;
  }

  /** Lets go of everything; waiting and later calls of {@link take} answer null. */
  stop(): void {
    this.#ended = true;
    this.#failure = undefined;
    this.#waiting = [];
    this.#bytes = 0;
    this.#release();
    this.#wake();
  }

  async #fill(lines: AsyncIterable<readonly Buffer[]>): Promise<void> {
    try {
      for await (const group of lines) {
        if (this.#ended) return;
        for (const line of group) {
          this.#waiting.push(line);
          this.#bytes += line.length;
        }
        this.#wake();
        if (this.#bytes >= WAITING_BYTES_MAX) {
          await new Promise<void>((resolve) => {
            this.#room = resolve;
          });
        }
      }
    } catch (error) {
      if (!this.#ended) this.#failure = error;
    }
    this.#ended = true;
    this.#wake();
  }

  #wake(): void {
    const arrived = this.#arrived;
    this.#arrived = null;
    arrived?.();
  }

  #release(): void {
    const room = this.#room;
    this.#room = null;
    room?.();
  }
}
