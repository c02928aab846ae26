/** A record of a CSV file. A cell that was nothing at all is null, one that was quoted and empty is the empty text. */
export interface CsvRecord {
  readonly cells: readonly (string | null)[];
  /** Where it begins, counting from 1. */
  readonly line: number;
}

/** The text is not CSV. */
export class CsvError extends Error {
  override readonly name = 'CsvError';
  constructor(
    message: string,
    readonly line: number,
  ) {
    super(message);
  }
}

/** A record is held in memory while it is read; a larger one means that a quote is not closed. */
const RECORD_CHARACTERS_MAX = 16_777_216;

/** Reads RFC 4180 from pieces of text: quoted cells with commas, line ends and doubled quotes; LF or CRLF; empty lines are skipped. */
export class CsvReader {
  #rest = '';
  #line = 1;

  /** The line that the next record begins on. */
  get line(): number {
    return this.#line;
  }

  /** The records that a piece completes, the good ones before a bad one. @throws CsvError */
  *push(text: string): Generator<CsvRecord> {
    this.#rest += text;
    yield* this.#take(false);
  }

  /** The record that no line end follows. @throws CsvError */
  *end(): Generator<CsvRecord> {
    yield* this.#take(true);
  }

  *#take(last: boolean): Generator<CsvRecord> {
    const text = this.#rest;
    let at = 0;
    while (at < text.length) {
      const end = endOfRecord(text, at);
      if (end < 0 && !last) break;
      const record = text.slice(at, end < 0 ? text.length : end).replace(/\r$/, '');
      if (record !== '') yield { cells: this.#cells(record), line: this.#line };
      this.#line += lineEnds(record) + 1;
      at = end < 0 ? text.length : end + 1;
    }
    this.#rest = text.slice(at);
    if (this.#rest.length > RECORD_CHARACTERS_MAX)
      throw new CsvError('a quote that begins here is not closed', this.#line);
  }

  #cells(record: string): (string | null)[] {
    const cells: (string | null)[] = [];
    let at = 0;
    for (;;) {
      if (record[at] === '"') {
        const end = endOfQuoted(record, at);
        if (end < 0) throw new CsvError('a quote is not closed', this.#line);
        cells.push(record.slice(at + 1, end).replaceAll('""', '"'));
        at = end + 1;
        if (at < record.length && record[at] !== ',') throw new CsvError('text follows a closing quote', this.#line);
      } else {
        const comma = record.indexOf(',', at);
        const end = comma < 0 ? record.length : comma;
        cells.push(end === at ? null : record.slice(at, end));
        at = end;
      }
      if (at >= record.length) return cells;
      at++;
    }
  }
}

/** The line end outside quotes; -1 when there is none. */
function endOfRecord(text: string, from: number): number {
  const plain = text.indexOf('\n', from);
  const quote = text.indexOf('"', from);
  if (quote < 0 || (plain >= 0 && plain < quote)) return plain;
  let quoted = false;
  for (let at = quote; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) quoted = !quoted;
    else if (code === 0x0a && !quoted) return at;
  }
  return -1;
}

function endOfQuoted(record: string, from: number): number {
  for (let at = from + 1; at < record.length; at++) {
    if (record[at] !== '"') continue;
    if (record[at + 1] !== '"') return at;
    at++;
  }
  return -1;
}

function lineEnds(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
