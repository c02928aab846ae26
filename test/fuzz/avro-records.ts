import type { Random } from '../simulation/random.js';
import { anyNumber, anySize, zigzag } from './varint.js';

/** A schema as JSON has it. */
export type AvroJson = string | readonly AvroJson[] | AvroObject;

interface AvroObject {
  readonly type: AvroJson;
  readonly name?: string;
  readonly fields?: readonly { readonly name: string; readonly type: AvroJson }[];
  readonly items?: AvroJson;
  readonly values?: AvroJson;
  readonly symbols?: readonly string[];
  readonly size?: number;
}

/** With what other programs write and SQL's own columns do not: unions of several types, recursion, elements of no bytes, blocks with sizes. */
export const FOREIGN_AVRO: AvroObject = {
  type: 'record',
  name: 'Foreign',
  fields: [
    { name: 'I', type: 'int' },
    { name: 'L', type: 'long' },
    { name: 'F', type: 'float' },
    { name: 'D', type: ['null', 'double'] },
    { name: 'B', type: ['boolean', 'null'] },
    { name: 'S', type: 'string' },
    { name: 'RAW', type: 'bytes' },
    { name: 'FIXED', type: { type: 'fixed', name: 'Eight', size: 8 } },
    { name: 'KIND', type: { type: 'enum', name: 'Kind', symbols: ['A', 'B', 'C'] } },
    { name: 'AMOUNT', type: { type: 'bytes', logicalType: 'decimal', precision: 20, scale: 4 } as AvroObject },
    { name: 'MICROS', type: { type: 'long', logicalType: 'timestamp-micros' } as AvroObject },
    { name: 'CLOCK', type: { type: 'long', logicalType: 'time-micros' } as AvroObject },
    {
      name: 'CHOICE',
      type: [
        'null',
        'int',
        'string',
        {
          type: 'record',
          name: 'Part',
          fields: [
            { name: 'X', type: ['null', 'long'] },
            { name: 'Y', type: 'string' },
          ],
        },
      ],
    },
    { name: 'PARTS', type: { type: 'map', values: { type: 'array', items: 'Part' } } as AvroObject },
    { name: 'NULLS', type: { type: 'array', items: 'null' } },
    { name: 'HOLES', type: { type: 'array', items: { type: 'record', name: 'Hole', fields: [] } } },
    { name: 'GRID', type: { type: 'array', items: { type: 'array', items: ['null', 'long'] } } },
    {
      name: 'LIST',
      type: {
        type: 'record',
        name: 'Node',
        fields: [
          { name: 'N', type: 'long' },
          { name: 'TAGS', type: { type: 'array', items: 'string' } },
          { name: 'NEXT', type: ['null', 'Node'] },
        ],
      },
    },
    { name: 'TREE', type: ['null', { type: 'array', items: 'Node' }] },
    { name: 'LAST', type: 'int' },
  ],
};

const DEPTH_MAX = 6;

/** The body of a record of that schema. */
export function avroBody(random: Random, schema: AvroJson): Buffer {
  const names = new Map<string, AvroObject>();
  return Buffer.concat(write(random, schema, names, 0));
}

function write(random: Random, schema: AvroJson, names: Map<string, AvroObject>, depth: number): Buffer[] {
  if (typeof schema === 'string') {
    const named = names.get(schema);
    return named === undefined ? primitive(random, schema) : write(random, named, names, depth + 1);
  }
  if (!('type' in schema)) {
    const branch = depth > DEPTH_MAX ? Math.max(0, schema.indexOf('null')) : random.below(schema.length);
    // The types that a union names are known afterwards, whichever branch is taken.
    for (const other of schema) learn(other, names);
    return [zigzag(branch), ...write(random, schema[branch]!, names, depth)];
  }
  learn(schema, names);
  switch (schema.type) {
    case 'record':
      return schema.fields!.flatMap((field) => write(random, field.type, names, depth));
    case 'array':
      return blocks(random, depth, () => write(random, schema.items!, names, depth + 1));
    case 'map':
      return blocks(random, depth, () => [
        ...primitive(random, 'string'),
        ...write(random, schema.values!, names, depth + 1),
      ]);
    case 'enum':
      return [zigzag(random.below(schema.symbols!.length))];
    case 'fixed':
      return [Buffer.alloc(schema.size!, random.below(256))];
    default:
      return write(random, schema.type, names, depth);
  }
}

function learn(schema: AvroJson, names: Map<string, AvroObject>): void {
  if (typeof schema === 'object' && 'type' in schema && schema.name !== undefined) names.set(schema.name, schema);
}

/** Elements in one block or several, some of which say how many bytes they have. */
function blocks(random: Random, depth: number, element: () => Buffer[]): Buffer[] {
  const parts: Buffer[] = [];
  for (let left = depth > DEPTH_MAX ? 0 : random.below(4); left > 0; ) {
    const count = 1 + random.below(left);
    const block = Buffer.concat(Array.from({ length: count }, element).flat());
    if (random.chance(0.3)) parts.push(zigzag(-count), zigzag(block.length), block);
    else parts.push(zigzag(count), block);
    left -= count;
  }
  return [...parts, zigzag(0)];
}

function primitive(random: Random, type: string): Buffer[] {
  switch (type) {
    case 'null':
      return [];
    case 'boolean':
      return [Buffer.from([random.below(2)])];
    case 'int':
      return [zigzag(random.below(1000) - 500)];
    case 'long':
      return [zigzag(anyNumber(random))];
    case 'float':
      return [Buffer.alloc(4, random.below(256))];
    case 'double':
      return [Buffer.alloc(8, random.below(256))];
    default: {
      const text = Buffer.from(random.pick(['', 'a', 'Zürich', '12', '1.5', '😀', 'x'.repeat(30)]));
      return [zigzag(text.length), text];
    }
  }
}

const PIECES_MAX = 40;
const LONG_CHAIN = 20_000;

/** Numbers and lengths that would ask for more than is there, in any order: what they mean depends on where a schema meets them. */
export function avroNumbers(random: Random, extremes: readonly Buffer[]): Buffer {
  return Buffer.concat(
    Array.from({ length: 1 + random.below(PIECES_MAX) }, () =>
      random.chance(0.3) ? random.pick(extremes) : zigzag(random.below(12) - 3),
    ),
  );
}

/** For {@link FOREIGN_AVRO}: all that comes before its lists, then a list without end, or one of very many nodes. */
export function avroChain(random: Random): Buffer {
  const before = avroBody(random, { ...FOREIGN_AVRO, fields: FOREIGN_AVRO.fields!.slice(0, -3) });
  const node = Buffer.from([2, 0, 2]);
  return Buffer.concat([before, Buffer.alloc(anySize(random, LONG_CHAIN) * node.length, node)]);
}
