import type { SqlValue } from '../model/value.js';
import type { ByteSink, Serializer } from './format.js';

/** Appends one column to the sink. */
export type ColumnWriter = (sink: ByteSink, value: SqlValue) => void;

/**
 * A serializer that calls the column writers in order. Its `write` is generated, so that it has one parameter a column and
 * each call site within it sees one writer only. When a writer throws, nothing is left in the sink.
 */
export function compileWriter(writers: readonly ColumnWriter[]): Serializer {
  const values = writers.map((_, i) => `v${i}`);
  const body = `
    ${writers.map((_, i) => `const w${i} = writers[${i}];`).join('\n    ')}
    return function write(${['sink', ...values].join(', ')}) {
      const mark = sink.position;
      try {
        ${writers.map((_, i) => `w${i}(sink, v${i});`).join('\n        ')}
      } catch (error) {
        sink.position = mark;
        throw error;
      }
      return true;
    };`;
  const write = new Function('writers', body)(writers) as Serializer['write'];
  return { write };
}
