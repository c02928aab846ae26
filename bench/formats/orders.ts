import type { Format, FormatSpec } from '../../src/formats/format.js';
import { encodeRow } from '../../src/formats/row-codec.js';
import type { Column } from '../../src/model/schema.js';
import { BIGINT, BOOLEAN, DOUBLE, INTEGER, type SqlType, STRING } from '../../src/model/sql-type.js';
import type { SqlValue } from '../../src/model/value.js';

/** An order: what every format is measured with. */
export interface Order {
  readonly ORDER_ID: number;
  readonly CUSTOMER: string;
  readonly ITEM: string;
  readonly QUANTITY: number;
  readonly PRICE: number;
  readonly CITY: string;
  readonly PAID: boolean;
  readonly ORDERED_AT: number;
}

export const column = (name: string, type: SqlType): Column => ({ name, type, role: 'value' });

export const ORDER_COLUMNS: readonly Column[] = [
  column('ORDER_ID', BIGINT),
  column('CUSTOMER', STRING),
  column('ITEM', STRING),
  column('QUANTITY', INTEGER),
  column('PRICE', DOUBLE),
  column('CITY', STRING),
  column('PAID', BOOLEAN),
  column('ORDERED_AT', BIGINT),
];
/** CUSTOMER and PRICE. */
export const TWO_OF_EIGHT: readonly number[] = [1, 4];
/** ORDER_ID, CUSTOMER, QUANTITY and PRICE. */
export const FOUR_OF_EIGHT: readonly number[] = [0, 1, 3, 4];

const CITIES = ['Amsterdam', 'Berlin', 'Copenhagen', 'Dublin', 'Edinburgh'];

/** Records of one run. */
export const RECORDS = 2_000;

/**
 * Orders whose records take some 165 bytes as JSON. With many words the texts are longer, so that formats without names of members have as many.
 */
export function orders(words: 'few' | 'many'): Order[] {
  const many = words === 'many';
  return Array.from({ length: RECORDS }, (_, i) => {
    const customer = `customer-${(i * 31) % 500}@example.com`;
    const item = `item-${(i * 17) % 90}`;
    const city = CITIES[i % CITIES.length]!;
    return {
      ORDER_ID: 1_000_000 + i * 7,
      CUSTOMER: customer,
      ITEM: many ? `${item} Espresso machine with steam nozzle; polished steel` : `${item} black`,
      QUANTITY: 1 + (i % 12),
      PRICE: ((i * 37) % 10_000) / 100,
      CITY: many ? `${1 + ((i * 13) % 400)} Station Road; second floor; 1012 AB ${city}` : city,
      PAID: i % 3 === 0,
      ORDERED_AT: 1_700_000_000_000 + i * 1_000,
    };
  });
}

/** Records one after the other, as a batch holds them. */
export interface Batch {
  readonly bytes: Buffer;
  readonly ends: readonly number[];
  /** Each by itself, as a client hands it over. */
  readonly records: readonly Buffer[];
}

export function batchOf(parts: readonly Buffer[]): Batch {
  const bytes = Buffer.concat(parts);
  let end = 0;
  const ends = parts.map((part) => (end += part.length));
  return { bytes, ends, records: ends.map((to, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], to)) };
}

/** The orders as our own serializer writes them. */
export function encodedOrders(format: Format, spec: FormatSpec, rows: readonly Order[]): Batch {
  return batchOf(rows.map((row) => encodeRow(format, spec, ORDER_COLUMNS, valuesOf(row))!));
}

function valuesOf(row: Order): SqlValue[] {
  return ORDER_COLUMNS.map(({ name }) => row[name as keyof Order]);
}
