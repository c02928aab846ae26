import { graphemes } from '../render/printable.js';

/** A text of any number of lines and a cursor in it: what the keys of an editor do, without a screen. */
export class EditBuffer {
  #text = '';
  #cursor = 0;
  #killed = '';

  get text(): string {
    return this.#text;
  }

  /** UTF-16 code units before the cursor. */
  get cursor(): number {
    return this.#cursor;
  }

  set(text: string, cursor = text.length): void {
    this.#text = text;
    this.#cursor = Math.min(cursor, text.length);
  }

  insert(text: string): void {
    this.#replace(this.#cursor, this.#cursor, text);
  }

  /** Puts a text in the place of the part from `start` to the cursor. */
  replaceBefore(start: number, text: string): void {
    this.#replace(start, this.#cursor, text);
  }

  backspace(): void {
    this.#replace(this.#before(), this.#cursor, '');
  }

  delete(): void {
    this.#replace(this.#cursor, this.#after(), '');
  }

  left(): void {
    this.#cursor = this.#before();
  }

  right(): void {
    this.#cursor = this.#after();
  }

  wordLeft(): void {
    this.#cursor = this.#wordStart();
  }

  wordRight(): void {
    this.#cursor = this.#wordEnd();
  }

  lineStart(): void {
    this.#cursor = this.#startOfLine();
  }

  lineEnd(): void {
    this.#cursor = this.#endOfLine();
  }

  /** To the line above, the same column. False on the first line. */
  up(): boolean {
    const start = this.#startOfLine();
    if (start === 0) return false;
    const column = this.#cursor - start;
    const above = this.#text.lastIndexOf('\n', start - 2) + 1;
    this.#cursor = Math.min(above + column, start - 1);
    return true;
  }

  /** To the line below, the same column. False on the last line. */
  down(): boolean {
    const end = this.#endOfLine();
    if (end === this.#text.length) return false;
    const column = this.#cursor - this.#startOfLine();
    const below = this.#text.indexOf('\n', end + 1);
    this.#cursor = Math.min(end + 1 + column, below < 0 ? this.#text.length : below);
    return true;
  }

  /** Takes away what is left of the line; at its end the line end. */
  killToLineEnd(): void {
    const end = this.#endOfLine();
    this.#kill(this.#cursor, end === this.#cursor ? Math.min(end + 1, this.#text.length) : end);
  }

  killToLineStart(): void {
    this.#kill(this.#startOfLine(), this.#cursor);
  }

  killWordLeft(): void {
    this.#kill(this.#wordStart(), this.#cursor);
  }

  killWordRight(): void {
    this.#kill(this.#cursor, this.#wordEnd());
  }

  /** Puts back what was taken away last. */
  yank(): void {
    this.insert(this.#killed);
  }

  #kill(start: number, end: number): void {
    if (start === end) return;
    this.#killed = this.#text.slice(start, end);
    this.#replace(start, end, '');
  }

  #replace(start: number, end: number, text: string): void {
    this.#text = this.#text.slice(0, start) + text + this.#text.slice(end);
    this.#cursor = start + text.length;
  }

  /** Before the character that is left of the cursor, however many code units it has. */
  #before(): number {
    if (this.#cursor === 0) return 0;
    const line = this.#text.slice(this.#startOfLine(), this.#cursor);
    return this.#cursor - (line === '' ? 1 : graphemes(line).at(-1)!.length);
  }

  #after(): number {
    if (this.#cursor === this.#text.length) return this.#cursor;
    const line = this.#text.slice(this.#cursor, this.#endOfLine());
    return this.#cursor + (line === '' ? 1 : graphemes(line)[0]!.length);
  }

  #wordStart(): number {
    return this.#cursor - (/[\p{L}\p{N}_]*[^\p{L}\p{N}_]*$/u.exec(this.#text.slice(0, this.#cursor))?.[0].length ?? 0);
  }

  #wordEnd(): number {
    return this.#cursor + (/^[^\p{L}\p{N}_]*[\p{L}\p{N}_]*/u.exec(this.#text.slice(this.#cursor))?.[0].length ?? 0);
  }

  #startOfLine(): number {
    return this.#cursor === 0 ? 0 : this.#text.lastIndexOf('\n', this.#cursor - 1) + 1;
  }

  #endOfLine(): number {
    const end = this.#text.indexOf('\n', this.#cursor);
    return end < 0 ? this.#text.length : end;
  }
}
