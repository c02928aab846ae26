import { AssertionError } from '../../model/errors.js';
import { JsonNumber, type JsonValue } from '../../model/json-text.js';
import type { Column } from '../../model/schema.js';
import type { SqlType, StructField } from '../../model/sql-type.js';
import {
  CONNECT_DATE,
  CONNECT_DECIMAL,
  CONNECT_TIME,
  CONNECT_TIMESTAMP,
  PRECISION_PARAMETER,
} from '../connect-names.js';
import {
  type AvroField,
  type AvroProps,
  type AvroRecord,
  type AvroType,
  NO_PROPS,
  nameProblem,
  optional,
  primitive,
  shortName,
} from './avro-type.js';
import { writeAvro } from './write-avro.js';

/** The name of the record when no other is given. */
export const DEFAULT_RECORD = 'io.confluent.ksql.avro_schemas.KsqlDataSourceSchema';

/** The names that come of columns and fields are none in Avro, or clash. The message is that of Java's library. */
export class AvroNameError extends Error {
  override readonly name = 'AvroNameError';
}

/**
 * The schema that ksqlDB writes, by way of Connect: every field may be null and has that as its default, records inside are called after the way to
 * them, maps are arrays of entries, because their keys may be null too, and logical types carry Connect's names.
 * @throws AvroNameError
 */
export function avroOfColumns(columns: readonly Column[], unwrapped: boolean, name: string): AvroType {
  const builder = new SchemaBuilder();
  if (!unwrapped) return builder.record(columns, name);
  const { type } = columns[0]!;
  // A record at the top is not optional, whatever it stands for.
  return type.kind === 'STRUCT' ? builder.type(type, name) : optional(builder.type(type, name));
}

class SchemaBuilder {
  /** Records by their names. */
  readonly #records = new Map<string, AvroRecord>();

  type(type: SqlType, name: string): AvroType {
    switch (type.kind) {
      case 'BOOLEAN':
        return primitive('boolean');
      case 'INTEGER':
        return primitive('int');
      case 'BIGINT':
        return primitive('long');
      case 'DOUBLE':
        return primitive('double');
      case 'STRING':
        return primitive('string');
      case 'BYTES':
        return primitive('bytes');
      case 'DATE':
        return primitive('int', logicalProps(CONNECT_DATE, 'date'));
      case 'TIME':
        return primitive('int', logicalProps(CONNECT_TIME, 'time-millis'));
      case 'TIMESTAMP':
        return primitive('long', logicalProps(CONNECT_TIMESTAMP, 'timestamp-millis'));
      case 'DECIMAL':
        return primitive('bytes', decimalProps(type.precision, type.scale));
      case 'ARRAY':
        return { kind: 'array', items: optional(this.type(type.element, name)), props: NO_PROPS };
      case 'MAP': {
        const fields = [
          field('key', this.type(type.key, `${name}_MapKey`)),
          field('value', this.type(type.value, `${name}_MapValue`)),
        ];
        const entry = this.#record(name, fields, new Map([['connect.internal.type', 'MapEntry']]));
        return { kind: 'array', items: entry, props: new Map([['connect.name', name]]) };
      }
      case 'STRUCT':
        return this.record(type.fields, name);
      case 'NULL':
        throw new AssertionError('no column has the type of NULL');
    }
  }

  record(fields: readonly StructField[], name: string): AvroRecord {
    const avroFields = fields.map((f) => field(checked(f.name), this.type(f.type, `${name}_${f.name}`)));
    return this.#record(name, avroFields, new Map([['connect.name', name]]));
  }

  /** A second record of a name must be the same one, which is then mentioned by its name. */
  #record(name: string, fields: readonly AvroField[], props: AvroProps): AvroRecord {
    checked(shortName(name));
    const record: AvroRecord = { kind: 'record', name, aliases: [], fields, props };
    const other = this.#records.get(name);
    if (other === undefined) this.#records.set(name, record);
    else if (writeAvro(other) !== writeAvro(record)) throw new AvroNameError(`Can't redefine: ${name}`);
    return record;
  }
}

function field(name: string, type: AvroType): AvroField {
  return { name, aliases: [], type: optional(type), default: null, props: NO_PROPS };
}

function checked(name: string): string {
  const problem = nameProblem(name);
  if (problem !== null) throw new AvroNameError(problem);
  return name;
}

function logicalProps(connectName: string, logicalType: string): AvroProps {
  return new Map<string, JsonValue>([
    ['connect.version', new JsonNumber('1')],
    ['connect.name', connectName],
    ['logicalType', logicalType],
  ]);
}

function decimalProps(precision: number, scale: number): AvroProps {
  return new Map<string, JsonValue>([
    ['scale', new JsonNumber(String(scale))],
    ['precision', new JsonNumber(String(precision))],
    [
      'connect.parameters',
      new Map([
        ['scale', String(scale)],
        [PRECISION_PARAMETER, String(precision)],
      ]),
    ],
    ...logicalProps(CONNECT_DECIMAL, 'decimal'),
  ]);
}
