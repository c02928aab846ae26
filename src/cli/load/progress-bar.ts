import type { Terminal } from '../terminal.js';

const REPAINT_MS = 100;
const BAR_WIDTH = 30;

/** One line on a terminal's standard error that says how far a load has come; nothing elsewhere. */
export class ProgressBar {
  readonly #terminal: Terminal;
  readonly #shown: boolean;
  readonly #startedAt = performance.now();
  #paintedAt = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#shown = process.stderr.isTTY === true && process.env['TERM'] !== 'dumb';
  }

  /** @param share of the file that has been read, 0 to 1 */
  update(share: number, rows: number): void {
    const now = performance.now();
    if (!this.#shown || now - this.#paintedAt < REPAINT_MS) return;
    this.#paintedAt = now;
    this.#terminal.writeError(`\r\u001b[2K${progressLine(share, rows, (now - this.#startedAt) / 1000)}`);
  }

  clear(): void {
    if (this.#shown && this.#paintedAt > 0) this.#terminal.writeError('\r\u001b[2K');
  }
}

export function progressLine(share: number, rows: number, seconds: number): string {
  const filled = Math.round(BAR_WIDTH * Math.min(1, Math.max(0, share)));
  const bar = `[${'='.repeat(filled)}${' '.repeat(BAR_WIDTH - filled)}]`;
  const rate = seconds > 0 ? Math.round(rows / seconds) : 0;
  return `${bar} ${Math.floor(Math.min(1, share) * 100)}% ${rows} rows, ${rate} rows/s`;
}
