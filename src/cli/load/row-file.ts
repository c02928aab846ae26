import { createReadStream, type ReadStream, statSync } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { SystemError } from '../../model/errors.js';
import { unreadable } from '../config/server-config.js';
import { UsageError } from '../exit.js';
import { CsvError, CsvReader, type CsvRecord } from './csv-reader.js';
import { CsvRowWriter, type LoadColumn } from './csv-row.js';

/** A row of a file as a JSON object, and the line it begins on. */
export interface FileRow {
  readonly line: number;
  readonly json: string;
}

/** A row that cannot be taken. */
export class RowError extends Error {
  override readonly name = 'RowError';
  constructor(
    message: string,
    readonly line: number,
  ) {
    super(message);
  }
}

/** Bytes that are read at a time. */
const CHUNK_BYTES = 262_144;
const LINE_CHARACTERS_MAX = 16_777_216;

/** The rows of a `.ndjson`, `.jsonl` or `.csv` file, each also with `.gz`, read as they are asked for. */
export class RowFile {
  readonly path: string;
  /** Size of the file in bytes. */
  readonly size: number;
  readonly #format: 'ndjson' | 'csv';
  readonly #gzip: boolean;
  #file: ReadStream | null = null;

  /** @throws UsageError when the file is not there or its name does not tell what it holds */
  constructor(path: string) {
    const found = /\.(ndjson|jsonl|csv)(\.gz)?$/i.exec(path);
    if (found === null) {
      throw new UsageError(
        `the name of "${path}" does not say what it holds`,
        'It must end in .ndjson, .jsonl or .csv, with .gz when compressed.',
      );
    }
    this.path = path;
    this.#format = found[1]!.toLowerCase() === 'csv' ? 'csv' : 'ndjson';
    this.#gzip = found[2] !== undefined;
    try {
      const stats = statSync(path);
      if (stats.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
      this.size = stats.size;
    } catch (error) {
      throw unreadable(path, 'file', error);
    }
  }

  /** Bytes of the file, as it lies on the disk, that have been read. */
  get bytesRead(): number {
    return this.#file?.bytesRead ?? 0;
  }

  /**
   * The rows in groups, as they are read: all good ones before the first bad one.
   * @param columns what a CSV header may name
   * @throws RowError for a row that is none, SystemError when the file cannot be read on
   */
  async *rows(columns: readonly LoadColumn[]): AsyncGenerator<readonly FileRow[]> {
    const reader = this.#format === 'csv' ? new CsvRows(columns) : new NdjsonRows();
    const decoder = new TextDecoder('utf-8', { fatal: true });
    const decode = (chunk?: Buffer): string => {
      try {
        return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
      } catch {
        throw new RowError('here or a little later the text is not UTF-8', reader.line);
      }
    };
    for await (const chunk of this.#bytes()) {
      yield reader.push(decode(chunk));
      if (reader.failure !== null) throw reader.failure;
    }
    decode();
    yield reader.end();
    if (reader.failure !== null) throw reader.failure;
  }

  async *#bytes(): AsyncGenerator<Buffer> {
    const file = createReadStream(this.path, { highWaterMark: CHUNK_BYTES });
    this.#file = file;
    const end = this.#gzip ? pipeline(file, createGunzip({ chunkSize: CHUNK_BYTES }), () => {}) : file;
    try {
      for await (const chunk of end) yield chunk as Buffer;
    } catch (error) {
      throw new SystemError(`cannot read "${this.path}": ${(error as Error).message}`, { code: 'file-unreadable' });
    }
  }
}

interface RowReader {
  /** The line that is read next. */
  readonly line: number;
  /** What is wrong with the row after the ones returned. */
  readonly failure: RowError | null;
  push(text: string): FileRow[];
  end(): FileRow[];
}

class NdjsonRows implements RowReader {
  failure: RowError | null = null;
  line = 1;
  #rest = '';

  push(text: string): FileRow[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    const rows: FileRow[] = [];
    for (const line of lines) this.#add(line, rows);
    if (this.#rest.length > LINE_CHARACTERS_MAX)
      this.failure = new RowError('the line is longer than 16 MB', this.line);
    return rows;
  }

  end(): FileRow[] {
    const rows: FileRow[] = [];
    this.#add(this.#rest, rows);
    return rows;
  }

  #add(text: string, rows: FileRow[]): void {
    const json = text.trim();
    if (json !== '') rows.push({ line: this.line, json });
    this.line++;
  }
}

class CsvRows implements RowReader {
  failure: RowError | null = null;
  readonly #columns: readonly LoadColumn[];
  readonly #reader = new CsvReader();
  #writer: CsvRowWriter | null = null;

  constructor(columns: readonly LoadColumn[]) {
    this.#columns = columns;
  }

  get line(): number {
    return this.#reader.line;
  }

  push(text: string): FileRow[] {
    return this.#rows(this.#reader.push(text));
  }

  end(): FileRow[] {
    return this.#rows(this.#reader.end());
  }

  #rows(records: Iterable<CsvRecord>): FileRow[] {
    const rows: FileRow[] = [];
    let line = this.line;
    try {
      for (const record of records) {
        line = record.line;
        if (this.#writer === null) this.#writer = new CsvRowWriter(record.cells, this.#columns);
        else rows.push({ line, json: this.#writer.row(record.cells) });
      }
    } catch (error) {
      this.failure = new RowError((error as Error).message, error instanceof CsvError ? error.line : line);
    }
    return rows;
  }
}
