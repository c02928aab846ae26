import type { QueryHandle } from '../engine/engine.js';
import { protobufRows } from '../engine/protobuf-rows.js';
import { formatType } from '../model/sql-type.js';
import type { SqlValue } from '../model/value.js';
import { DELIMITED, JSON_TYPE, KSQL_V1_JSON, KSQL_V1_PROTOBUF } from './accept.js';
import type { ErrorBody } from './error-response.js';
import { compileRowWriter } from './row-writer.js';

/**
 * How a query's rows are written. The texts of one response, in this order: what it begins with, any number of rows, then one of `end`
 * and `error`.
 */
export interface ResultFormat {
  /** @throws StatementError when the format cannot carry the columns */
  prepare(query: QueryHandle): PreparedResult;
  /** @param values as {@link PreparedResult.write} gave them */
  row(values: string): string;
  /** A deleted row of a table; empty where the format cannot tell. */
  tombstone(values: string): string;
  /** @param message ksqlDB's closing words; null when there are none */
  end(message: string | null): string;
  error(body: ErrorBody): string;
}

/** A format for the columns of one query. */
export interface PreparedResult {
  readonly begin: string;
  /** @throws RecordError when a value cannot be written */
  write(values: readonly SqlValue[]): string;
}

export type ResultMediaType = typeof DELIMITED | typeof JSON_TYPE | typeof KSQL_V1_JSON | typeof KSQL_V1_PROTOBUF;

/** One JSON value a line: the names and types of the columns, then rows. */
const delimited: ResultFormat = {
  prepare: (query) => ({ begin: `${columnNamesAndTypes(query)}\n`, write: arrayWriter(query) }),
  row: (values) => `${values}\n`,
  tombstone: () => '',
  end: () => '',
  error: (body) => `${JSON.stringify(body)}\n`,
};

/** The same as the elements of one array. */
const jsonArray: ResultFormat = {
  prepare: (query) => ({ begin: `[${columnNamesAndTypes(query)}`, write: arrayWriter(query) }),
  row: (values) => `,${values}`,
  tombstone: () => '',
  end: () => ']',
  error: (body) => `,${JSON.stringify(body)}]`,
};

/** The header of a query, and its rows as members of objects. */
type RowObjects = (query: QueryHandle) => {
  readonly header: object;
  readonly write: PreparedResult['write'];
};

const jsonRows: RowObjects = (query) => {
  const write = arrayWriter(query);
  return { header: headerOf(query), write: (values) => `"columns":${write(values)}` };
};

const protobufMessages: RowObjects = (query) => {
  const rows = protobufRows(query.columns);
  const header = { ...headerOf(query), protoSchema: rows.schema };
  return { header, write: (values) => `"protobufBytes":"${rows.encode(values)}"` };
};

/**
 * Objects with one member that says what they are, one a line. A push query's lines end with the comma, so that each row is a line as
 * soon as it is there; since it always has closing words or an error, the array is well-formed in the end.
 */
function pushedRows(rowObjects: RowObjects): ResultFormat {
  return {
    prepare(query) {
      const { header, write } = rowObjects(query);
      return { begin: `[${JSON.stringify({ header })},\n`, write };
    },
    row: (values) => `{"row":{${values}}},\n`,
    tombstone: (values) => `{"row":{${values},"tombstone":true}},\n`,
    end: (message) => `${JSON.stringify({ finalMessage: message ?? 'Query Terminated' })}]`,
    error: (body) => `${JSON.stringify({ errorMessage: body })}]`,
  };
}

/** The same for queries that need no closing words: the comma comes before the next line. */
function pulledRows(rowObjects: RowObjects): ResultFormat {
  return {
    prepare(query) {
      const { header, write } = rowObjects(query);
      return { begin: `[${JSON.stringify({ header })}`, write };
    },
    row: (values) => `,\n{"row":{${values}}}`,
    tombstone: (values) => `,\n{"row":{${values},"tombstone":true}}`,
    end: (message) => (message === null ? ']' : `,\n${JSON.stringify({ finalMessage: message })}]`),
    error: (body) => `,\n${JSON.stringify({ errorMessage: body })}]`,
  };
}

const FORMATS: Readonly<Record<ResultMediaType, Readonly<Record<QueryHandle['kind'], ResultFormat>>>> = {
  [DELIMITED]: { push: delimited, pull: delimited },
  [JSON_TYPE]: { push: jsonArray, pull: jsonArray },
  [KSQL_V1_JSON]: { push: pushedRows(jsonRows), pull: pulledRows(jsonRows) },
  [KSQL_V1_PROTOBUF]: { push: pushedRows(protobufMessages), pull: pulledRows(protobufMessages) },
};

export function resultFormat(type: ResultMediaType, kind: QueryHandle['kind']): ResultFormat {
  return FORMATS[type][kind];
}

function arrayWriter({ columns }: QueryHandle): PreparedResult['write'] {
  return compileRowWriter(columns.map((column) => column.type));
}

function columnNamesAndTypes({ queryId, columns }: QueryHandle): string {
  return JSON.stringify({
    queryId,
    columnNames: columns.map((column) => column.name),
    columnTypes: columns.map((column) => formatType(column.type)),
  });
}

function headerOf({ queryId, columns }: QueryHandle): { readonly queryId: string; readonly schema: string } {
  const schema = columns
    .map(({ name, type, isKey }) => `\`${name.replaceAll('`', '``')}\` ${formatType(type)}${isKey ? ' KEY' : ''}`)
    .join(', ');
  return { queryId, schema };
}
