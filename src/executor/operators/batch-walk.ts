import type { RecordBatchCursor } from '../../broker/record-batch-cursor.js';
import type { InputCursor, RecordSource } from './operator-builder.js';

/** A source that takes the records of a batch one by one. */
export abstract class BatchWalk implements RecordSource {
  run(input: InputCursor, until: number, max: number): number {
    const { cursor } = input;
    let done = 0;
    while (done < max && cursor.timestamp <= until) {
      this.process(cursor);
      done++;
      if (!cursor.next()) {
        input.hasRecord = false;
        break;
      }
    }
    return done;
  }

  abstract process(cursor: RecordBatchCursor): void;
}
