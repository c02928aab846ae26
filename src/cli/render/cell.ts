import { JsonNumber, type JsonValue } from '../../model/json-text.js';

/** A value as a table shows it, in ksqlDB's words: `null`, `[1, 2]`, `{A=1, B=x}`. */
export function cellText(value: JsonValue): string {
  if (typeof value === 'string') return value;
  if (value === null) return 'null';
  if (value instanceof JsonNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(cellText).join(', ')}]`;
  if (value instanceof Map) return `{${[...value].map(([name, member]) => `${name}=${cellText(member)}`).join(', ')}}`;
  return String(value);
}

/** Whether values of a type are read best when their last digits stand below each other. */
export function isRightAligned(type: string): boolean {
  return /^(?:INT|INTEGER|BIGINT|DOUBLE|DECIMAL)\b/.test(type);
}
