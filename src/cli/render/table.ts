import { clip, padEnd, padStart, printable, width, wrap } from './printable.js';

/** How tables are drawn; the first two are ksqlDB's `SET CLI` properties. */
export interface TableStyle {
  /** Long values go on in further lines; else they are cut and end in `...`. */
  readonly wrap: boolean;
  /** Columns of a terminal that each column takes; 0 lets the content decide. */
  readonly columnWidth: number;
  /** Width of the terminal; null where lines have no end. */
  readonly columns: number | null;
}

export interface TableColumn {
  readonly name: string;
  readonly right: boolean;
}

/** A column is not squeezed below this: then rows are better shown one value a line. */
const COLUMN_WIDTH_MIN = 8;
/** Nor below this when a value would then take more lines than that. */
const COLUMN_WIDTH_GOOD = 24;
const VALUE_LINES_MAX = 4;
/** Between columns: ` | `. */
const SEPARATOR_WIDTH = 3;

/**
 * Widths under which a table fits; null when it cannot, and rows have to be shown one value a line.
 * @param natural what each column would like, header included
 */
export function columnWidths(natural: readonly number[], style: TableStyle): number[] | null {
  if (style.columnWidth > 0) return natural.map(() => style.columnWidth);
  if (style.columns === null) return [...natural];
  const room = style.columns - 2 - SEPARATOR_WIDTH * (natural.length - 1);
  const sum = (cap: number): number => natural.reduce((total, size) => total + Math.min(size, cap), 0);
  if (sum(Number.POSITIVE_INFINITY) <= room) return [...natural];
  let cap = Math.max(...natural);
  while (cap >= COLUMN_WIDTH_MIN && sum(cap) > room) cap--;
  if (cap < COLUMN_WIDTH_MIN) return null;
  if (cap < COLUMN_WIDTH_GOOD && Math.max(...natural) > VALUE_LINES_MAX * cap) return null;
  let spare = room - sum(cap);
  return natural.map((size) => {
    const more = size > cap && spare > 0 ? 1 : 0;
    spare -= more;
    return Math.min(size, cap) + more;
  });
}

/** Draws rows under fixed widths, so that rows that come later line up with the first. */
export class TableWriter {
  readonly #columns: readonly TableColumn[];
  readonly #widths: readonly number[];
  readonly #style: TableStyle;

  constructor(columns: readonly TableColumn[], widths: readonly number[], style: TableStyle) {
    this.#columns = columns;
    this.#widths = widths;
    this.#style = style;
  }

  /** The names over a line. */
  header(emphasis: (text: string) => string = (text) => text): string {
    const names = this.#lines(
      this.#columns.map((column) => column.name),
      true,
    );
    const rule = this.#widths.map((size) => '-'.repeat(size + 2)).join('+');
    return `${names.map((line) => `${emphasis(line)}\n`).join('')}${rule}\n`;
  }

  row(cells: readonly string[]): string {
    return `${this.#lines(cells, this.#style.wrap).join('\n')}\n`;
  }

  #lines(cells: readonly string[], wrapped: boolean): string[] {
    const unbounded = this.#style.columns === null && this.#style.columnWidth === 0;
    const parts = cells.map((cell, i) => {
      const text = printable(cell);
      if (unbounded) return [text];
      return wrapped ? wrap(text, this.#widths[i]!) : [clip(text, this.#widths[i]!)];
    });
    const height = Math.max(1, ...parts.map((lines) => lines.length));
    const lines: string[] = [];
    for (let y = 0; y < height; y++) {
      const line = parts.map((part, i) => {
        const text = part[y] ?? '';
        return this.#columns[i]!.right ? padStart(text, this.#widths[i]!) : padEnd(text, this.#widths[i]!);
      });
      lines.push(` ${line.join(' | ')}`.trimEnd());
    }
    return lines;
  }
}

/** Rows one value a line, for tables that are too wide. */
export class VerticalWriter {
  readonly #columns: readonly TableColumn[];
  readonly #nameWidth: number;
  readonly #style: TableStyle;
  #number = 0;

  constructor(columns: readonly TableColumn[], style: TableStyle) {
    this.#columns = columns;
    this.#nameWidth = Math.max(...columns.map(({ name }) => width(name)));
    this.#style = style;
  }

  row(cells: readonly string[]): string {
    const title = `-[ ${++this.#number} ]`;
    const lines = [padDashes(title, Math.min(this.#style.columns ?? 40, 40))];
    const room = Math.max(10, (this.#style.columns ?? Number.POSITIVE_INFINITY) - this.#nameWidth - SEPARATOR_WIDTH);
    cells.forEach((cell, i) => {
      const parts = this.#style.wrap ? wrap(printable(cell), room) : [clip(printable(cell), room)];
      parts.forEach((part, y) => {
        lines.push(`${padEnd(y === 0 ? this.#columns[i]!.name : '', this.#nameWidth)} | ${part}`);
      });
    });
    return `${lines.join('\n')}\n`;
  }
}

function padDashes(text: string, columns: number): string {
  return text + '-'.repeat(Math.max(0, columns - text.length));
}

/** A whole table, or its rows one value a line where it does not fit. */
export function tableText(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  style: TableStyle,
  emphasis?: (text: string) => string,
): string {
  const widths = columnWidths(naturalWidths(columns, rows), style);
  if (widths === null) {
    const writer = new VerticalWriter(columns, style);
    return rows.map((row) => writer.row(row)).join('');
  }
  const writer = new TableWriter(columns, widths, style);
  return writer.header(emphasis) + rows.map((row) => writer.row(row)).join('');
}

/** What each column needs for its name and for these rows. */
export function naturalWidths(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): number[] {
  return columns.map(({ name }, i) => {
    let size = Math.max(1, width(name));
    for (const row of rows) size = Math.max(size, width(printable(row[i]!)));
    return size;
  });
}
