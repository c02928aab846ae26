import { CATEGORY, defineScalar, type FunctionExample, type ScalarDefinition } from '../define.js';
import { type JavaUri, parseJavaUri } from './java-uri.js';

const category = CATEGORY.url;

function encodeParameter(text: string): string {
  return encodeURIComponent(
    text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '?'),
  )
    .replace(/[!'()~]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

const URL_ENCODE_PARAM = defineScalar({
  name: 'URL_ENCODE_PARAM',
  displayName: 'url_encode_param',
  category,
  description: 'A text as it may stand in a query string: form encoding in UTF-8, blanks as +.',
  examples: [{ sql: "URL_ENCODE_PARAM('url encoded')", result: '"url+encoded"' }],
  variants: [{ signature: '(input STRING) -> STRING', nulls: 'propagate', evaluate: encodeParameter }],
});

function decodeParameter(text: string): string {
  if (/%(?![0-9a-fA-F]{2})/.test(text)) throw new Error('Illegal hex characters in escape (%) pattern');
  return text
    .replaceAll('+', ' ')
    .replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
}

const URL_DECODE_PARAM = defineScalar({
  name: 'URL_DECODE_PARAM',
  displayName: 'url_decode_param',
  category,
  description: 'The text behind form encoding in UTF-8; + is a blank.',
  examples: [{ sql: "URL_DECODE_PARAM('url%20encoded')", result: '"url encoded"' }],
  variants: [{ signature: '(input STRING) -> STRING', nulls: 'propagate', evaluate: decodeParameter }],
});

function partFunction<T extends 'STRING' | 'INT'>(
  part: string,
  type: T,
  description: string,
  example: FunctionExample,
  get: (uri: JavaUri) => string | number | null,
): ScalarDefinition {
  const name = `URL_EXTRACT_${part}`;
  return defineScalar({
    name,
    displayName: name.toLowerCase(),
    category,
    description,
    examples: [example],
    variants: [
      {
        signature: `(input STRING) -> ${type}`,
        nulls: 'propagate',
        evaluate: (text: string) => get(parseJavaUri(text)),
      },
    ],
  });
}

function parameterOf(url: string, name: string): string | null {
  const { query } = parseJavaUri(url);
  if (query === null) return null;
  for (const parameter of query.split('&')) {
    const at = parameter.indexOf('=');
    if ((at < 0 ? parameter : parameter.slice(0, at)) === name) return at < 0 ? '' : parameter.slice(at + 1);
  }
  return null;
}

const URL_EXTRACT_PARAMETER = defineScalar({
  name: 'URL_EXTRACT_PARAMETER',
  displayName: 'url_extract_parameter',
  category,
  description: 'The first value of a query parameter: empty when it has none, null when the parameter is absent.',
  examples: [{ sql: "URL_EXTRACT_PARAMETER('http://test.com?a=foo&b=bar', 'b')", result: '"bar"' }],
  variants: [
    { signature: '(input STRING, paramToExtract STRING) -> STRING', nulls: 'propagate', evaluate: parameterOf },
  ],
});

const EXAMPLE_URL = 'https://docs.example.com:8080/cp/intro.html?lang=en#sql';

export const urlFunctions: readonly ScalarDefinition[] = [
  URL_DECODE_PARAM,
  URL_ENCODE_PARAM,
  partFunction(
    'FRAGMENT',
    'STRING',
    'The part of a URL behind #, decoded; null when there is none.',
    { sql: `URL_EXTRACT_FRAGMENT('${EXAMPLE_URL}')`, result: '"sql"' },
    (uri) => uri.fragment,
  ),
  partFunction(
    'HOST',
    'STRING',
    'The host of a URL; null when its authority is no host with an optional port.',
    { sql: `URL_EXTRACT_HOST('${EXAMPLE_URL}')`, result: '"docs.example.com"' },
    (uri) => uri.host,
  ),
  URL_EXTRACT_PARAMETER,
  partFunction(
    'PATH',
    'STRING',
    'The path of a URL, decoded.',
    { sql: `URL_EXTRACT_PATH('${EXAMPLE_URL}')`, result: '"/cp/intro.html"' },
    (uri) => uri.path,
  ),
  partFunction(
    'PORT',
    'INT',
    'The port that a URL names; null when it names none.',
    { sql: `URL_EXTRACT_PORT('${EXAMPLE_URL}')`, result: '8080' },
    (uri) => uri.port,
  ),
  partFunction(
    'PROTOCOL',
    'STRING',
    'The scheme of a URL.',
    { sql: `URL_EXTRACT_PROTOCOL('${EXAMPLE_URL}')`, result: '"https"' },
    (uri) => uri.scheme,
  ),
  partFunction(
    'QUERY',
    'STRING',
    'The part of a URL between ? and #, decoded; null when there is none.',
    { sql: `URL_EXTRACT_QUERY('${EXAMPLE_URL}')`, result: '"lang=en"' },
    (uri) => uri.query,
  ),
];
