/** What a browser on the user's machine may do here: nothing on behalf of other sites. */
export interface BrowserGuard {
  /** `loopback`: only names of this machine are answered, so that no foreign name can be pointed at it (DNS rebinding). */
  readonly hosts: 'loopback' | 'any';
}

/** What is looked at of a request. */
export interface GuardedRequest {
  readonly url: string;
  header(name: string): string | undefined;
}

/**
 * Why a request is refused; null when it is not. Requests are understood whatever their content type, so any web page could send
 * one to a server on its visitor's machine: browsers say where a request comes from, other clients say nothing.
 */
export function refusal(request: GuardedRequest, guard: BrowserGuard): string | null {
  const host = request.header('host') ?? new URL(request.url).host;
  if (guard.hosts === 'loopback' && !isLoopbackName(nameOf(host))) {
    return `The host name "${nameOf(host)}" is not one of this machine: use localhost or 127.0.0.1`;
  }
  const origin = request.header('origin');
  if (origin !== undefined && hostOf(origin) !== host.toLowerCase()) return 'Requests of other web sites are refused';
  if (origin === undefined && request.header('sec-fetch-site') === 'cross-site' && !isNavigation(request)) {
    return 'Requests of other web sites are refused';
  }
  return null;
}

/** Whether only this machine can reach an address to listen on. Names other than `localhost` may be anything. */
export function isLoopbackName(name: string): boolean {
  const lower = name.toLowerCase();
  return (
    lower === 'localhost' ||
    lower.endsWith('.localhost') ||
    lower === '::1' ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(lower) ||
    /^::ffff:127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(lower)
  );
}

/** A link on another page that leads here: the page cannot read the answer, and nothing that changes is a GET without body. */
function isNavigation(request: GuardedRequest): boolean {
  return request.header('sec-fetch-mode') === 'navigate';
}

function nameOf(host: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(host);
  if (bracketed !== null) return bracketed[1]!;
  return host.replace(/:\d*$/, '');
}

/** `null`, which browsers send from sandboxed pages, is nobody's host. */
function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
