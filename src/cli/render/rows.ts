import { JsonNumber, type JsonValue, quoteJsonString, writeJson } from '../../model/json-text.js';
import type { ColumnInfo, RowInfo } from '../backend/backend.js';
import { cellText, isRightAligned } from './cell.js';
import { csvRecord } from './csv-text.js';
import type { OutputFormat } from './output-format.js';
import {
  columnWidths,
  naturalWidths,
  type TableColumn,
  type TableStyle,
  TableWriter,
  VerticalWriter,
} from './table.js';

/** Turns the rows of one result into text, batch by batch. */
export interface RowPrinter {
  rows(batch: readonly RowInfo[]): string;
  /** What remains after the last row. */
  end(): string;
}

export interface RowPrinterOptions {
  readonly columns: readonly ColumnInfo[];
  readonly style: TableStyle;
  /** Rows trickle in: the first ones are shown at once, and widths leave room for longer values. */
  readonly live: boolean;
  readonly emphasis: (text: string) => string;
}

export function rowPrinter(format: OutputFormat, options: RowPrinterOptions): RowPrinter {
  switch (format) {
    case 'table':
      return new TablePrinter(options);
    case 'json':
      return new JsonPrinter(options.columns);
    case 'ndjson':
      return new NdjsonPrinter(options.columns);
    case 'csv':
      return new CsvPrinter(options.columns);
  }
}

/** Rows of a result that ends which are looked at before the widths are fixed. */
const SAMPLE_ROWS = 1_000;

class TablePrinter implements RowPrinter {
  readonly #columns: readonly TableColumn[];
  readonly #types: readonly string[];
  readonly #options: RowPrinterOptions;
  #waiting: string[][] = [];
  #writer: { row(cells: readonly string[]): string } | null = null;

  constructor(options: RowPrinterOptions) {
    this.#options = options;
    this.#columns = options.columns.map(({ name, type }) => ({ name, right: isRightAligned(type) }));
    this.#types = options.columns.map(({ type }) => type);
  }

  rows(batch: readonly RowInfo[]): string {
    const cells = batch.map(rowCells);
    if (this.#writer !== null) return this.#text(cells);
    this.#waiting.push(...cells);
    return this.#options.live || this.#waiting.length >= SAMPLE_ROWS ? this.#begin() : '';
  }

  end(): string {
    return this.#writer === null ? this.#begin() : '';
  }

  #begin(): string {
    const { style, live, emphasis } = this.#options;
    const rows = this.#waiting;
    this.#waiting = [];
    const natural = naturalWidths(this.#columns, rows);
    const widths = live ? liveWidths(natural, this.#types, style) : columnWidths(natural, style);
    if (widths === null) {
      this.#writer = new VerticalWriter(this.#columns, style);
      return this.#text(rows);
    }
    const writer = new TableWriter(this.#columns, widths, style);
    this.#writer = writer;
    return writer.header(emphasis) + this.#text(rows);
  }

  #text(rows: readonly (readonly string[])[]): string {
    let text = '';
    for (const row of rows) text += this.#writer!.row(row);
    return text;
  }
}

/** What a column of texts takes before it has shown that it needs more. */
const TEXT_WIDTH = 16;
const TEXT_WIDTH_MIN = 10;
const TEXT_WIDTH_MAX = 40;

/** Widths for values that are still to come: numbers get what they need, texts share the rest; null when that is too little. */
function liveWidths(natural: readonly number[], types: readonly string[], style: TableStyle): number[] | null {
  if (style.columnWidth > 0) return natural.map(() => style.columnWidth);
  const usual = natural.map((size, i) => {
    const width = usualWidth(types[i]!);
    return width === null ? null : Math.max(size, width);
  });
  const texts = usual.filter((width) => width === null).length;
  if (style.columns === null) return usual.map((width, i) => width ?? Math.max(natural[i]!, TEXT_WIDTH));
  const taken = usual.reduce((sum: number, width) => sum + (width ?? 0), 2 + 3 * (natural.length - 1));
  const room = style.columns - taken;
  if (room < texts * TEXT_WIDTH_MIN) return null;
  const share = Math.min(TEXT_WIDTH_MAX, Math.floor(room / Math.max(1, texts)));
  return usual.map((width) => width ?? share);
}

/** Columns of a terminal that most values of a type need; null for texts and nested values, which may need any. */
function usualWidth(type: string): number | null {
  return USUAL_WIDTHS[type.replace(/\(.*$/, '')] ?? null;
}

const USUAL_WIDTHS: Readonly<Record<string, number>> = {
  BOOLEAN: 5,
  INTEGER: 10,
  BIGINT: 14,
  DOUBLE: 14,
  DECIMAL: 14,
  DATE: 10,
  TIME: 12,
  TIMESTAMP: 23,
};

function rowCells({ values, tombstone }: RowInfo): string[] {
  return values.map((value) => (tombstone && value === null ? '<TOMBSTONE>' : cellText(value)));
}

/** The row as one JSON object. */
function rowObject(names: readonly string[], { values, tombstone }: RowInfo): string {
  let text = '{';
  for (let i = 0; i < names.length; i++) text += `${i === 0 ? '' : ','}${names[i]!}:${writeJson(values[i]!)}`;
  return tombstone ? `${text}${names.length === 0 ? '' : ','}"@tombstone":true}` : `${text}}`;
}

function memberNames(columns: readonly ColumnInfo[]): string[] {
  return columns.map(({ name }) => quoteJsonString(name));
}

/** One array of objects, one of them a line. */
class JsonPrinter implements RowPrinter {
  readonly #names: readonly string[];
  #begun = false;

  constructor(columns: readonly ColumnInfo[]) {
    this.#names = memberNames(columns);
  }

  rows(batch: readonly RowInfo[]): string {
    let text = '';
    for (const row of batch) {
      text += `${this.#begun ? ',\n' : '[\n'}${rowObject(this.#names, row)}`;
      this.#begun = true;
    }
    return text;
  }

  end(): string {
    return this.#begun ? '\n]\n' : '[]\n';
  }
}

class NdjsonPrinter implements RowPrinter {
  readonly #names: readonly string[];

  constructor(columns: readonly ColumnInfo[]) {
    this.#names = memberNames(columns);
  }

  rows(batch: readonly RowInfo[]): string {
    let text = '';
    for (const row of batch) text += `${rowObject(this.#names, row)}\n`;
    return text;
  }

  end(): string {
    return '';
  }
}

class CsvPrinter implements RowPrinter {
  readonly #header: string;
  #begun = false;

  constructor(columns: readonly ColumnInfo[]) {
    this.#header = `${csvRecord(columns.map(({ name }) => name))}\n`;
  }

  rows(batch: readonly RowInfo[]): string {
    let text = this.#begin();
    for (const { values } of batch) text += `${csvRecord(values.map(csvText))}\n`;
    return text;
  }

  end(): string {
    return this.#begin();
  }

  #begin(): string {
    if (this.#begun) return '';
    this.#begun = true;
    return this.#header;
  }
}

function csvText(value: JsonValue): string | null {
  if (value === null || typeof value === 'string') return value;
  return value instanceof JsonNumber ? value.text : writeJson(value);
}
