import { describe, expect, it } from 'vitest';
import { RecordBatchBuilder } from '../../../../src/broker/record-batch-builder.js';
import { SchemaGate } from '../../../../src/executor/task/schema-gate.js';

/** A frame that names a schema, and a body. */
const framed = (id: number, body = 'x'): Buffer => {
  const bytes = Buffer.alloc(5 + body.length);
  bytes.writeInt32BE(id, 1);
  bytes.write(body, 5);
  return bytes;
};
const flagged = (rows: Buffer): Buffer => Buffer.concat([Buffer.of(4), rows]);
const images = (...rows: readonly Buffer[]): Buffer =>
  Buffer.concat([
    Buffer.of(3),
    ...rows.map((row) => {
      const length = Buffer.alloc(4);
      length.writeInt32BE(row.length);
      return Buffer.concat([length, row]);
    }),
  ]);

function batch(...records: readonly (readonly [key: Buffer | null, value: Buffer | null])[]): Buffer {
  const builder = new RecordBatchBuilder();
  for (const [key, value] of records) builder.append(1, key, value);
  return builder.finish();
}

/** What is asked for when nothing but `known` is known, and whether the batch may go on. */
function look(
  halves: ConstructorParameters<typeof SchemaGate>[1],
  bytes: Buffer,
  ...known: readonly number[]
): { readonly admitted: boolean; readonly asked: readonly number[] } {
  const asked: number[] = [];
  const schemas = {
    find: () => undefined,
    ask: (id: number) => {
      asked.push(id);
      return known.includes(id);
    },
  };
  return { admitted: new SchemaGate(schemas, halves).admits(bytes), asked };
}

describe('the gate of an input', () => {
  const VALUES = { key: false, value: 'row' } as const;

  it('asks for every schema that values name, once in a row', () => {
    const bytes = batch([null, framed(7)], [null, framed(7)], [null, framed(8)], [null, framed(9)]);
    expect(look(VALUES, bytes, 7, 9)).toEqual({ admitted: false, asked: [7, 8, 9] });
    expect(look(VALUES, bytes, 7, 8, 9)).toEqual({ admitted: true, asked: [7, 8, 9] });
  });

  it('asks again in the next batch: what was known to be none may have been registered', () => {
    const asked: number[] = [];
    const ask = (id: number): boolean => asked.push(id) > 0;
    const gate = new SchemaGate({ find: () => undefined, ask }, VALUES);
    const bytes = batch([null, framed(7)], [null, framed(7)]);
    gate.admits(bytes);
    gate.admits(bytes);
    expect(asked).toEqual([7, 7]);
  });

  it('looks at keys and values as the formats say', () => {
    const bytes = batch([framed(1), framed(2)]);
    expect(look({ key: true, value: null }, bytes)).toEqual({ admitted: false, asked: [1] });
    expect(look(VALUES, bytes)).toEqual({ admitted: false, asked: [2] });
    expect(look({ key: true, value: 'row' }, bytes, 1, 2)).toEqual({ admitted: true, asked: [1, 2] });
  });

  it('lets pass what names no schema', () => {
    const bytes = batch(
      [null, null],
      [null, Buffer.from('{"a":1}')],
      [null, Buffer.of(0, 0, 1)],
      [null, Buffer.alloc(0)],
    );
    expect(look({ key: true, value: 'row' }, bytes)).toEqual({ admitted: true, asked: [] });
  });

  it('finds rows behind the flags of repartition topics, both images of a change', () => {
    expect(look({ key: false, value: 'flagged' }, batch([null, flagged(framed(5))]))).toEqual({
      admitted: false,
      asked: [5],
    });
    const change = batch([null, images(framed(5), framed(6))], [null, images(framed(6))], [null, Buffer.of(0)]);
    expect(look({ key: false, value: 'changes' }, change, 5, 6)).toEqual({ admitted: true, asked: [5, 6] });
  });
});
