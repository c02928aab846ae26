import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonNumber, parseJsonLossless } from '../../../src/model/json-text.js';
import {
  parseCloseRequest,
  parseInsertRow,
  parseInsertsRequest,
  parseStatementRequest,
} from '../../../src/server/wire.js';

describe('parseStatementRequest', () => {
  it('understands both pairs of names and ignores others', () => {
    const expected = { text: 'A;', properties: { a: '1' }, variables: { v: true } };
    expect(
      parseStatementRequest('{"ksql":"A;","streamsProperties":{"a":"1"},"sessionVariables":{"v":true},"Accept":[]}'),
    ).toEqual(expected);
    expect(
      parseStatementRequest('{"sql":"A;","properties":{"a":"1"},"sessionVariables":{"v":true},"requestProperties":{}}'),
    ).toEqual(expected);
  });

  it('takes null for absent', () => {
    expect(parseStatementRequest('{"ksql":null,"streamsProperties":null}')).toEqual({
      text: '',
      properties: {},
      variables: {},
    });
  });

  it.each([
    '',
    ' ',
    'nonsense',
    '5',
    'null',
    '"x"',
    '{"sql":1}',
    '{"sessionVariables":[]}',
    '{"properties":{"a":[]}}',
  ])('refuses %j', (body) => {
    expect(() => parseStatementRequest(body)).toThrow(/^Invalid JSON in request: /);
  });
});

describe('the other requests', () => {
  it('need their one member', () => {
    expect(parseCloseRequest('{"queryId":"x"}')).toEqual({ queryId: 'x' });
    expect(() => parseCloseRequest('{}')).toThrow('"queryId"');
    expect(parseInsertsRequest('{"target":"s","properties":{"a":1}}')).toEqual({ target: 's', properties: { a: 1 } });
    expect(() => parseInsertsRequest('{"id":1}')).toThrow('"target"');
  });
});

describe('parseInsertRow', () => {
  it('loses no digit', () => {
    const row = parseInsertRow('{"a":12345678901234567,"b":1.10,"c":-0,"d":1e400,"e":7,"__proto__":1}');
    expect(row['a']).toEqual(new JsonNumber('12345678901234567'));
    expect(row['b']).toEqual(new JsonNumber('1.10'));
    expect(row['c']).toEqual(new JsonNumber('-0'));
    expect(row['d']).toEqual(new JsonNumber('1e400'));
    expect(Object.keys(row)).toContain('__proto__');
  });

  it('reads plain numbers only where they are the numbers of the text', () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
      fc.integer().map((n) => `${n}.0`),
      fc.constantFrom('-0', '0', '1E5', '-0.0', '999999999999999', '9999999999999999'),
    );
    fc.assert(
      fc.property(number, fc.string(), (text, other) => {
        const line = `{"o":${JSON.stringify(other)},"n":${text}}`;
        const { n, o } = parseInsertRow(line);
        const exact = (parseJsonLossless(line) as Map<string, JsonNumber>).get('n')!.text;
        expect(n instanceof JsonNumber ? n.text : String(n)).toBe(exact);
        expect(o).toBe(other);
      }),
    );
  });

  it.each(['', '[]', '1', 'null', '"x"', '{"a":}', '{"a":1.}', '{} {}'])('refuses %j', (line) => {
    expect(() => parseInsertRow(line)).toThrow(/^Invalid JSON in request: /);
  });
});
