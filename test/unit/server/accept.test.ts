import { describe, expect, it } from 'vitest';
import { DELIMITED, JSON_TYPE, KSQL_V1_JSON, negotiate } from '../../../src/server/accept.js';

describe('negotiate', () => {
  it.each([
    [undefined, DELIMITED],
    ['', DELIMITED],
    ['*/*', DELIMITED],
    ['application/*', DELIMITED],
    [JSON_TYPE, JSON_TYPE],
    ['APPLICATION/JSON; charset=utf-8', JSON_TYPE],
    [`${KSQL_V1_JSON};charset=utf-8`, KSQL_V1_JSON],
    ['application/json, text/plain, */*', JSON_TYPE],
    ['text/html, application/json;q=0.5, */*;q=0.1', JSON_TYPE],
    [`application/json;q=0.5, ${KSQL_V1_JSON};q=0.9`, KSQL_V1_JSON],
    [`application/json;q=nonsense, ${KSQL_V1_JSON};q=0.9`, JSON_TYPE],
    [`*/*, ${DELIMITED};q=0`, JSON_TYPE],
    ['text/html', null],
    ['application/json;q=0', null],
    ['application/vnd.ksql.v1+protobuf', null],
  ])('%s', (accept, expected) => {
    expect(negotiate(accept, [DELIMITED, JSON_TYPE, KSQL_V1_JSON])).toBe(expected);
  });
});
