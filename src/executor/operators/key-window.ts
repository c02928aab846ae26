import { readInt64, writeInt64 } from '../../broker/record-batch.js';
import type { ByteSink } from '../../formats/format.js';
import { AssertionError, RecordError } from '../../model/errors.js';
import type { Window } from '../../model/record.js';
import type { KeyWindow } from '../../planner/physical/physical-plan.js';

/* Behind a windowed key are the bounds of its window: the start, or of a session its end and its start, 8 bytes each. */

/** Appends the bounds of a window behind a key. */
export function writeWindow(sink: ByteSink, plan: KeyWindow, window: Window | null): void {
  if (window === null) throw new AssertionError('the key of a windowed sink has a window');
  if (plan.kind === 'SESSION') {
    sink.reserve(16);
    writeInt64(sink.bytes, sink.position, window.end);
    writeInt64(sink.bytes, sink.position + 8, window.start);
    sink.position += 16;
  } else {
    sink.reserve(8);
    writeInt64(sink.bytes, sink.position, window.start);
    sink.position += 8;
  }
}

/** Reads the bounds behind keys. */
export class WindowReader {
  /** How many bytes they take; 0 where keys have none. */
  readonly bytes: number;
  readonly #sizeMs: number;
  readonly #window = { start: 0, end: 0 };

  constructor(plan: KeyWindow | null) {
    this.bytes = plan === null ? 0 : plan.kind === 'SESSION' ? 16 : 8;
    this.#sizeMs = plan === null || plan.kind === 'SESSION' ? 0 : plan.sizeMs;
  }

  /** Where the bounds of a key that ends at `end` begin. @throws RecordError when there is no room for them */
  startOf(start: number, end: number): number {
    const at = end - this.bytes;
    if (at < start) {
      throw new RecordError('deserialization', 'the key is too short to hold the bounds of a window', 'key');
    }
    return at;
  }

  /** The window whose bounds begin at `at`; the same object each time. */
  read(bytes: Buffer, at: number): Window {
    const window = this.#window;
    if (this.bytes === 8) {
      window.start = readInt64(bytes, at);
      window.end = window.start + this.#sizeMs;
    } else {
      window.end = readInt64(bytes, at);
      window.start = readInt64(bytes, at + 8);
    }
    return window;
  }
}
