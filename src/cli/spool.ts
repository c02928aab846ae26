import { closeSync, openSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from './exit.js';

const ESCAPES = /\u001b\[[0-9;?]*[A-Za-z]/g;

/** A copy of what is typed and answered, in a file. */
export class Spool {
  #file: { readonly path: string; readonly descriptor: number } | null = null;

  /** @returns the whole path. @throws UsageError when there is one already, or the file cannot be written */
  start(path: string): string {
    if (this.#file !== null) {
      throw new UsageError(`the session is spooled to ${this.#file.path} already`, 'Enter SPOOL OFF first.');
    }
    const whole = resolve(path);
    try {
      this.#file = { path: whole, descriptor: openSync(whole, 'w') };
    } catch (error) {
      throw new UsageError(`cannot write the file "${whole}": ${(error as Error).message}`);
    }
    return whole;
  }

  /** @returns the path that was written, null when there was none */
  stop(): string | null {
    if (this.#file === null) return null;
    const { path, descriptor } = this.#file;
    this.#file = null;
    closeSync(descriptor);
    return path;
  }

  input(text: string): void {
    this.output(`ksql> ${text.trimEnd()}\n`);
  }

  output(text: string): void {
    if (this.#file !== null) writeSync(this.#file.descriptor, text.replace(ESCAPES, ''));
  }
}
