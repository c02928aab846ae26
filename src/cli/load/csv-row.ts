import { quoteJsonString } from '../../model/json-text.js';

/** A column that a file may fill. */
export interface LoadColumn {
  readonly name: string;
  /** Name of the SQL type, without parameters: `INTEGER`, `ARRAY`. */
  readonly type: string;
}

type CellWriter = (cell: string) => string | null;

/** Turns the cells of a CSV record into a JSON object, by the types of the columns that the header names. */
export class CsvRowWriter {
  readonly #names: readonly string[];
  readonly #writers: readonly CellWriter[];
  readonly #types: readonly string[];

  /** @throws Error when the header names no column, or one that is not there, or one twice */
  constructor(header: readonly (string | null)[], columns: readonly LoadColumn[]) {
    const seen = new Set<string>();
    const found = header.map((cell): LoadColumn => {
      const name = (cell ?? '').trim();
      const column = columnNamed(name, columns);
      if (column === null) {
        const known = columns.map((c) => c.name).join(', ');
        throw new Error(
          `the header names ${name === '' ? 'nothing' : `"${name}"`}, which is no column: there are ${known}`,
        );
      }
      if (seen.has(column.name)) throw new Error(`the header names ${column.name} twice`);
      seen.add(column.name);
      return column;
    });
    this.#names = found.map(({ name }) => quoteJsonString(`\`${name}\``));
    this.#types = found.map(({ type }) => type);
    this.#writers = found.map(({ type }) => WRITERS[type] ?? quoteJsonString);
  }

  /** @throws Error that says which cell does not fit */
  row(cells: readonly (string | null)[]): string {
    if (cells.length !== this.#names.length) {
      throw new Error(`the record has ${cells.length} cells, the header ${this.#names.length}`);
    }
    let text = '{';
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i]!;
      const json = cell === null ? 'null' : this.#writers[i]!(cell);
      if (json === null)
        throw new Error(`${this.#names[i]!.slice(2, -2)} is "${shortened(cell!)}", which is no ${this.#types[i]}`);
      text += `${i === 0 ? '' : ','}${this.#names[i]!}:${json}`;
    }
    return `${text}}`;
  }
}

/** By the exact name, then without regard to case. `ROWTIME` is the time of the record. */
function columnNamed(name: string, columns: readonly LoadColumn[]): LoadColumn | null {
  const exact = columns.find((c) => c.name === name) ?? columns.find((c) => c.name === name.toUpperCase());
  if (exact !== undefined) return exact;
  return name.toUpperCase() === 'ROWTIME' ? { name: 'ROWTIME', type: 'BIGINT' } : null;
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** The number as JSON spells it, no digit lost. */
function numberText(cell: string): string | null {
  const text = cell.trim();
  if (!NUMBER.test(text)) return null;
  const [, sign, whole, fraction, exponent] = /^([+-]?)(\d*)\.?(\d*)(.*)$/.exec(text)!;
  const digits = whole!.replace(/^0+(?=\d)/, '') || '0';
  return `${sign === '-' ? '-' : ''}${digits}${fraction === '' ? '' : `.${fraction}`}${exponent}`;
}

function booleanText(cell: string): string | null {
  const text = cell.trim().toLowerCase();
  return text === 'true' || text === 'false' ? text : null;
}

function jsonText(cell: string): string | null {
  try {
    JSON.parse(cell);
    return cell;
  } catch {
    return null;
  }
}

const WRITERS: Readonly<Record<string, CellWriter>> = {
  INTEGER: numberText,
  BIGINT: numberText,
  DOUBLE: numberText,
  DECIMAL: numberText,
  BOOLEAN: booleanText,
  ARRAY: jsonText,
  MAP: jsonText,
  STRUCT: jsonText,
};

function shortened(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 37)}...`;
}
