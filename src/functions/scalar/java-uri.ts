/** The parts of a URI that the URL functions ask for, percent escapes decoded; null where there is none. */
export interface JavaUri {
  readonly scheme: string | null;
  readonly host: string | null;
  readonly port: number | null;
  readonly path: string | null;
  readonly query: string | null;
  readonly fragment: string | null;
}

const SPLIT = /^(?:([^:/?#]*):)?([^#]*)(?:#(.*))?$/s;
const SCHEME = /^[a-zA-Z][a-zA-Z0-9+.-]*$/;

/** RFC 2396 as `java.net.URI` widens it: any non-ASCII character but blanks and controls stands for itself. */
const OTHER = '[^\\x00-\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const ESCAPED = '%[0-9a-fA-F]{2}';
const UNRESERVED = `[a-zA-Z0-9_.!~*'()-]|${ESCAPED}|${OTHER}`;
const PATH = new RegExp(`^(?:${UNRESERVED}|[:@&=+$,;/])*$`);
const URIC = new RegExp(`^(?:${UNRESERVED}|[;/?:@&=+$,[\\]])*$`);
const REGISTRY_AUTHORITY = new RegExp(`^(?:${UNRESERVED}|[$,;:@&=+])+$`);
const USER_INFO = new RegExp(`^(?:${UNRESERVED}|[;:&=+$,])*$`);

/**
 * Parses as `new java.net.URI(text)` does.
 * @throws Error `URL input has invalid syntax: ...`
 */
export function parseJavaUri(text: string): JavaUri {
  const match = SPLIT.exec(text)!;
  const scheme = match[1] ?? null;
  const rest = match[2]!;
  const rawFragment = match[3] ?? null;
  const check = (ok: boolean): void => {
    if (!ok) throw new Error(`URL input has invalid syntax: ${text}`);
  };
  if (scheme !== null) check(SCHEME.test(scheme) && rest !== '');
  if (rawFragment !== null) check(URIC.test(rawFragment));
  const fragment = decode(rawFragment);
  if (scheme !== null && !rest.startsWith('/')) {
    check(URIC.test(rest));
    return { scheme, host: null, port: null, path: null, query: null, fragment };
  }
  const queryAt = rest.indexOf('?');
  const rawQuery = queryAt < 0 ? null : rest.slice(queryAt + 1);
  let rawPath = queryAt < 0 ? rest : rest.slice(0, queryAt);
  let server: Server = NO_SERVER;
  if (rawPath.startsWith('//')) {
    const end = rawPath.indexOf('/', 2);
    const authority = rawPath.slice(2, end < 0 ? undefined : end);
    rawPath = end < 0 ? '' : rawPath.slice(end);
    if (authority === '') check(rawPath !== '' || rawQuery !== null || rawFragment !== null);
    else {
      const found = parseServer(authority);
      check(found !== null || REGISTRY_AUTHORITY.test(authority));
      if (found !== null) server = found;
    }
  }
  check(PATH.test(rawPath));
  if (rawQuery !== null) check(URIC.test(rawQuery));
  return { scheme, host: server.host, port: server.port, path: decode(rawPath), query: decode(rawQuery), fragment };
}

interface Server {
  readonly host: string | null;
  readonly port: number | null;
}

const NO_SERVER: Server = { host: null, port: null };

const IPV4 = /^(?:\d{1,3}\.){3}\d{1,3}$/;
const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
/** The last of several labels begins with a letter. */
const HOST_NAME = new RegExp(`^(?:${LABEL}|(?:${LABEL}\\.)+(?=[a-zA-Z])${LABEL})\\.?$`);
const IPV6_LITERAL = /^\[[0-9a-fA-F:.]+(?:%[\w.~-]+)?\]$/;

/** `user@host:port`; null when the authority has another shape, which a URI may have. */
function parseServer(authority: string): Server | null {
  const at = authority.indexOf('@');
  const user = at < 0 ? '' : authority.slice(0, at);
  const address = authority.slice(at + 1);
  if (!USER_INFO.test(user)) return null;
  const bracket = address.startsWith('[') ? address.indexOf(']') : -1;
  if (address.startsWith('[') && bracket < 0) return null;
  const colon = address.indexOf(':', bracket + 1);
  const host = colon < 0 ? address : address.slice(0, colon);
  const port = colon < 0 ? '' : address.slice(colon + 1);
  if (bracket >= 0) {
    if (!IPV6_LITERAL.test(host)) return null;
  } else if (!HOST_NAME.test(host) && !isIpv4(host)) {
    return null;
  }
  if (!/^\d*$/.test(port) || Number(port) > 0x7fff_ffff) return null;
  return { host, port: port === '' ? null : Number(port) };
}

function isIpv4(host: string): boolean {
  return IPV4.test(host) && host.split('.').every((part) => Number(part) <= 255);
}

/** Percent escapes as UTF-8; bytes that are none become U+FFFD. */
function decode(text: string | null): string | null {
  if (text === null || !text.includes('%')) return text;
  return text.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
}
