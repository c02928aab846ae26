import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpRegistry } from '../../../../src/formats/schema-registry/http-registry.js';
import { registryOptions } from '../../../../src/formats/schema-registry/registry-settings.js';
import type { SchemaText } from '../../../../src/formats/schema-registry/schema-registry.js';

/** What a registry is sent. */
interface Seen {
  readonly request: string;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

/** Status and JSON, or text as it is; `hang`: never an answer; `cut`: the connection ends. */
type Reply = readonly [number, unknown, Readonly<Record<string, string>>?] | 'hang' | 'cut';

const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A registry that answers as it is told. */
async function fakeRegistry(reply: (request: string, count: number) => Reply, tls?: https.ServerOptions) {
  const seen: Seen[] = [];
  const answer = (incoming: http.IncomingMessage, response: http.ServerResponse) => {
    let text = '';
    incoming.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
    incoming.on('end', () => {
      const request = `${incoming.method} ${incoming.url}`;
      seen.push({
        request,
        authorization: incoming.headers.authorization,
        body: text === '' ? null : JSON.parse(text),
      });
      const replied = reply(request, seen.length);
      if (replied === 'hang') return;
      if (replied === 'cut') {
        incoming.socket.destroy();
        return;
      }
      const [status, body, headers] = replied;
      response.writeHead(status, headers);
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  };
  const server = tls === undefined ? http.createServer(answer) : https.createServer(tls, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { seen, url: `http${tls === undefined ? '' : 's'}://127.0.0.1:${port}`, port };
}

/** A client with these settings, whose pauses take no time. */
function client(settings: Readonly<Record<string, string>>) {
  const pauses: number[] = [];
  let now = 0;
  const time = {
    elapsed: () => now,
    async sleep(ms: number) {
      pauses.push(ms);
      now += ms;
    },
  };
  const options = registryOptions(
    (name) => settings[name] ?? null,
    (path) => readFileSync(path, 'utf8'),
  );
  const registry = new HttpRegistry(options!, time);
  closers.push(() => registry.close());
  return { registry, pauses, pass: (ms: number) => time.sleep(ms) };
}

/** A port where nobody listens. */
async function deadPort(): Promise<number> {
  const server = http.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const AVRO: SchemaText = { type: 'AVRO', text: '"string"', imports: [] };
const found: Reply = [200, { schema: '"string"' }];
const missing: Reply = [404, { error_code: 40403, message: 'Schema 1 not found' }];

describe('an endpoint that does not answer', () => {
  it('is passed over, and the one that answered is asked first from then on', async () => {
    const dead = await deadPort();
    const good = await fakeRegistry(() => missing);
    const { registry, pauses } = client({ url: `http://127.0.0.1:${dead},${good.url}` });
    expect(await registry.byId(1)).toBeNull();
    expect(await registry.byId(1)).toBeNull();
    expect(good.seen).toHaveLength(2);
    expect(pauses).toEqual([]);
  });

  it('is asked again after pauses that grow', async () => {
    const { seen, url } = await fakeRegistry((_, count) => (count === 1 ? 'cut' : count < 4 ? [503, 'busy'] : found));
    const { registry, pauses } = client({ url });
    expect(await registry.byId(1)).toMatchObject({ text: '"string"' });
    expect(seen).toHaveLength(4);
    expect(pauses).toEqual([100, 200, 400]);
  });

  it('is waited for as long as it asks, within bounds', async () => {
    const { url } = await fakeRegistry((_, count) =>
      count === 1 ? [429, '', { 'retry-after': '2' }] : count === 2 ? [429, '', { 'retry-after': '600' }] : found,
    );
    const { registry, pauses } = client({ url });
    await registry.byId(1);
    expect(pauses).toEqual([2000, 5000]);
  });

  it('is given up after so many tries', async () => {
    const { seen, url, port } = await fakeRegistry(() => [500, { error_code: 50001, message: 'store failed' }]);
    const dead = await deadPort();
    const { registry, pauses } = client({ url: `${url}, http://127.0.0.1:${dead}`, 'max.retries': '2' });
    await expect(registry.byId(1)).rejects.toMatchObject({
      name: 'SystemError',
      code: 'registry-unavailable',
      retriable: true,
      message:
        `the schema registry at http://127.0.0.1:${port} answered 500: store failed; ` +
        `the schema registry at http://127.0.0.1:${dead} cannot be reached: connect ECONNREFUSED 127.0.0.1:${dead}`,
    });
    expect(seen).toHaveLength(3);
    expect(pauses).toHaveLength(2);
  });

  it('that hangs is given up at once', async () => {
    const { seen, url } = await fakeRegistry(() => 'hang');
    const { registry, pauses } = client({ url, 'http.read.timeout.ms': '50' });
    await expect(registry.byId(1)).rejects.toMatchObject({
      code: 'registry-unavailable',
      message: `the schema registry at ${url} did not answer within 50 ms`,
    });
    expect([seen.length, pauses]).toEqual([1, []]);
  });

  it('that sends too much is cut off', async () => {
    const { url } = await fakeRegistry(() => [200, ' '.repeat(17 * 1_048_576)]);
    const { registry } = client({ url });
    await expect(registry.byId(1)).rejects.toMatchObject({
      code: 'registry-unavailable',
      message: expect.stringContaining('sent an answer of more than 16777216 bytes'),
    });
  });

  it('fails what waits for it when the client is closed', async () => {
    const { seen, url } = await fakeRegistry(() => 'hang');
    const { registry } = client({ url });
    const waiting = registry.byId(1);
    await expect.poll(() => seen.length).toBe(1);
    registry.close();
    await expect(waiting).rejects.toMatchObject({ code: 'registry-unavailable' });
  });
});

describe('an answer', () => {
  const answerTo = async (reply: Reply) => {
    const { url } = await fakeRegistry(() => reply);
    const { registry } = client({ url });
    return registry.register('s', AVRO).then(
      () => null,
      (error: { code: string; message: string }) => `${error.code}: ${error.message.replace(url, 'URL')}`,
    );
  };

  it.each([
    [
      [401, { error_code: 401, message: 'Unauthorized' }],
      'registry-denied: the schema registry at URL does not let us in: it answered 401 (Unauthorized)',
    ],
    [[403, 'no'], 'registry-denied: the schema registry at URL does not let us in: it answered 403'],
    [[404, 'Not Found'], 'registry-error: URL answered 404: is it a schema registry?'],
    [[302, '', { location: 'http://127.0.0.1/' }], 'registry-error: URL answered 302: is it a schema registry?'],
    [[200, '<html>'], 'registry-error: the answer of URL is not understood: is it a schema registry?'],
    [[200, {}], 'registry-error: the answer of URL is not understood: is it a schema registry?'],
    [[200, { id: -1 }], 'registry-error: the answer of URL is not understood: is it a schema registry?'],
    [[409, { error_code: 409, message: 'too new' }], 'incompatible-schema: too new'],
    [
      [422, { error_code: 42201, message: 'no Avro' }],
      'invalid-schema: the schema registry does not take the schema for subject "s": no Avro',
    ],
    [
      [422, { error_code: 42205, message: 'read-only' }],
      'registry-error: the schema registry refused: read-only (error code 42205)',
    ],
  ] as [Reply, string][])('%j is %s', async (reply, error) => {
    expect(await answerTo(reply)).toBe(error);
  });
});

describe('credentials', () => {
  const sent = async (settings: Readonly<Record<string, string>>, inUrl = '') => {
    const { seen, url } = await fakeRegistry(() => missing);
    const { registry } = client({ ...settings, url: url.replace('://', `://${inUrl}`) });
    await registry.byId(1);
    return seen[0]!.authorization;
  };
  const basic = (userInfo: string) => `Basic ${Buffer.from(userInfo).toString('base64')}`;

  it('come from where the settings say', async () => {
    expect(await sent({})).toBeUndefined();
    expect(await sent({}, 'me:p%40ss@')).toBe(basic('me:p@ss'));
    expect(await sent({ 'basic.auth.credentials.source': 'URL' }, 'me:pass@')).toBe(basic('me:pass'));
    const userInfo = { 'basic.auth.user.info': 'you:a:b' };
    expect(await sent(userInfo)).toBe(basic('you:a:b'));
    expect(await sent({ ...userInfo, 'basic.auth.credentials.source': 'USER_INFO' }, 'me:x@')).toBe(basic('you:a:b'));
    expect(await sent({ ...userInfo, 'basic.auth.credentials.source': 'URL' }, 'me:x@')).toBe(basic('me:x'));
    expect(await sent({ 'bearer.auth.token': 't0k' })).toBe('Bearer t0k');
    expect(await sent({ 'bearer.auth.token': 't0k', 'bearer.auth.credentials.source': 'STATIC_TOKEN' })).toBe(
      'Bearer t0k',
    );
  });

  it('are in no message', async () => {
    const replies: readonly Reply[] = ['cut', 'hang', [401, ''], [404, ''], [500, ''], [200, '!'], [422, {}]];
    for (const reply of replies) {
      const { url } = await fakeRegistry(() => reply);
      const withSecret = url.replace('://', '://user:s3cret@');
      const { registry } = client({ url: withSecret, 'max.retries': '0', 'http.read.timeout.ms': '30' });
      const error: Error = await registry.register('s', AVRO).then(
        () => expect.unreachable(),
        (thrown) => thrown,
      );
      const text = JSON.stringify([error.message, error.stack, error.cause, Object.entries(error), registry.url]);
      expect(text).toContain(url);
      expect(text).not.toMatch(/s3cret|dXNlcjpzM2NyZXQ/);
    }
  });
});

describe('answers that are known', () => {
  it('are not asked for again: schemas', async () => {
    const { seen, url } = await fakeRegistry(() => found);
    const { registry } = client({ url });
    await registry.byId(1);
    await registry.byId(1);
    expect(seen).toHaveLength(1);
  });

  it('are not asked for again: what was registered lately, unless it was deleted', async () => {
    const { seen, url } = await fakeRegistry(() => [200, { id: 1, version: 4 }]);
    const { registry, pass } = client({ url });
    const register = () => registry.register('s', AVRO);
    expect(await register()).toMatchObject({ version: 4 });
    await register();
    expect(seen).toHaveLength(1);
    await pass(10_001);
    await register();
    expect(seen).toHaveLength(2);
    await registry.deleteSubject('s');
    await register();
    expect(seen.map(({ request }) => request.split(' ')[0])).toEqual(['POST', 'POST', 'DELETE', 'POST']);
  });

  it('are shared by those who ask at the same time', async () => {
    const { seen, url } = await fakeRegistry((request) =>
      request.startsWith('POST') ? [200, { id: 1, version: 1 }] : [200, { id: 1, version: 1, schema: '"string"' }],
    );
    const { registry } = client({ url });
    const ask = () => [registry.byId(1), registry.latest('s'), registry.register('s', AVRO)];
    await Promise.all([...ask(), ...ask(), ...ask()]);
    expect(seen.map(({ request }) => request).sort()).toEqual([
      'GET /schemas/ids/1',
      'GET /subjects/s/versions/latest',
      'POST /subjects/s/versions',
    ]);
  });

  it('do not include failures', async () => {
    const { url } = await fakeRegistry((_, count) => (count === 1 ? missing : found));
    const { registry } = client({ url });
    expect(await registry.byId(1)).toBeNull();
    expect(await registry.byId(1)).not.toBeNull();
  });
});

describe('registries of other makes', () => {
  it('tell no version when something is registered, and are asked for it', async () => {
    const { seen, url } = await fakeRegistry((request) =>
      request.endsWith('/versions') ? [200, { id: 9 }] : [200, { subject: 's/x', id: 9, version: 5, schema: 'x' }],
    );
    const { registry } = client({ url: `${url}/base/` });
    const schema: SchemaText = { type: 'JSON', text: '{}', imports: [] };
    expect(await registry.register('s/x', schema)).toEqual({
      subject: 's/x',
      version: 5,
      schema: { ...schema, id: 9 },
    });
    const body = { schema: '{}', schemaType: 'JSON' };
    expect(seen.map(({ request, body }) => [request, body])).toEqual([
      ['POST /base/subjects/s%2Fx/versions', body],
      ['POST /base/subjects/s%2Fx', body],
    ]);
  });

  it('may have schemas of types that nothing here reads', async () => {
    const { url } = await fakeRegistry(() => [200, { schema: 'x', schemaType: 'THRIFT' }]);
    expect(await client({ url }).registry.byId(1)).toBeNull();
  });

  it('may have schemas that import each other', async () => {
    const references = [{ name: 'a', subject: 'a', version: 1 }];
    const { url } = await fakeRegistry(() => [200, { schema: 'x', references }]);
    const { registry } = client({ url });
    expect(await registry.byId(1)).toMatchObject({ imports: [{ name: 'a', text: 'x' }] });
  });

  it('may have schemas that import without end', async () => {
    const { url } = await fakeRegistry((_, count) => [
      200,
      { schema: 'x', references: [{ name: 'a', subject: 'a', version: count }] },
    ]);
    const { registry } = client({ url });
    await expect(registry.byId(1)).rejects.toMatchObject({
      code: 'registry-error',
      message: expect.stringContaining('deeper than 100'),
    });
  });
});

describe('TLS', () => {
  it('trusts what the settings say, and shows the certificate that they name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'registry-tls-'));
    closers.push(() => rmSync(folder, { recursive: true }));
    const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=registry.test`;
    execFileSync(
      'openssl',
      [...words.split(' '), '-addext', 'subjectAltName=DNS:registry.test', '-keyout', keyFile, '-out', certFile],
      { stdio: 'pipe' },
    );
    const tls = { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') };
    const server = await fakeRegistry(() => missing, tls);
    const ask = (settings: Readonly<Record<string, string>>) => {
      const { registry } = client({ url: server.url, 'max.retries': '0', ...settings });
      return registry.byId(1);
    };
    const trust = { 'ssl.truststore.location': certFile };
    const anyHost = { 'ssl.endpoint.identification.algorithm': '' };
    await expect(ask({})).rejects.toMatchObject({ message: expect.stringContaining('self-signed certificate') });
    await expect(ask(anyHost)).rejects.toMatchObject({ message: expect.stringContaining('self-signed certificate') });
    await expect(ask(trust)).rejects.toMatchObject({
      message: expect.stringContaining("does not match certificate's altnames"),
    });
    expect(await ask({ ...trust, ...anyHost })).toBeNull();
    expect(await ask({ 'ssl.truststore.certificates': tls.cert, ...anyHost })).toBeNull();

    const strict = await fakeRegistry(() => missing, { ...tls, ca: tls.cert, requestCert: true });
    const both = join(folder, 'both.pem');
    writeFileSync(both, tls.key + tls.cert);
    const askStrict = (settings: Readonly<Record<string, string>>) =>
      ask({ ...trust, ...anyHost, url: strict.url, ...settings });
    await expect(askStrict({})).rejects.toMatchObject({ code: 'registry-unavailable' });
    expect(await askStrict({ 'ssl.keystore.location': both })).toBeNull();
    expect(await askStrict({ 'ssl.keystore.certificate.chain': tls.cert, 'ssl.keystore.key': tls.key })).toBeNull();
  });

  it('refuses at once what cannot be read', () => {
    const pem = '-----BEGIN PRIVATE KEY-----\nMII=\n-----END PRIVATE KEY-----\n';
    expect(() => client({ url: 'https://a', 'ssl.keystore.key': pem })).toThrow(
      expect.objectContaining({
        code: 'invalid-setting',
        message: expect.stringContaining('ksql.schema.registry.ssl.* cannot be read'),
      }),
    );
  });
});
