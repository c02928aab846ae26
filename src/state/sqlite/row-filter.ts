import type { Database } from '../../storage/database.js';
import type { SqliteValue } from './column-codec.js';

/** Decides on a row from its selected columns. */
export type RowPredicate = (columns: readonly SqliteValue[]) => boolean;

const NAME = 'state_row_passes';
/** The same, for statements that read safe integers. */
const NAME_BIG_INTS = 'state_row_passes_big';

/**
 * The SQL function that asks a predicate about a row: once a connection, for SQLite does not take a function while statements run.
 * Which predicate is meant is said around each step of a statement, so statements with different ones may take turns.
 */
export class RowFilter {
  #current: RowPredicate | null = null;

  /** The filter of a connection; registered when it is first asked for. */
  static of(database: Database): RowFilter {
    let filter = filters.get(database);
    if (filter === undefined) {
      filter = new RowFilter(database);
      filters.set(database, filter);
    }
    return filter;
  }

  private constructor(database: Database) {
    const ask = (...columns: SqliteValue[]) => (this.#current === null || this.#current(columns) ? 1 : 0);
    database.connection.function(NAME, { varargs: true, directOnly: true, safeIntegers: false }, ask);
    database.connection.function(NAME_BIG_INTS, { varargs: true, directOnly: true, safeIntegers: true }, ask);
  }

  /** The condition as SQL over these columns. */
  sql(columns: readonly string[], readsBigInts: boolean): string {
    return `${readsBigInts ? NAME_BIG_INTS : NAME}(${columns.join(', ')})`;
  }

  /** Runs `step` of a statement with the function meaning this predicate; null passes every row. */
  during<T>(predicate: RowPredicate | null, step: () => T): T {
    const outer = this.#current;
    this.#current = predicate;
    try {
      return step();
    } finally {
      this.#current = outer;
    }
  }
}

const filters = new WeakMap<Database, RowFilter>();
