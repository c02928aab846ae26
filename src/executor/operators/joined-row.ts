import { keyColumns, type Schema } from '../../model/schema.js';
import type { Row } from '../../model/value.js';
import type { JoinColumn } from '../../planner/physical/physical-plan.js';

/** Builds the rows of a join: key columns from the join's key, the others from whichever side has them. */
export class JoinedRow {
  readonly #keyCount: number;
  readonly #columns: readonly JoinColumn[];

  constructor(schema: Schema, columns: readonly JoinColumn[]) {
    this.#keyCount = keyColumns(schema).length;
    this.#columns = columns;
  }

  /** Fills and returns `output`; the columns of a missing side are null. */
  fill(output: Row, key: Row, left: Row | null, right: Row | null): Row {
    const columns = this.#columns;
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]!;
      if (i < this.#keyCount) {
        output[i] = key[i]!;
      } else if (column.from === 'key') {
        output[i] = key[column.index]!;
      } else {
        const side = column.from === 'left' ? left : right;
        output[i] = side === null ? null : side[column.index]!;
      }
    }
    return output;
  }
}
