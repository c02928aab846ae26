import { JsonNumber, type JsonObject, type JsonValue } from '../model/json-text.js';

/** A test file does not have the shape it should have: its writer must act. */
export class TestFileError extends Error {
  override readonly name = 'TestFileError';
}

/** Reads of JSON trees of test files, which keep the spelling of numbers. Each fails with the name of what is wrong. */

export function objectOf(value: JsonValue | undefined, what: string): JsonObject {
  if (value instanceof Map) return value;
  throw new TestFileError(`${what} must be an object`);
}

/** The elements of a list; none when it is absent. */
export function listOf(value: JsonValue | undefined, what: string): readonly JsonValue[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new TestFileError(`${what} must be a list`);
}

export function textOf(value: JsonValue | undefined, what: string): string {
  if (typeof value === 'string') return value;
  throw new TestFileError(`${what} must be a text`);
}

export function optionalText(value: JsonValue | undefined, what: string): string | null {
  return value === undefined || value === null ? null : textOf(value, what);
}

export function numberOf(value: JsonValue | undefined, what: string): number {
  if (value instanceof JsonNumber) return Number(value.text);
  throw new TestFileError(`${what} must be a number`);
}

export function optionalNumber(value: JsonValue | undefined, what: string): number | null {
  return value === undefined || value === null ? null : numberOf(value, what);
}

/** The text of a setting's value however it is written: `true`, `10`, `"latest"`. */
export function scalarText(value: JsonValue | undefined, what: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (value instanceof JsonNumber) return value.text;
  throw new TestFileError(`${what} must be a text, a number or a boolean`);
}
