import { emitKeypressEvents, type Key } from 'node:readline';
import { isComplete } from '../../parser/split.js';
import type { KnownNames } from '../backend/backend.js';
import { parseCommand } from '../input.js';
import { padEnd, printable, width } from '../render/printable.js';
import type { Prompter } from '../repl.js';
import type { Terminal } from '../terminal.js';
import { commonPrefix, complete } from './completion.js';
import { linePrompts } from './continuation.js';
import { EditBuffer } from './edit-buffer.js';
import { highlight } from './highlight.js';
import type { History } from './history.js';
import { layout } from './layout.js';

interface Pressed {
  readonly text: string | undefined;
  readonly key: Key;
}

/** A search in the history, while it goes on. */
interface Search {
  readonly wanted: string;
  /** The entry that is shown; the number of entries when none is. */
  readonly index: number;
  readonly before: { readonly text: string; readonly cursor: number };
}

const PASTE_ON = '\u001b[?2004h';
const PASTE_OFF = '\u001b[?2004l';
const CANDIDATES_MAX = 100;

/**
 * A prompt on a terminal: a text of any number of lines that is edited as a whole, history, search, completion, colours. Keys that
 * are pressed while something runs are kept for the next input.
 */
export class LineEditor implements Prompter {
  readonly #terminal: Terminal;
  readonly #history: History;
  readonly #names: () => Promise<KnownNames>;
  readonly #buffer = new EditBuffer();
  /** Row of the screen that the cursor is on, counting from the first row of the input. */
  #cursorRow = 0;
  /** Rows of the input below the cursor. */
  #rowsBelow = 0;
  #historyIndex = 0;
  #draft = '';
  #search: Search | null = null;
  #pasted: string[] | null = null;
  #resolve: ((text: string | null) => void) | null = null;
  #interrupt: (() => void) | null = null;
  #early: Pressed[] = [];
  /** Names are being asked for: keys wait until the text is completed. */
  #completing = false;
  #paintPlanned = false;
  #lastTab = -1;

  /** @param names what there is to complete, asked for when Tab is pressed */
  constructor(terminal: Terminal, history: History, names: () => Promise<KnownNames>) {
    this.#terminal = terminal;
    this.#history = history;
    this.#names = names;
    emitKeypressEvents(process.stdin);
    process.stdin.on('keypress', this.#onKey);
    process.stdout.on('resize', this.#onResize);
    process.on('exit', this.#restore);
    this.#takeTerminal();
  }

  read(): Promise<string | null> {
    this.#buffer.set('');
    this.#historyIndex = this.#history.entries.length;
    this.#cursorRow = 0;
    const entered = new Promise<string | null>((resolve) => {
      this.#resolve = resolve;
    });
    this.#paint();
    this.#takeEarly();
    return entered;
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
    process.stdin.off('keypress', this.#onKey);
    process.stdout.off('resize', this.#onResize);
    process.off('exit', this.#restore);
    this.#restore();
    process.stdin.pause();
  }

  /** The keys that came while there was no input to edit. */
  #takeEarly(): void {
    const early = this.#early;
    this.#early = [];
    for (const { text, key } of early) this.#onKey(text, key);
  }

  #takeTerminal(): void {
    process.stdin.setRawMode(true);
    process.stdin.resume();
    process.stdout.write(PASTE_ON);
  }

  readonly #restore = (): void => {
    process.stdout.write(PASTE_OFF);
    process.stdin.setRawMode(false);
  };

  readonly #onResize = (): void => {
    if (this.#resolve !== null) this.#plan();
  };

  readonly #onKey = (text: string | undefined, key: Key): void => {
    if (this.#resolve === null) this.#whileBusy({ text, key });
    else if (this.#completing) this.#early.push({ text, key });
    else if (this.#pasted !== null || key.name === 'paste-start') this.#paste(text, key);
    else if (this.#search !== null) this.#searchKey(text, key);
    else this.#editKey(text, key);
  };

  #whileBusy(pressed: Pressed): void {
    const { key } = pressed;
    if (key.ctrl && key.name === 'c') {
      this.#early = [];
      this.#interrupt?.();
    } else if (key.ctrl && key.name === 'z') this.#suspend();
    else this.#early.push(pressed);
  }

  #paste(text: string | undefined, key: Key): void {
    if (key.name === 'paste-start') this.#pasted = [];
    else if (key.name !== 'paste-end') this.#pasted!.push(text ?? key.sequence ?? '');
    else {
      const pasted = this.#pasted!.join('').replace(/\r\n?/g, '\n').replaceAll('\t', '    ');
      this.#pasted = null;
      this.#search = null;
      this.#buffer.insert(pasted);
      this.#plan();
    }
  }

  #editKey(text: string | undefined, key: Key): void {
    const action = ACTIONS[keyName(key)];
    if (action !== undefined) action(this.#buffer);
    else if (!this.#specialKey(keyName(key))) {
      if (text === undefined || key.ctrl || key.meta || /^[\u0000-\u001f\u007f]/.test(text)) return;
      this.#buffer.insert(text);
    }
    if (keyName(key) !== 'tab') this.#lastTab = -1;
    this.#plan();
  }

  /** @returns false when the key means nothing */
  #specialKey(name: string): boolean {
    switch (name) {
      case 'return':
        this.#enter();
        return true;
      case 'up':
      case 'ctrl-p':
        if (!this.#buffer.up()) this.#older();
        return true;
      case 'down':
      case 'ctrl-n':
        if (!this.#buffer.down()) this.#newer();
        return true;
      case 'tab':
        this.#completing = true;
        void this.#complete().finally(() => {
          this.#completing = false;
          this.#takeEarly();
          this.#plan();
        });
        return true;
      case 'ctrl-r': {
        const { text, cursor } = this.#buffer;
        this.#search = { wanted: '', index: this.#history.entries.length, before: { text, cursor } };
        return true;
      }
      case 'ctrl-l':
        process.stdout.write('\u001b[H\u001b[2J');
        this.#cursorRow = 0;
        return true;
      case 'ctrl-c':
        this.#leaveInput('^C');
        this.#buffer.set('');
        this.#historyIndex = this.#history.entries.length;
        return true;
      case 'ctrl-d':
        if (this.#buffer.text === '') this.#finish(null);
        else this.#buffer.delete();
        return true;
      case 'ctrl-z':
        this.#suspend();
        return true;
      default:
        return false;
    }
  }

  #enter(): void {
    const { text } = this.#buffer;
    if (parseCommand(text) !== null || isComplete(text).complete) this.#finish(text);
    else this.#buffer.insert('\n');
  }

  #finish(text: string | null): void {
    const resolve = this.#resolve!;
    this.#paint();
    this.#leaveInput('');
    this.#resolve = null;
    if (text !== null) this.#history.add(text);
    resolve(text);
  }

  #older(): void {
    if (this.#historyIndex === 0) return;
    if (this.#historyIndex === this.#history.entries.length) this.#draft = this.#buffer.text;
    this.#buffer.set(this.#history.entries[--this.#historyIndex]!);
  }

  #newer(): void {
    const { entries } = this.#history;
    if (this.#historyIndex >= entries.length) return;
    this.#historyIndex++;
    this.#buffer.set(this.#historyIndex === entries.length ? this.#draft : entries[this.#historyIndex]!);
  }

  #searchKey(text: string | undefined, key: Key): void {
    const search = this.#search!;
    const name = keyName(key);
    if (name === 'ctrl-r') this.#find(search.wanted, search.index);
    else if (name === 'backspace' || name === 'ctrl-h')
      this.#find(search.wanted.slice(0, -1), this.#history.entries.length);
    else if (name === 'ctrl-g' || name === 'ctrl-c') {
      this.#search = null;
      this.#buffer.set(search.before.text, search.before.cursor);
    } else if (text !== undefined && !key.ctrl && !key.meta && !/^[\u0000-\u001f\u007f]/.test(text)) {
      this.#find(search.wanted + text, this.#history.entries.length);
    } else {
      // Any other key takes what was found and does what it always does.
      this.#search = null;
      if (name !== 'escape') this.#editKey(text, key);
    }
    this.#plan();
  }

  #find(wanted: string, before: number): void {
    const search = this.#search!;
    const index = wanted === '' ? -1 : this.#history.findBefore(before, wanted);
    if (index < 0) {
      this.#search = { ...search, wanted };
      return;
    }
    const entry = this.#history.entries[index]!;
    this.#search = { ...search, wanted, index };
    this.#historyIndex = index;
    this.#buffer.set(entry, entry.toLowerCase().indexOf(wanted.toLowerCase()));
  }

  async #complete(): Promise<void> {
    const { text, cursor } = this.#buffer;
    const names = await this.#names().catch(() => null);
    if (names === null) return;
    const { start, candidates } = complete(text, cursor, names);
    const common = commonPrefix(candidates);
    if (candidates.length === 1) this.#buffer.replaceBefore(start, `${common} `);
    else if (common.length > cursor - start) this.#buffer.replaceBefore(start, common);
    else if (candidates.length > 1 && this.#lastTab === cursor) this.#showCandidates(candidates);
    this.#lastTab = this.#buffer.cursor;
  }

  #showCandidates(candidates: readonly string[]): void {
    const shown = candidates.slice(0, CANDIDATES_MAX).map(printable);
    const size = Math.max(...shown.map(width)) + 2;
    const perRow = Math.max(1, Math.floor((this.#terminal.columns ?? 80) / size));
    let text = '';
    for (let i = 0; i < shown.length; i += perRow) {
      text += `${shown
        .slice(i, i + perRow)
        .map((name) => padEnd(name, size))
        .join('')
        .trimEnd()}\n`;
    }
    const more = candidates.length - shown.length;
    this.#leaveInput('');
    process.stdout.write(more > 0 ? `${text}and ${more} more\n` : text);
  }

  #suspend(): void {
    this.#restore();
    // The whole group, as the terminal would: npm may stand between the shell and this process.
    process.kill(0, 'SIGTSTP');
    // Goes on when the process does; at once where nobody controls jobs.
    setTimeout(() => {
      this.#takeTerminal();
      this.#cursorRow = 0;
      if (this.#resolve !== null) this.#paint();
    }, 50);
  }

  /** Paints once for all keys that arrived together. */
  #plan(): void {
    if (this.#paintPlanned) return;
    this.#paintPlanned = true;
    setImmediate(() => {
      this.#paintPlanned = false;
      if (this.#resolve !== null) this.#paint();
    });
  }

  /** Writes the input over what was painted before. The two marks make it appear at once. */
  #paint(): void {
    const { text, cursor } = this.#buffer;
    const columns = this.#terminal.columns ?? 80;
    const prompts = linePrompts(text);
    if (this.#search !== null) prompts[0] = `(search: ${printable(this.#search.wanted)}) `;
    const { rows, cursorRow, cursorColumn } = layout(text, cursor, {
      columns,
      prompt: (line) => prompts[line]!,
      promptStyle: this.#terminal.out.bold,
      runs: highlight(text, this.#terminal.out),
    });
    // An input that is taller than the screen is shown around its cursor.
    const height = Math.max(1, this.#terminal.rows);
    const first = Math.max(0, Math.min(cursorRow - Math.floor(height / 2), rows.length - height));
    const visible = rows.slice(first, first + height);
    const row = cursorRow - first;
    const up = visible.length - 1 - row;
    process.stdout.write(
      `\u001b[?2026h${this.#toStart()}\u001b[0J${visible.join('\r\n')}${up > 0 ? `\u001b[${up}A` : ''}\r${
        cursorColumn > 0 ? `\u001b[${cursorColumn}C` : ''
      }\u001b[?2026l`,
    );
    this.#cursorRow = row;
    this.#rowsBelow = up;
  }

  #toStart(): string {
    return this.#cursorRow > 0 ? `\u001b[${this.#cursorRow}A\r` : '\r';
  }

  /** Puts the cursor on a fresh row below the input. */
  #leaveInput(mark: string): void {
    const down = this.#rowsBelow > 0 ? `\u001b[${this.#rowsBelow}B` : '';
    process.stdout.write(`${down}${mark}\r\n`);
    this.#cursorRow = 0;
    this.#rowsBelow = 0;
  }
}

/** `ctrl-left`, `meta-return`, `a`. */
function keyName({ name, ctrl, meta }: Key): string {
  const base = name === 'enter' ? 'return' : (name ?? '');
  return `${ctrl ? 'ctrl-' : ''}${meta ? 'meta-' : ''}${base}`;
}

const ACTIONS: Readonly<Record<string, (buffer: EditBuffer) => void>> = {
  left: (b) => b.left(),
  'ctrl-b': (b) => b.left(),
  right: (b) => b.right(),
  'ctrl-f': (b) => b.right(),
  'ctrl-left': (b) => b.wordLeft(),
  'meta-left': (b) => b.wordLeft(),
  'meta-b': (b) => b.wordLeft(),
  'ctrl-right': (b) => b.wordRight(),
  'meta-right': (b) => b.wordRight(),
  'meta-f': (b) => b.wordRight(),
  home: (b) => b.lineStart(),
  'ctrl-a': (b) => b.lineStart(),
  end: (b) => b.lineEnd(),
  'ctrl-e': (b) => b.lineEnd(),
  backspace: (b) => b.backspace(),
  'ctrl-h': (b) => b.backspace(),
  delete: (b) => b.delete(),
  'ctrl-k': (b) => b.killToLineEnd(),
  'ctrl-u': (b) => b.killToLineStart(),
  'ctrl-w': (b) => b.killWordLeft(),
  'meta-backspace': (b) => b.killWordLeft(),
  'meta-d': (b) => b.killWordRight(),
  'ctrl-y': (b) => b.yank(),
  'meta-return': (b) => b.insert('\n'),
};
