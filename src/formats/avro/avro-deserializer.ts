import { RecordError, StatementError } from '../../model/errors.js';
import type { Deserializer } from '../format.js';
import { FRAME_BYTES, frameId, unknownSchema } from '../schema-registry/framing.js';
import { LruMap } from '../schema-registry/lru-map.js';
import type { RegisteredSchema, WriterSchemas } from '../schema-registry/schema-registry.js';
import { ValueProblem, valueError } from '../value-problem.js';
import { compileReader, type ReaderTarget } from './compile-reader.js';
import { parseAvro } from './parse-avro.js';

/** Readers for the schemas of the last records. */
const READERS_MAX = 64;

/** The reader for one schema, or why there is none. */
type ReaderOfSchema =
  | { readonly id: number; readonly reader: Deserializer }
  | { readonly id: number; readonly problem: string };

/** Reads records in the frame of a schema registry, each with the schema that it was written with. */
export function avroDeserializer(target: ReaderTarget, half: 'key' | 'value', schemas: WriterSchemas): Deserializer {
  const readers = new LruMap<number, ReaderOfSchema>(READERS_MAX);

  const readerFor = (bytes: Buffer, start: number, end: number): { id: number; reader: Deserializer } => {
    const id = frameId(bytes, start, end, 'AVRO', half);
    let found = readers.get(id);
    if (found === undefined) {
      const schema = schemas.find(id);
      if (schema === null || schema === undefined) throw unknownSchema(id, half);
      found = readerOf(schema, id, target);
      readers.set(id, found);
    }
    if ('problem' in found) throw new RecordError('deserialization', found.problem, half);
    return found;
  };
  const paths = target.wanted.map((column) => (target.unwrapped ? '$' : `$.${target.columns[column]!.name}`));
  const failed = (problem: unknown, slot: number): unknown => valueError(problem, paths[slot] ?? '$', half);
  return compileSwitch(target.wanted.length, readerFor, failed);
}

function readerOf(schema: RegisteredSchema, id: number, target: ReaderTarget): ReaderOfSchema {
  if (schema.type !== 'AVRO') return { id, problem: `the schema with id ${id} is of type ${schema.type}, not AVRO` };
  try {
    return { id, reader: compileReader(parseAvro(schema), target) };
  } catch (error) {
    if (error instanceof ValueProblem || error instanceof StatementError) {
      return { id, problem: `the schema with id ${id}: ${error.message}` };
    }
    throw error;
  }
}

/**
 * Hands over to the reader of the last schema while the id stays the same. Generated, so that each deserializer's calls see its own readers only and
 * can be inlined.
 * @param failed the error to throw for one that was caught; slot -1 for the scan
 */
function compileSwitch(
  slots: number,
  readerFor: (bytes: Buffer, start: number, end: number) => { readonly id: number; readonly reader: Deserializer },
  failed: (problem: unknown, slot: number) => unknown,
): Deserializer {
  const all = [...Array(slots).keys()];
  const body = `
    'use strict';
    let id = null, scanBody = null${all.map((i) => `, read${i} = null`).join('')};
    function change(b, start, end) {
      const next = readerFor(b, start, end);
      scanBody = next.reader.scan;
      ${all.map((i) => `read${i} = next.reader.read[${i}];`).join('\n')}
      id = next.id;
    }
    function scan(b, start, end) {
      if (end - start < ${FRAME_BYTES} || b[start] !== 0
        || (b[start + 1] << 24 | b[start + 2] << 16 | b[start + 3] << 8 | b[start + 4]) !== id) change(b, start, end);
      try {
        return scanBody(b, start + ${FRAME_BYTES}, end);
      } catch (problem) {
        throw failed(problem, -1);
      }
    }
    return { scan, read: [${all
      .map((i) => `() => { try { return read${i}(); } catch (problem) { throw failed(problem, ${i}); } }`)
      .join(', ')}] };`;
  return new Function('readerFor', 'failed', body)(readerFor, failed) as Deserializer;
}
