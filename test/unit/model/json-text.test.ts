import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  JSON_DEPTH_MAX,
  JsonNumber,
  JsonSyntaxError,
  type JsonValue,
  parseJsonLossless,
  quoteJsonString,
  writeJson,
} from '../../../src/model/json-text.js';

const plain = (value: JsonValue): unknown => {
  if (value instanceof JsonNumber) return Number(value.text);
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) {
    const object: Record<string, unknown> = Object.create(null);
    for (const [name, member] of value) object[name] = plain(member);
    return object;
  }
  return value;
};

describe('parseJsonLossless', () => {
  it('keeps the spelling of numbers', () => {
    const value = parseJsonLossless('[9007199254740993, 10.10, -0, 1E+400]') as JsonNumber[];
    expect(value.map((n) => n.text)).toEqual(['9007199254740993', '10.10', '-0', '1E+400']);
  });

  it('keeps the order of members and the last of equal names', () => {
    expect([
      ...(parseJsonLossless('{"b":1,"10":2,"a":3,"b":null,"__proto__":true}') as Map<string, JsonValue>),
    ]).toEqual([
      ['b', null],
      ['10', new JsonNumber('2')],
      ['a', new JsonNumber('3')],
      ['__proto__', true],
    ]);
  });

  it('reads escapes', () => {
    expect(parseJsonLossless(' "a\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00z" ')).toBe('a"\\/\b\f\n\r\té😀z');
  });

  it.each([
    '',
    ' ',
    '{',
    '[1,]',
    '{"a":1,}',
    '{"a" 1}',
    '{a:1}',
    '01',
    '-',
    '1.',
    '.5',
    '1e',
    '+1',
    'NaN',
    'tru',
    'nul',
    '"a',
    '"\n"',
    '"\\x"',
    '"\\u12"',
    '"\\',
    '1 2',
    '[1}',
    '\ufeff1',
    "'a'",
    '// c\n1',
    '[1 2]',
    '"\\__proto__"',
  ])('refuses %j, as JSON.parse does', (text) => {
    expect(() => JSON.parse(text)).toThrow();
    expect(() => parseJsonLossless(text)).toThrow(JsonSyntaxError);
  });

  it('says where and never what', () => {
    expect(() => parseJsonLossless('{"secret": secret}')).toThrow('invalid JSON at character 12: a value is expected');
    expect(() => parseJsonLossless('[1')).toThrow(
      "invalid JSON at character 3: ',' or ']' is expected (the text ends here)",
    );
  });

  it('limits the depth', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(() => parseJsonLossless(nested(JSON_DEPTH_MAX))).not.toThrow();
    expect(() => parseJsonLossless(nested(JSON_DEPTH_MAX + 1))).toThrow('nested deeper than 500 levels');
    expect(() => parseJsonLossless('{"a":[[]]}', 2)).toThrow('nested deeper than 2 levels');
  });

  it('agrees with JSON.parse', () => {
    fc.assert(
      fc.property(fc.json({ depthSize: 'medium' }), (text) => {
        expect(JSON.stringify(plain(parseJsonLossless(text)))).toBe(JSON.stringify(JSON.parse(text)));
      }),
      { numRuns: 500 },
    );
  });

  it('accepts and refuses the same broken texts as JSON.parse', () => {
    const accepts = (parse: (text: string) => unknown, text: string) => {
      try {
        parse(text);
        return true;
      } catch {
        return false;
      }
    };
    const damaged = fc
      .tuple(
        fc.json(),
        fc.nat(),
        fc.constantFrom('', '"', '\\', '{', ']', ',', ':', '0', '-', 'e', '.', '\t', '\u0001', 'n'),
      )
      .map(([text, at, insert]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + insert + text.slice(place + (at % 2));
      });
    fc.assert(
      fc.property(damaged, (text) => {
        expect(accepts(parseJsonLossless, text)).toBe(accepts(JSON.parse, text));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('writeJson', () => {
  it('writes what was read', () => {
    const text = '{"a":[1.50,-0,1e400,null,true,"\\u0001\\ud800é"],"b":{},"c":[]}';
    expect(writeJson(parseJsonLossless(text))).toBe(text);
  });

  it('indents', () => {
    expect(writeJson(parseJsonLossless('{"a":[1,{"b":2}],"c":{}}'), 2)).toBe(
      '{\n  "a": [\n    1,\n    {\n      "b": 2\n    }\n  ],\n  "c": {}\n}',
    );
  });

  it('quotes strings', () => {
    expect(quoteJsonString('a"\n\u0001\ud800')).toBe('"a\\"\\n\\u0001\\ud800"');
  });
});
