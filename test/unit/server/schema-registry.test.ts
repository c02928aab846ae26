import { beforeEach, describe, expect, it } from 'vitest';
import { SystemError } from '../../../src/model/errors.js';
import { createApp } from '../../../src/server/app.js';
import { engineWith, memoryRegistry, type RegistryUnderTest, WORDS_FORMATS } from '../../support/schema-registry.js';

const V1 = 'application/vnd.schemaregistry.v1+json';

let test: RegistryUnderTest;
let app: ReturnType<typeof createApp>;

beforeEach(() => {
  test = memoryRegistry();
  app = createApp(engineWith(test.registry));
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** A request as `METHOD /path`, below the registry's own path. */
async function ask(request: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const response = await respond(request, body, headers);
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}

async function respond(request: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) {
  const [method, path] = request.split(' ');
  return app.fetch(
    new Request(`http://localhost/schema-registry${path}`, {
      method: method!,
      headers: { ...(body === undefined ? {} : { 'content-type': V1 }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    }),
  );
}

const ok = (body: unknown): Answer => ({ status: 200, body });

const failed = (code: number, message: unknown): Answer => ({
  status: Number(String(code).slice(0, 3)),
  body: { error_code: code, message },
});

const register = (subject: string, schema: string, more: object = {}) =>
  ask(`POST /subjects/${subject}/versions`, { schema, ...more });

describe('what the server says of itself', () => {
  it('is an empty object, its types and its one context', async () => {
    expect(await ask('GET /')).toEqual(ok({}));
    expect(await ask('GET ')).toEqual(ok({}));
    expect(await ask('GET /schemas/types')).toEqual(ok(['JSON', 'PROTOBUF', 'AVRO']));
    expect(await ask('GET /contexts')).toEqual(ok(['.']));
    expect(await ask('GET /v1/metadata/id')).toEqual(
      ok({
        scope: { path: [], clusters: { 'kafka-cluster': 'cluster-1', 'schema-registry-cluster': 'schema-registry' } },
        id: '',
      }),
    );
    expect(await ask('GET /v1/metadata/version')).toMatchObject(ok({ version: '8.0.0' }));
  });

  it('is in the media type that the client likes', async () => {
    const type = async (accept: string | null) =>
      (await respond('GET /', undefined, accept === null ? {} : { accept })).headers.get('content-type');
    expect(await type(null)).toBe(V1);
    expect(await type('*/*')).toBe(V1);
    expect(await type('application/json')).toBe('application/json');
    expect(await type(`${V1}, application/json`)).toBe(V1);
    expect(await type('text/html')).toBe(V1);
  });

  it('is where it can be found when it is elsewhere', async () => {
    app = createApp(engineWith(null, 'https://registry.example:8081'));
    const message = 'The schema registry is not part of this server: it is at https://registry.example:8081';
    for (const request of ['GET /', 'GET /subjects', 'GET /nonsense', 'DELETE /subjects/a']) {
      expect(await ask(request)).toEqual(failed(404, message));
    }
    app = createApp(engineWith(null));
    expect(await ask('GET /subjects')).toEqual(failed(404, 'The schema registry is not part of this server'));
  });

  it('is 404 or 405 for what it does not have', async () => {
    expect(await ask('GET /nonsense')).toEqual(failed(404, 'HTTP 404 Not Found'));
    expect(await ask('GET /schemas/ids/x')).toEqual(failed(404, 'HTTP 404 Not Found'));
    const response = await respond('PUT /subjects');
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET']);
    expect((await respond('HEAD /subjects')).status).toBe(200);
  });
});

describe('subjects', () => {
  beforeEach(async () => {
    await register('t-key', 'k');
    await register('t-value', 'x');
    await register('t-value', 'x y?');
  });

  it('are registered', async () => {
    expect(await register('t-value', ' y? x')).toEqual(ok({ id: 3 }));
    expect(
      await ask(
        'POST /subjects/t-value/versions',
        { schema: 'x y?' },
        { 'confluent-accept-unknown-properties': 'true' },
      ),
    ).toEqual(ok({ id: 3, version: 2 }));
    expect(await ask('POST /subjects/n/versions?normalize=True', { schema: 'b a' })).toEqual(ok({ id: 4 }));
    expect(await ask('GET /schemas/ids/4')).toEqual(ok({ schema: 'a b' }));
  });

  it('are listed', async () => {
    await ask('DELETE /subjects/t-key');
    expect(await ask('GET /subjects')).toEqual(ok(['t-value']));
    expect(await ask('GET /subjects?deleted=true')).toEqual(ok(['t-key', 't-value']));
    expect(await ask('GET /subjects?deletedOnly=true')).toEqual(ok(['t-key']));
    expect(await ask('GET /subjects?subjectPrefix=t-v')).toEqual(ok(['t-value']));
    expect(await ask('GET /subjects?subjectPrefix=:*:t-k&deleted=true')).toEqual(ok(['t-key']));
    expect(await ask('GET /subjects?deleted=true&offset=1&limit=1')).toEqual(ok(['t-value']));
    expect(await ask('GET /subjects?offset=0&limit=-1')).toEqual(ok(['t-value']));
  });

  it('have versions', async () => {
    expect(await ask('GET /subjects/t-value/versions')).toEqual(ok([1, 2]));
    const latest = ok({ subject: 't-value', id: 3, version: 2, schema: 'x y?' });
    expect(await ask('GET /subjects/t-value/versions/2')).toEqual(latest);
    expect(await ask('GET /subjects/t-value/versions/latest')).toEqual(latest);
    expect(await ask('GET /subjects/t-value/versions/-1')).toEqual(latest);
    expect(await (await respond('GET /subjects/t-value/versions/1/schema')).text()).toBe('x');
    expect(await ask('GET /subjects/t-value/versions/3')).toEqual(failed(40402, 'Version 3 not found.'));
    expect(await ask('GET /subjects/nobody/versions')).toEqual(failed(40401, "Subject 'nobody' not found."));
    expect(await ask('GET /subjects/nobody/versions/1')).toEqual(failed(40401, "Subject 'nobody' not found."));
    for (const bad of ['0', 'first', '-2', '2147483648', '1.5']) {
      expect(await ask(`GET /subjects/t-value/versions/${bad}`)).toEqual(
        failed(42202, expect.stringContaining(`The specified version '${bad}' is not a valid version id.`)),
      );
    }
  });

  it('lose versions', async () => {
    expect(await ask('DELETE /subjects/t-value/versions/1?permanent=true')).toMatchObject({
      body: { error_code: 40407 },
    });
    expect(await ask('DELETE /subjects/t-value/versions/latest')).toEqual(ok(2));
    expect(await ask('GET /subjects/t-value/versions?deletedOnly=true')).toEqual(ok([2]));
    expect(await ask('GET /subjects/t-value/versions/2')).toEqual(failed(40402, 'Version 2 not found.'));
    expect(await ask('GET /subjects/t-value/versions/2?deleted=true')).toMatchObject(ok({ id: 3 }));
    expect(await ask('DELETE /subjects/t-value/versions/2?permanent=true')).toEqual(ok(2));
    expect(await ask('DELETE /subjects/t-value/versions/x')).toMatchObject({ body: { error_code: 42202 } });
    expect(await ask('DELETE /subjects/t-value')).toEqual(ok([1]));
    expect(await ask('DELETE /subjects/t-value?permanent=true')).toEqual(ok([1]));
    expect(await ask('DELETE /subjects/t-value')).toEqual(failed(40401, "Subject 't-value' not found."));
  });

  it('are asked whether they have a schema', async () => {
    expect(await ask('POST /subjects/t-value', { schema: 'y? x' })).toEqual(
      ok({ subject: 't-value', id: 3, version: 2, schema: 'x y?' }),
    );
    expect(await ask('POST /subjects/t-value', { schema: 'z' })).toEqual(failed(40403, 'Schema not found'));
    expect(await ask('POST /subjects/nobody', { schema: 'z' })).toEqual(failed(40401, "Subject 'nobody' not found."));
    await ask('DELETE /subjects/t-value/versions/2');
    expect(await ask('POST /subjects/t-value?deleted=true', { schema: 'x y?' })).toMatchObject(ok({ version: 2 }));
    expect(await ask('POST /subjects/t-value', { schema: 'x y?' })).toEqual(failed(40403, 'Schema not found'));
  });

  it.each([
    'a%2Fb',
    'a%252Fb',
    '100%25',
    '%C3%A4%20b',
    'a+b',
    'a%3Fb%23c',
    ':.ctx:a',
    '%7Bx%7D*',
    'versions',
  ])('may be called %s', async (encoded) => {
    expect(await register(encoded, 'x')).toEqual(ok({ id: 2 }));
    const subject = decodeURIComponent(encoded);
    expect(await ask(`GET /subjects/${encoded}/versions/1`)).toMatchObject(ok({ subject }));
    expect((await ask('GET /subjects')).body).toContain(subject);
    expect(await ask(`PUT /config/${encoded}`, { compatibility: 'none' })).toEqual(ok({ compatibility: 'NONE' }));
    expect(await ask(`GET /config/${encoded}`)).toEqual(ok({ compatibilityLevel: 'NONE' }));
    expect(await ask(`DELETE /subjects/${encoded}`)).toEqual(ok([1]));
  });
});

describe('schemas', () => {
  beforeEach(async () => {
    await register('i', 'x', { schemaType: 'PROTOBUF' });
    await register('a', '@i y', {
      schemaType: 'PROTOBUF',
      references: [{ name: 'i', subject: 'i', version: 1 }],
    });
    await register('b', 'x', { schemaType: 'PROTOBUF' });
  });

  it('are found by their ids', async () => {
    expect(await ask('GET /schemas/ids/1')).toEqual(ok({ schemaType: 'PROTOBUF', schema: 'x' }));
    expect(await ask('GET /schemas/ids/2?fetchMaxId=true&subject=a')).toEqual(
      ok({
        schemaType: 'PROTOBUF',
        references: [{ name: 'i', subject: 'i', version: 1 }],
        schema: '@i y',
        maxId: 2,
      }),
    );
    expect(await (await respond('GET /schemas/ids/2/schema')).text()).toBe('@i y');
    expect(await ask('GET /schemas/ids/1/subjects')).toEqual(ok(['b', 'i']));
    expect(await ask('GET /schemas/ids/1/versions')).toEqual(
      ok([
        { subject: 'i', version: 1 },
        { subject: 'b', version: 1 },
      ]),
    );
    for (const path of ['', '/schema', '/subjects', '/versions']) {
      expect(await ask(`GET /schemas/ids/3${path}`)).toEqual(failed(40403, 'Schema 3 not found'));
    }
  });

  it('are listed', async () => {
    const { body } = await ask('GET /schemas?latestOnly=true');
    expect((body as { subject: string }[]).map(({ subject }) => subject)).toEqual(['a', 'b', 'i']);
    expect(await ask('GET /schemas?subjectPrefix=b')).toEqual(
      ok([{ subject: 'b', id: 1, version: 1, schemaType: 'PROTOBUF', schema: 'x' }]),
    );
  });

  it('know who imports them', async () => {
    expect(await ask('GET /subjects/i/versions/1/referencedby')).toEqual(ok([2]));
    expect(await ask('GET /subjects/i/versions/2/referencedby')).toEqual(failed(40402, 'Version 2 not found.'));
    expect(await ask('DELETE /subjects/i/versions/1')).toEqual(
      failed(42206, 'One or more references exist to the schema {magic=1,keytype=SCHEMA,subject=i,version=1}.'),
    );
  });

  it('are refused with the reason', async () => {
    expect(await register('b', 'x y', { schemaType: 'PROTOBUF' })).toEqual(
      failed(409, expect.stringContaining('for subject "b", details: [field y is missing, ')),
    );
    expect(await register('b', '!', { schemaType: 'PROTOBUF' })).toEqual(
      failed(42201, 'Invalid schema of type PROTOBUF, details: this is no word'),
    );
    expect(await register('b', 'x', { schemaType: 'XML' })).toEqual(failed(42201, 'Invalid schema type XML'));
    expect(await ask('POST /subjects/b/versions', {})).toEqual(failed(42201, 'Empty schema'));
    expect(await register('b', 'x', { references: [{ name: 'n', subject: 's', version: 1 }] })).toMatchObject({
      status: 422,
      body: { error_code: 42201 },
    });
    expect(await register('b', 'x', { ruleSet: { domainRules: [{ name: 'r' }] } })).toMatchObject({ status: 422 });
    expect(await register('b', 'x', { metadata: { tags: { t: ['PII'] } } })).toMatchObject({ status: 422 });
    expect(
      await register('c', 'x', {
        metadata: null,
        ruleSet: { domainRules: [] },
        references: null,
        schemaType: 'PROTOBUF',
      }),
    ).toEqual(ok({ id: 1 }));
  });
});

describe('what another node has registered', () => {
  it('is heard of before anything counts as not there', async () => {
    let refreshes = 0;
    test.registry.refresh = async () => {
      refreshes++;
      if (test.state.schema(1) === null) await test.registry.register('s', { type: 'AVRO', text: 'a', imports: [] });
    };
    expect(await ask('GET /schemas/ids/1')).toEqual(ok({ schema: 'a' }));
    expect(await ask('GET /subjects/s/versions')).toEqual(ok([1]));
    expect(refreshes).toBe(1);
    expect(await ask('GET /schemas/ids/2')).toEqual(failed(40403, 'Schema 2 not found'));
    expect(refreshes).toBe(2);
  });
});

describe('bodies', () => {
  it.each([
    V1,
    `${V1}; charset=utf-8`,
    'application/json',
    'application/octet-stream',
    'Application/JSON',
  ])('are understood as %s', async (type) => {
    expect(await ask('POST /subjects/a/versions', '{"schema":"x"}', { 'content-type': type })).toEqual(ok({ id: 1 }));
  });

  it('of other types are refused', async () => {
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(await ask('POST /subjects/a/versions', '{"schema":"x"}', type)).toEqual(
      failed(415, 'HTTP 415 Unsupported Media Type'),
    );
  });

  it.each([
    '',
    '{',
    '[]',
    'null',
    '"x"',
    '{"schema":1}',
    '{"schema":"x","references":{}}',
    '{"schema":"x","references":[null]}',
    '{"schema":"x","references":[{"name":"n","subject":"s","version":0}]}',
    '{"schema":"x","id":"7"}',
    '{"schema":"x","version":1.5}',
  ])('%j is refused', async (body) => {
    expect(await ask('POST /subjects/a/versions', body)).toEqual(
      failed(400, expect.stringMatching(/^The request body is not understood: /)),
    );
  });

  it('may only be so long', async () => {
    app = createApp(engineWith(test.registry), { limits: { statementBytesMax: 100 } });
    expect(await register('a', 'x'.repeat(100))).toEqual(failed(413, 'The request body is larger than 100 bytes'));
  });
});

describe('compatibility', () => {
  it('is set for all and for a subject', async () => {
    expect(await ask('GET /config')).toEqual(ok({ compatibilityLevel: 'BACKWARD' }));
    expect(await ask('PUT /config', { compatibility: 'full' })).toEqual(ok({ compatibility: 'FULL' }));
    expect(await ask('GET /config')).toEqual(ok({ compatibilityLevel: 'FULL' }));
    expect(await ask('GET /config/a')).toEqual(
      failed(40408, "Subject 'a' does not have subject-level compatibility configured"),
    );
    expect(await ask('GET /config/a?defaultToGlobal=true')).toEqual(ok({ compatibilityLevel: 'FULL' }));
    expect(await ask('PUT /config/a', { compatibility: 'NONE' })).toEqual(ok({ compatibility: 'NONE' }));
    expect(await ask('PUT /config/a', { compatibilityLevel: 'NONE' })).toEqual(ok({ compatibility: 'NONE' }));
    expect(await ask('DELETE /config/a')).toEqual(ok({ compatibilityLevel: 'NONE' }));
    expect(await ask('DELETE /config/a')).toEqual(failed(40401, "Subject 'a' not found."));
    expect(await ask('DELETE /config')).toEqual(ok({ compatibilityLevel: 'FULL' }));
    expect(await ask('GET /config')).toEqual(ok({ compatibilityLevel: 'BACKWARD' }));
    for (const body of [{ compatibility: 'GOOD' }, {}, { compatibility: null }]) {
      expect(await ask('PUT /config', body)).toEqual(
        failed(42203, expect.stringContaining('Invalid compatibility level. Valid values are none, ')),
      );
    }
    expect(await ask('PUT /config', { compatibility: 'NONE', alias: 'b', normalize: false })).toEqual(
      failed(42205, 'The setting "alias" is not supported'),
    );
  });

  it('is tried before a schema is registered', async () => {
    await register('a', 'x');
    const check = (path: string, schema: string) => ask(`POST /compatibility/subjects/${path}`, { schema });
    expect(await check('a/versions/latest', 'x y?')).toEqual(ok({ is_compatible: true }));
    expect(await check('a/versions/1', 'y')).toEqual(ok({ is_compatible: false }));
    expect(await check('a/versions?verbose=true', 'y')).toEqual(
      ok({
        is_compatible: false,
        messages: ['field y is missing', '{oldSchemaVersion: 1}', "{compatibility: 'BACKWARD'}"],
      }),
    );
    expect(await check('a/versions?verbose=true', 'x')).toEqual(ok({ is_compatible: true, messages: [] }));
    expect(await check('a/versions/2', 'x')).toEqual(failed(40402, 'Version 2 not found.'));
    expect(await check('nobody/versions/latest', 'x')).toEqual(ok({ is_compatible: true }));
    expect(await check('a/versions/1', '!')).toMatchObject({ status: 422, body: { error_code: 42201 } });
    expect(test.log).toHaveLength(1);
  });
});

describe('modes', () => {
  it('are set for all and for a subject', async () => {
    expect(await ask('GET /mode')).toEqual(ok({ mode: 'READWRITE' }));
    expect(await ask('GET /mode/a')).toEqual(failed(40409, "Subject 'a' does not have subject-level mode configured"));
    expect(await ask('GET /mode/a?defaultToGlobal=true')).toEqual(ok({ mode: 'READWRITE' }));
    expect(await ask('PUT /mode', { mode: 'readonly' })).toEqual(ok({ mode: 'READONLY' }));
    expect(await register('a', 'x')).toEqual(failed(42205, 'Subject a is in read-only mode'));
    expect(await ask('DELETE /mode')).toEqual(ok({ mode: 'READONLY' }));
    expect(await ask('PUT /mode/a', { mode: 'SLEEP' })).toEqual(
      failed(42204, 'Invalid mode. Valid values are READWRITE, READONLY, READONLY_OVERRIDE, IMPORT'),
    );
    await register('a', 'x');
    expect(await ask('PUT /mode/a', { mode: 'IMPORT' })).toEqual(
      failed(42205, 'Cannot import since found existing subjects'),
    );
    expect(await ask('PUT /mode/a?force=true', { mode: 'IMPORT' })).toEqual(ok({ mode: 'IMPORT' }));
    expect(await register('a', 'y', { id: 40, version: 3 })).toEqual(ok({ id: 40 }));
    expect(await ask('GET /subjects/a/versions')).toEqual(ok([1, 3]));
    expect(await ask('DELETE /mode/a')).toEqual(ok({ mode: 'IMPORT' }));
    expect(await ask('DELETE /mode/a')).toEqual(failed(40401, "Subject 'a' not found."));
  });
});

describe('errors that are nobody’s request', () => {
  it('say what the operator has to know, and no more', async () => {
    const logged: unknown[] = [];
    const answer = async (error: unknown) => {
      const { registry } = memoryRegistry(WORDS_FORMATS);
      registry.deleteVersions = () => Promise.reject(error);
      app = createApp(engineWith(registry), { log: (problem) => logged.push(problem) });
      return ask('DELETE /subjects/a');
    };
    expect(await answer(new SystemError('the disk is full', { code: 'storage' }))).toEqual(
      failed(50001, 'the disk is full'),
    );
    expect(await answer(new SystemError('gone', { code: 'closed' }))).toEqual(
      failed(50303, 'The server is shutting down'),
    );
    expect(logged).toEqual([]);
    const bug = new TypeError('a secret');
    expect(await answer(bug)).toEqual(failed(50000, expect.stringContaining('internal error')));
    expect(logged).toEqual([bug]);
  });
});
