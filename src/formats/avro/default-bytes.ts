import avsc, { type Type } from 'avsc';
import { JsonNumber, type JsonValue } from '../../model/json-text.js';
import { GrowableSink } from '../byte-sink.js';
import type { AvroType } from './avro-type.js';
import { putInt } from './put-bytes.js';
import { writeAvro } from './write-avro.js';

const FIELD = 'value';

/**
 * The bytes of a field's default value; null when it is no value of the type. That of a union belongs to the first branch that it fits; within
 * it Avro's own rule holds, by which it belongs to the first. Numbers past 2^53 are no values of a type within another.
 */
export function defaultBytes(type: AvroType, value: JsonValue): Buffer | null {
  if (type.kind !== 'union') return bytesOf(type, value);
  for (const [i, branch] of type.branches.entries()) {
    const bytes = bytesOf(branch, value);
    if (bytes === null) continue;
    const sink = new GrowableSink(8);
    sink.position = putInt(sink.bytes, 0, i);
    return Buffer.concat([sink.copy(), bytes]);
  }
  return null;
}

function bytesOf(type: AvroType, value: JsonValue): Buffer | null {
  const plain = plainValue(value);
  if (plain === undefined) return null;
  try {
    // A record whose one field has the default, made of nothing.
    const record = avsc.Type.forSchema({
      type: 'record',
      name: 'Defaults',
      namespace: 'millrace.defaults',
      fields: [{ name: FIELD, type: JSON.parse(writeAvro(type)), default: plain }],
    }) as Type & { readonly recordConstructor: new () => object };
    return record.toBuffer(new record.recordConstructor());
  } catch {
    return null;
  }
}

/** As JSON.parse would give it; undefined when a number would lose digits. */
function plainValue(value: JsonValue): unknown {
  if (value instanceof JsonNumber) {
    const number = Number(value.text);
    return /^-?\d+$/.test(value.text) && !Number.isSafeInteger(number) ? undefined : number;
  }
  if (Array.isArray(value)) {
    const items = value.map(plainValue);
    return items.includes(undefined) ? undefined : items;
  }
  if (!(value instanceof Map)) return value;
  const members = [...value].map(([name, member]) => [name, plainValue(member)] as const);
  return members.some(([, member]) => member === undefined) ? undefined : Object.fromEntries(members);
}
