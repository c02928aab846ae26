import type { Deserializer } from '../../src/formats/format.js';
import { fitsPrecision } from '../../src/model/decimal.js';
import { RecordError } from '../../src/model/errors.js';
import type { Column } from '../../src/model/schema.js';
import { formatType, type SqlType } from '../../src/model/sql-type.js';
import { DAY_MS } from '../../src/model/time.js';
import { type SqlValue, toBigintValue } from '../../src/model/value.js';
import { REFUSED, type Reader } from './fuzz.js';

/** What a record may hold: so many values, and characters and bytes within them, for each of its bytes. */
const VALUES_PER_BYTE = 40;
/** The name of a number that an enum does not know has some thirty. */
const TEXT_PER_BYTE = 40;
/** Beside them: elements of arrays may take no bytes, as nulls of Avro do. */
const VALUES_PER_COLUMN = 1_100;
const TEXT_PER_COLUMN = 64;

/**
 * Reads the wanted columns with a deserializer. It may refuse with RecordErrors of its own half only; what it reads must be values of the columns' types,
 * and not more than the bytes can mean.
 */
export function recordReader(
  name: string,
  deserializer: Deserializer,
  wanted: readonly Column[],
  target: 'key' | 'value',
): Reader {
  const types = wanted.map((column) => column.type);
  return {
    name,
    read(bytes, start, end) {
      let found: boolean;
      try {
        found = deserializer.scan(bytes, start, end);
      } catch (error) {
        return refused(error, target);
      }
      const row = deserializer.read.map((read) => {
        try {
          return read();
        } catch (error) {
          return refused(error, target);
        }
      });
      const size = new Size();
      for (const [i, value] of row.entries()) if (value !== REFUSED) size.add(value as SqlValue, types[i]!);
      size.check(end - start, types.length);
      if (!found && row.some((value) => value !== null)) throw new Error('a null record has values');
      return found ? row : null;
    },
  };
}

function refused(error: unknown, target: 'key' | 'value'): typeof REFUSED {
  if (!(error instanceof RecordError)) throw error;
  const { reason, target: half, message } = error;
  if (reason !== 'deserialization' || half !== target) throw new Error(`it is refused as ${reason} of the ${half}`);
  if (message.length > 2_000) throw new Error(`its refusal has ${message.length} characters`);
  return REFUSED;
}

/** Counts what values hold, and checks that they are of their types. */
class Size {
  #values = 0;
  #text = 0;

  add(value: SqlValue, type: SqlType): void {
    this.#values++;
    if (value === null) return;
    switch (type.kind) {
      case 'BOOLEAN':
        require(typeof value === 'boolean', type);
        break;
      case 'INTEGER':
      case 'DATE':
        require(value === ((value as number) | 0) && !Object.is(value, -0), type);
        break;
      case 'BIGINT':
        require(typeof value === 'bigint' ? toBigintValue(value) === value : isWhole(value), type);
        break;
      case 'TIMESTAMP':
        require(isWhole(value), type);
        break;
      case 'TIME':
        require(isWhole(value) && (value as number) >= 0 && (value as number) <= DAY_MS, type);
        break;
      case 'DOUBLE':
        require(typeof value === 'number', type);
        break;
      case 'DECIMAL':
        require(typeof value === 'bigint' && fitsPrecision(value, type.precision), type);
        break;
      case 'STRING':
        require(typeof value === 'string', type);
        this.#text += (value as string).length;
        break;
      case 'BYTES':
        require(Buffer.isBuffer(value), type);
        this.#text += (value as Buffer).length;
        break;
      case 'ARRAY':
        require(Array.isArray(value), type);
        for (const item of value as SqlValue[]) this.add(item, type.element);
        break;
      case 'MAP':
        require(value instanceof Map, type);
        for (const [key, item] of value as Map<SqlValue, SqlValue>) {
          this.add(key, type.key);
          this.add(item, type.value);
        }
        break;
      case 'STRUCT':
        require(Array.isArray(value) && value.length === type.fields.length, type);
        for (const [i, field] of type.fields.entries()) this.add((value as SqlValue[])[i]!, field.type);
        break;
      case 'NULL':
        require(false, type);
    }
  }

  check(bytes: number, columns: number): void {
    const valuesMax = columns * VALUES_PER_COLUMN + bytes * VALUES_PER_BYTE;
    if (this.#values > valuesMax) throw new Error(`${bytes} bytes hold ${this.#values} values`);
    const textMax = columns * TEXT_PER_COLUMN + bytes * TEXT_PER_BYTE;
    if (this.#text > textMax) throw new Error(`${bytes} bytes hold ${this.#text} of text`);
  }
}

function isWhole(value: SqlValue): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

function require(holds: boolean, type: SqlType): void {
  if (!holds) throw new Error(`what is read is no ${formatType(type)}`);
}
