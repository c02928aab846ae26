import { JsonNumber, type JsonValue } from '../../model/json-text.js';
import {
  CONNECT_DATE,
  CONNECT_DECIMAL,
  CONNECT_PRECISION,
  CONNECT_TIME,
  CONNECT_TIMESTAMP,
  DECIMAL_PRECISION_MAX,
  PRECISION_PARAMETER,
} from '../connect-names.js';
import type { AvroProps, AvroType } from './avro-type.js';

/** What the numbers or bytes of a type stand for. */
export type Logical =
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  /** Days. */
  | { readonly kind: 'date' }
  /** Milliseconds or microseconds of the day. */
  | { readonly kind: 'time'; readonly micros: boolean }
  /** Milliseconds or microseconds since the epoch. */
  | { readonly kind: 'timestamp'; readonly micros: boolean };

/**
 * The logical type, or null for a plain one. One that makes no sense for its type is none, as the specification has it. Connect's names are known
 * without `logicalType` too, as its early versions wrote them.
 */
export function logicalOf(type: AvroType): Logical | null {
  switch (type.kind) {
    case 'int':
      switch (marker(type.props)) {
        case 'date':
        case CONNECT_DATE:
          return { kind: 'date' };
        case 'time-millis':
        case CONNECT_TIME:
          return { kind: 'time', micros: false };
        default:
          return null;
      }
    case 'long':
      switch (marker(type.props)) {
        case 'time-micros':
          return { kind: 'time', micros: true };
        case 'timestamp-millis':
        case CONNECT_TIMESTAMP:
          return { kind: 'timestamp', micros: false };
        case 'timestamp-micros':
          return { kind: 'timestamp', micros: true };
        default:
          return null;
      }
    case 'bytes':
    case 'fixed':
      switch (marker(type.props)) {
        case 'decimal':
        case CONNECT_DECIMAL:
          return decimalOf(type.props);
        default:
          return null;
      }
    default:
      return null;
  }
}

function marker(props: AvroProps): JsonValue | undefined {
  return props.get('logicalType') ?? props.get('connect.name');
}

function decimalOf(props: AvroProps): Logical | null {
  const parameters = props.get('connect.parameters');
  const connect = parameters instanceof Map ? parameters : null;
  const precision = wholeOf(props.get('precision') ?? connect?.get(PRECISION_PARAMETER), CONNECT_PRECISION);
  const scale = wholeOf(props.get('scale') ?? connect?.get('scale'), 0);
  const sensible = precision >= 1 && precision <= DECIMAL_PRECISION_MAX && scale >= 0 && scale <= precision;
  return sensible ? { kind: 'decimal', precision, scale } : null;
}

/** Connect's parameters are texts. */
function wholeOf(value: JsonValue | undefined, absent: number): number {
  if (value === undefined) return absent;
  const number =
    value instanceof JsonNumber ? Number(value.text) : typeof value === 'string' ? Number(value) : Number.NaN;
  return Number.isInteger(number) ? number : Number.NaN;
}
