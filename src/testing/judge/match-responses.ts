import { messageOf } from '../../formats/protobuf/content-of.js';
import type { MessageType } from '../../formats/protobuf/proto-schema.js';
import { parseDecimal } from '../../model/decimal.js';
import { JsonNumber, type JsonObject, type JsonValue, writeJson } from '../../model/json-text.js';
import { listOf, objectOf, textOf } from '../json.js';
import { type RestCase, TestFailure } from '../test-case.js';
import { isIntegerText } from './actual-value.js';
import { messageText, withSortedMaps } from './protobuf-text.js';

/** An answer of a server: an entity of an admin request, or the rows of a query, in JSON or as Protobuf messages. */
export type RestResponse =
  | { readonly kind: 'admin'; readonly entity: JsonValue }
  | { readonly kind: 'query' | 'queryProto'; readonly rows: readonly JsonObject[] };

/** An error that a server answered. */
export interface ErrorAnswer {
  readonly status: number;
  /** `@type` of the error entity. */
  readonly type: string;
  readonly message: string;
  readonly statementText: string | null;
}

/** The classes of error entities by their `@type`; the second is a kind of the first. */
const ENTITY_CLASSES: Readonly<Record<string, readonly string[]>> = {
  generic_error: ['KsqlErrorMessage'],
  statement_error: ['KsqlStatementErrorMessage', 'KsqlErrorMessage'],
};

/** Why an answered error is not the expected one; null when it is. */
export function errorDifference(
  expected: NonNullable<RestCase['expectedError']>,
  actual: ErrorAnswer,
  lastStatement: string,
): string | null {
  const { message, status, type } = expected;
  if (message !== null && !actual.message.includes(message)) {
    return `expected the error ${JSON.stringify(message)}, got ${JSON.stringify(actual.message)}`;
  }
  if (status !== null && status !== actual.status) return `expected the status ${status}, got ${actual.status}`;
  const wanted = type?.split('.').pop();
  if (wanted !== undefined && !(ENTITY_CLASSES[actual.type] ?? []).includes(wanted)) {
    return `expected a ${wanted}, got a ${actual.type}`;
  }
  if (actual.statementText !== null && !actual.statementText.includes(lastStatement)) {
    return `expected an error of the last statement, got one of ${JSON.stringify(actual.statementText)}`;
  }
  return null;
}

/** Compares responses in order; there may be more than expected. @throws TestFailure for the first difference */
export function matchResponses(expected: readonly JsonObject[], actual: readonly RestResponse[], test: RestCase): void {
  if (actual.length < expected.length) {
    throw new TestFailure(`expected ${expected.length} responses, got ${actual.length}`);
  }
  expected.forEach((response, i) => {
    const difference = responseDifference(response, actual[i]!, test);
    if (difference !== null) throw new TestFailure(`response ${i}: ${difference}`);
  });
}

function responseDifference(expected: JsonObject, actual: RestResponse, test: RestCase): string | null {
  if (!expected.has(actual.kind)) return `expected ${[...expected.keys()]}, got ${actual.kind}`;
  if (actual.kind === 'admin') return fieldsDifference(expected.get('admin')!, actual.entity, test, null);
  const rows = listOf(expected.get(actual.kind), actual.kind);
  if (rows.length !== actual.rows.length) {
    const got = actual.rows.map((row) => writeJson(row)).join(', ');
    return `expected ${rows.length} rows, got ${actual.rows.length}: ${got}`;
  }
  if (actual.kind === 'query') return rowsDifference(rows, actual.rows, test);
  const message = messageOf({ type: 'PROTOBUF', text: schemaOf(actual.rows), imports: [] }, null);
  return rowsDifference(
    rows.map((row) => withText(row, (text) => (typeof text === 'string' ? withSortedMaps(text, message) : text))),
    actual.rows.map((row) => withText(row, (content) => textOfMessage(content, message))),
    test,
  );
}

/** The .proto text of a header. */
function schemaOf(rows: readonly JsonObject[]): string {
  const header = objectOf(rows[0]?.get('header'), 'the header of an answer in Protobuf');
  return textOf(header.get('protoSchema'), 'protoSchema');
}

/** The row with another content; what is no row stays as it is. */
function withText(row: JsonValue, change: (content: JsonValue) => JsonValue): JsonObject {
  const members = objectOf(row, 'a row');
  const content = members.get('row');
  return content === undefined ? members : new Map(members).set('row', change(content));
}

function textOfMessage(content: JsonValue, message: MessageType): string {
  const base64 = textOf(objectOf(content, 'a row').get('protobufBytes'), 'protobufBytes');
  return withSortedMaps(messageText(Buffer.from(base64, 'base64'), message), message);
}

function rowsDifference(expected: readonly JsonValue[], actual: readonly JsonObject[], test: RestCase): string | null {
  const pools = test.verifiesOrder ? null : { expected: [] as string[], actual: [] as string[] };
  for (const [i, row] of expected.entries()) {
    const difference = fieldsDifference(row, actual[i]!, test, pools);
    if (difference !== null) return `row ${i}: ${difference}`;
  }
  return pools === null ? null : poolDifference(pools.expected.sort(), pools.actual.sort());
}

function poolDifference(expected: readonly string[], actual: readonly string[]): string | null {
  const at = expected.findIndex((columns, i) => columns !== actual[i]);
  return at < 0 && expected.length === actual.length ? null : `columns: expected ${expected[at]}, got ${actual[at]}`;
}

/**
 * Every expected field must be in the actual object; nested objects likewise; everything else must be equal. A field `name|starts_with` asks for a prefix.
 * @param pools takes `columns`, and rows that are texts, which come in any order; null compares them where they stand
 */
function fieldsDifference(
  expected: JsonValue,
  actual: JsonValue,
  test: RestCase,
  pools: { readonly expected: string[]; readonly actual: string[] } | null,
): string | null {
  if (!(expected instanceof Map)) {
    const [a, b] = [canonical(substituted(expected, test)), canonical(actual)];
    return a === b ? null : `expected ${a}, got ${b}`;
  }
  if (!(actual instanceof Map)) return `expected ${writeJson(expected)}, got ${writeJson(actual)}`;
  for (const [written, value] of expected) {
    const [name = '', rule] = written.split('|');
    const found = actual.get(name);
    if (found === undefined) return `the field ${name} is missing: ${writeJson(actual)}`;
    if (rule === 'starts_with') {
      if (!(typeof value === 'string' && typeof found === 'string' && found.startsWith(value))) {
        return `${name}: expected to start with ${writeJson(value)}, got ${writeJson(found)}`;
      }
    } else if (pools !== null && (name === 'columns' || (name === 'row' && typeof value === 'string'))) {
      pools.expected.push(canonical(value));
      pools.actual.push(canonical(found));
    } else {
      const difference = fieldsDifference(value, found, test, pools);
      if (difference !== null) return `${name}: ${difference}`;
    }
  }
  return null;
}

function substituted(value: JsonValue, { statements }: RestCase): JsonValue {
  if (typeof value !== 'string') return value;
  return value.replace(/\{STATEMENT(\d*)\}/g, (whole, index: string) => statements[Number(index)] ?? whole);
}

/** The same text for equal values and only for them: members by name, decimals by digits and scale. */
function canonical(value: JsonValue): string {
  if (value instanceof JsonNumber) {
    if (isIntegerText(value.text)) return String(BigInt(value.text));
    const decimal = parseDecimal(value.text);
    return decimal === null ? value.text : `${decimal.unscaled}e${-decimal.scale}`;
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value instanceof Map) {
    const names = [...objectOf(value, 'an object').keys()].sort();
    return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value.get(name)!)}`).join(',')}}`;
  }
  return writeJson(value);
}
