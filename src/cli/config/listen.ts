import { UsageError } from '../exit.js';

/** An address to listen on. */
export interface ListenAddress {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** `HOST:PORT`, `:PORT`, `PORT` or `http://HOST:PORT`; several with commas. @throws UsageError */
export function parseListeners(text: string): ListenAddress[] {
  return text.split(',').map((part) => parseListener(part.trim()));
}

function parseListener(text: string): ListenAddress {
  if (/^https:/i.test(text)) {
    throw new UsageError(`cannot listen on ${text}: TLS is not supported`, 'Use http behind a proxy that speaks TLS.');
  }
  const found = /^(?:http:\/\/)?(?:(\[[^\]]+\]|[^:/[\]]*):)?(\d{1,5})\/?$/i.exec(text);
  const port = Number(found?.[2]);
  if (found === null || port > 65_535) {
    throw new UsageError(`"${text}" is no address to listen on`, 'Write HOST:PORT, such as 127.0.0.1:8088.');
  }
  const host = (found[1] ?? '').replace(/^\[|\]$/g, '');
  return { host: host === '' ? '127.0.0.1' : host, port };
}
