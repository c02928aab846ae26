import { avroFormat } from './avro/avro.js';
import { delimitedFormat } from './delimited.js';
import type { Format, SchemaFormat } from './format.js';
import { jsonFormat } from './json.js';
import { jsonSrFormat } from './json-sr/json-sr.js';
import { kafkaFormat } from './kafka.js';
import { noneFormat } from './none.js';
import { protobufFormat, protobufNosrFormat } from './protobuf/protobuf.js';
import type { SchemaType } from './schema-registry/schema-registry.js';

/** The names of the formats that exist, as plans spell them. */
export const FORMAT_NAMES = [
  'JSON',
  'DELIMITED',
  'KAFKA',
  'NONE',
  'AVRO',
  'JSON_SR',
  'PROTOBUF',
  'PROTOBUF_NOSR',
] as const;

const FORMATS: Readonly<Record<(typeof FORMAT_NAMES)[number], Format>> = {
  JSON: jsonFormat,
  DELIMITED: delimitedFormat,
  KAFKA: kafkaFormat,
  NONE: noneFormat,
  AVRO: avroFormat,
  JSON_SR: jsonSrFormat,
  PROTOBUF: protobufFormat,
  PROTOBUF_NOSR: protobufNosrFormat,
};

/** The formats whose schemas live in a registry, by the registry's name of the kind. */
export const SCHEMA_FORMATS: Readonly<Record<SchemaType, SchemaFormat>> = {
  AVRO: avroFormat,
  JSON: jsonSrFormat,
  PROTOBUF: protobufFormat,
};

/** The format as one whose schemas live in a registry, or null. */
export function asSchemaFormat(format: Format): SchemaFormat | null {
  return format.support.schemaRegistry ? (format as SchemaFormat) : null;
}

/** The format of that name in any case, or null. */
export function formatNamed(name: string): Format | null {
  const upper = name.toUpperCase();
  const known = FORMAT_NAMES.find((candidate) => candidate === upper);
  return known === undefined ? null : FORMATS[known];
}
