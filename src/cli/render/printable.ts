import stringWidth from 'string-width';

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
const CONTROL_BUT_LINES = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

const NAMES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One line of text that cannot steer a terminal: control characters are spelt out. */
export function printable(text: string): string {
  CONTROL.lastIndex = 0;
  return CONTROL.test(text) ? text.replace(CONTROL, spelt) : text;
}

/** The same for text of several lines: line ends and tabs stay. */
export function printableLines(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(CONTROL_BUT_LINES, spelt);
}

function spelt(character: string): string {
  const code = character.charCodeAt(0);
  return NAMES[character] ?? (code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`);
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}

const ASCII = /^[\u0020-\u007e]*$/;

/** How many columns of a terminal a text takes. */
export function width(text: string): number {
  return ASCII.test(text) ? text.length : stringWidth(text);
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** The characters of a text as a reader counts them. */
export function graphemes(text: string): string[] {
  return ASCII.test(text) ? [...text] : Array.from(segmenter.segment(text), (part) => part.segment);
}

/** Cuts a text into pieces of at most so many columns, at blanks where it can. At least one piece. */
export function wrap(text: string, columns: number): string[] {
  if (width(text) <= columns) return [text];
  const lines: string[] = [];
  let line: string[] = [];
  let used = 0;
  for (const character of graphemes(text)) {
    const size = width(character);
    if (used + size > columns && line.length > 0) {
      const blank = line.lastIndexOf(' ');
      const keep = character === ' ' || blank <= columns / 2 ? line.length : blank + 1;
      lines.push(line.slice(0, keep).join('').trimEnd());
      line = line.slice(keep);
      used = width(line.join(''));
      if (character === ' ' && line.length === 0) continue;
    }
    line.push(character);
    used += size;
  }
  if (line.length > 0) lines.push(line.join(''));
  return lines;
}

/** The text in at most so many columns; `...` says that something is missing. */
export function clip(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  const room = Math.max(0, columns - 3);
  let kept = '';
  let used = 0;
  for (const character of graphemes(text)) {
    const size = width(character);
    if (used + size > room) break;
    kept += character;
    used += size;
  }
  return kept + '...'.slice(0, columns);
}

export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - width(text)));
}

export function padStart(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - width(text))) + text;
}
