import { GrowableSink } from '../../src/formats/byte-sink.js';
import type { Format, FormatSpec } from '../../src/formats/format.js';
import type { WriterSchemas } from '../../src/formats/schema-registry/schema-registry.js';
import type { Column } from '../../src/model/schema.js';
import type { Batch } from './orders.js';

/** Where the last values are left, so that nothing can be left out. */
export const kept: unknown[] = Array.from({ length: 8 }, () => null);

/** Reads the wanted columns of every record. The loop is generated, as the pipelines of queries are. */
export function decode(
  format: Format,
  spec: FormatSpec,
  columns: readonly Column[],
  wanted: readonly number[],
  batch: Batch,
  schemas?: WriterSchemas,
): () => void {
  const deserializer = format.deserializer(spec, columns, wanted, 'value', schemas);
  const body = `
    ${wanted.map((_, i) => `const read${i} = deserializer.read[${i}];`).join('\n')}
    return () => {
      let start = 0;
      for (let i = 0; i < ends.length; i++) {
        const end = ends[i];
        deserializer.scan(bytes, start, end);
        ${wanted.map((_, i) => `kept[${i}] = read${i}();`).join('\n')}
        start = end;
      }
    };`;
  return new Function('deserializer', 'bytes', 'ends', 'kept', body)(deserializer, batch.bytes, batch.ends, kept);
}

/** Writes the columns of every row, whose members bear the names of the columns. */
export function encode(
  format: Format,
  spec: FormatSpec,
  columns: readonly Column[],
  rows: readonly object[],
): () => void {
  const serializer = format.serializer(spec, columns, 'value');
  const sink = new GrowableSink(1 << 20);
  const body = `
    return () => {
      sink.reset();
      for (let i = 0; i < rows.length; i++) {
        const row = rows[i];
        serializer.write(sink, ${columns.map(({ name }) => `row.${name}`).join(', ')});
      }
      kept[0] = sink.position;
    };`;
  return new Function('serializer', 'sink', 'rows', 'kept', body)(serializer, sink, rows, kept);
}
