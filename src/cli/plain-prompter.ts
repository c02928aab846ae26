import { createInterface, type Interface } from 'node:readline';
import { isComplete } from '../parser/split.js';
import { parseCommand } from './input.js';
import type { Prompter } from './repl.js';

const PROMPT = 'millrace> ';
const MORE_PROMPT = '       -> ';

/** A prompt for terminals that cannot move their cursor. */
export class PlainPrompter implements Prompter {
  readonly #lines: Interface;
  #interrupt: (() => void) | null = null;
  #entered = '';
  #resolve: ((text: string | null) => void) | null = null;
  #closed = false;

  constructor() {
    this.#lines = createInterface({ input: process.stdin, output: process.stdout, terminal: false });
    this.#lines.on('line', (line) => this.#take(line));
    this.#lines.on('close', () => {
      this.#closed = true;
      this.#resolve?.(null);
    });
    process.on('SIGINT', this.#onInterrupt);
  }

  read(): Promise<string | null> {
    if (this.#closed) return Promise.resolve(null);
    process.stdout.write(PROMPT);
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  async during<T>(work: () => Promise<T>, interrupt: () => void): Promise<T> {
    this.#interrupt = interrupt;
    try {
      return await work();
    } finally {
      this.#interrupt = null;
    }
  }

  close(): void {
    process.off('SIGINT', this.#onInterrupt);
    this.#lines.close();
  }

  readonly #onInterrupt = (): void => {
    if (this.#interrupt !== null) {
      this.#interrupt();
      return;
    }
    this.#entered = '';
    process.stdout.write(`\n${PROMPT}`);
  };

  #take(line: string): void {
    if (this.#resolve === null) return;
    const isCommand = this.#entered === '' && parseCommand(line) !== null;
    this.#entered += `${line}\n`;
    if (isCommand || isComplete(this.#entered).complete) this.#finish(this.#entered);
    else process.stdout.write(MORE_PROMPT);
  }

  #finish(text: string): void {
    const resolve = this.#resolve;
    this.#resolve = null;
    this.#entered = '';
    resolve?.(text);
  }
}
