import type { QueryHandle } from '../engine/engine.js';
import { formatType } from '../model/sql-type.js';
import { DELIMITED, JSON_TYPE, KSQL_V1_JSON } from './accept.js';
import type { ErrorBody } from './error-response.js';

/**
 * How a query's rows are written. The texts of one response, in this order: `begin`, any number of rows, then one of `end` and
 * `error`. Rows come as the JSON array of their values.
 */
export interface ResultFormat {
  readonly mediaType: string;
  begin(query: QueryHandle): string;
  row(columns: string): string;
  /** A deleted row of a table; empty where the format cannot tell. */
  tombstone(columns: string): string;
  /** @param message ksqlDB's closing words; null when there are none */
  end(message: string | null): string;
  error(body: ErrorBody): string;
}

export type ResultMediaType = typeof DELIMITED | typeof JSON_TYPE | typeof KSQL_V1_JSON;

/** One JSON value a line: the names and types of the columns, then rows. */
const delimited: ResultFormat = {
  mediaType: DELIMITED,
  begin: (query) => `${columnNamesAndTypes(query)}\n`,
  row: (columns) => `${columns}\n`,
  tombstone: () => '',
  end: () => '',
  error: (body) => `${JSON.stringify(body)}\n`,
};

/** The same as the elements of one array. */
const jsonArray: ResultFormat = {
  mediaType: JSON_TYPE,
  begin: (query) => `[${columnNamesAndTypes(query)}`,
  row: (columns) => `,${columns}`,
  tombstone: () => '',
  end: () => ']',
  error: (body) => `,${JSON.stringify(body)}]`,
};

/**
 * Objects with one member that says what they are, one a line. A push query's lines end with the comma, so that each row is a line as
 * soon as it is there; since it always has closing words or an error, the array is well-formed in the end.
 */
const pushedRows: ResultFormat = {
  mediaType: KSQL_V1_JSON,
  begin: (query) => `[${header(query)},\n`,
  row: (columns) => `{"row":{"columns":${columns}}},\n`,
  tombstone: (columns) => `{"row":{"columns":${columns},"tombstone":true}},\n`,
  end: (message) => `${JSON.stringify({ finalMessage: message ?? 'Query Terminated' })}]`,
  error: (body) => `${JSON.stringify({ errorMessage: body })}]`,
};

/** The same for queries that need no closing words: the comma comes before the next line. */
const pulledRows: ResultFormat = {
  mediaType: KSQL_V1_JSON,
  begin: (query) => `[${header(query)}`,
  row: (columns) => `,\n{"row":{"columns":${columns}}}`,
  tombstone: (columns) => `,\n{"row":{"columns":${columns},"tombstone":true}}`,
  end: (message) => (message === null ? ']' : `,\n${JSON.stringify({ finalMessage: message })}]`),
  error: (body) => `,\n${JSON.stringify({ errorMessage: body })}]`,
};

const FORMATS: Readonly<Record<ResultMediaType, Readonly<Record<QueryHandle['kind'], ResultFormat>>>> = {
  [DELIMITED]: { push: delimited, pull: delimited },
  [JSON_TYPE]: { push: jsonArray, pull: jsonArray },
  [KSQL_V1_JSON]: { push: pushedRows, pull: pulledRows },
};

export function resultFormat(type: ResultMediaType, kind: QueryHandle['kind']): ResultFormat {
  return FORMATS[type][kind];
}

function columnNamesAndTypes({ queryId, columns }: QueryHandle): string {
  return JSON.stringify({
    queryId,
    columnNames: columns.map((column) => column.name),
    columnTypes: columns.map((column) => formatType(column.type)),
  });
}

function header({ queryId, columns }: QueryHandle): string {
  const schema = columns
    .map(({ name, type, isKey }) => `\`${name.replaceAll('`', '``')}\` ${formatType(type)}${isKey ? ' KEY' : ''}`)
    .join(', ');
  return JSON.stringify({ header: { queryId, schema } });
}
