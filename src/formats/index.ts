import { delimitedFormat } from './delimited.js';
import type { Format } from './format.js';
import { jsonFormat } from './json.js';
import { kafkaFormat } from './kafka.js';
import { noneFormat } from './none.js';

/** The names of the formats that exist, as plans spell them. */
export const FORMAT_NAMES = ['JSON', 'DELIMITED', 'KAFKA', 'NONE'] as const;

/** Formats of ksqlDB that do not exist here yet; the planner refuses them by name. */
export const PLANNED_FORMATS: readonly string[] = ['AVRO', 'PROTOBUF', 'PROTOBUF_NOSR', 'JSON_SR'];

const FORMATS: Readonly<Record<(typeof FORMAT_NAMES)[number], Format>> = {
  JSON: jsonFormat,
  DELIMITED: delimitedFormat,
  KAFKA: kafkaFormat,
  NONE: noneFormat,
};

/** The format of that name in any case, or null. */
export function formatNamed(name: string): Format | null {
  const upper = name.toUpperCase();
  const known = FORMAT_NAMES.find((candidate) => candidate === upper);
  return known === undefined ? null : FORMATS[known];
}
