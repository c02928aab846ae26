import { type DeletedFilter, SCHEMA_TYPES, type StoredSchema, type VersionDetail } from '../../engine/registry-api.js';
import type { Route } from '../server-context.js';
import { isNotFound, noSuchPath, PlainText, RegistryCall } from './schema-registry-call.js';

/** Where the registry's REST API is served: what clients are given as its URL. */
const SCHEMA_REGISTRY_PATH = '/schema-registry';

type Method = Route['methods'][number];

type Handle = (call: RegistryCall) => unknown;

/** Confluent's REST API for schema registries, on the registry inside the engine. */
export const schemaRegistryRoutes: readonly Route[] = [
  route('', { GET: () => ({}) }),
  route('/', { GET: () => ({}) }),
  route('/contexts', { GET: (call) => call.page(['.']) }),
  route('/v1/metadata/id', { GET: metadataId }),
  route('/v1/metadata/version', { GET: metadataVersion }),

  route('/schemas', { GET: allSchemas }),
  route('/schemas/types', { GET: () => SCHEMA_TYPES }),
  route('/schemas/ids/:id', { GET: schemaById }),
  route('/schemas/ids/:id/schema', { GET: schemaTextById }),
  route('/schemas/ids/:id/subjects', { GET: subjectsOfId }),
  route('/schemas/ids/:id/versions', { GET: versionsOfId }),

  route('/subjects', { GET: subjects }),
  route('/subjects/:subject', { POST: lookUp, DELETE: deleteSubject }),
  route('/subjects/:subject/versions', { GET: versions, POST: register }),
  route('/subjects/:subject/versions/:version', { GET: version, DELETE: deleteVersion }),
  route('/subjects/:subject/versions/:version/schema', { GET: schemaTextOfVersion }),
  route('/subjects/:subject/versions/:version/referencedby', { GET: referencedBy }),

  route('/compatibility/subjects/:subject/versions', { POST: checkAll }),
  route('/compatibility/subjects/:subject/versions/:version', { POST: checkOne }),

  route('/config', { GET: level(false), PUT: setLevel(false), DELETE: dropLevel(false) }),
  route('/config/:subject', { GET: level(true), PUT: setLevel(true), DELETE: dropLevel(true) }),
  route('/mode', { GET: mode(false), PUT: setMode(false), DELETE: dropMode(false) }),
  route('/mode/:subject', { GET: mode(true), PUT: setMode(true), DELETE: dropMode(true) }),

  route('/*', { GET: nothingHere, POST: nothingHere, PUT: nothingHere, DELETE: nothingHere }),
];

function route(path: string, handles: Partial<Record<Method, Handle>>): Route {
  return {
    path: `${SCHEMA_REGISTRY_PATH}${path}`,
    methods: Object.keys(handles) as Method[],
    async handle(request, server) {
      const call = new RegistryCall(request, server);
      const { method } = request.req;
      const handle = handles[method === 'HEAD' ? 'GET' : (method as Method)]!;
      try {
        call.requireRegistry();
        return call.reply(await answer(handle, call));
      } catch (error) {
        return call.errorReply(error);
      }
    },
  };
}

/** What is not there may have been registered with another node a moment ago. */
async function answer(handle: Handle, call: RegistryCall): Promise<unknown> {
  try {
    return await handle(call);
  } catch (error) {
    if (!call.isRead || !isNotFound(error)) throw error;
    await call.registry.refresh();
    return handle(call);
  }
}

function nothingHere(): never {
  throw noSuchPath();
}

function metadataId({ server }: RegistryCall): unknown {
  const { clusterId } = server.engine.info();
  const clusters = { 'kafka-cluster': clusterId, 'schema-registry-cluster': 'schema-registry' };
  return { scope: { path: [], clusters }, id: '' };
}

function metadataVersion({ server }: RegistryCall): unknown {
  const { version, millraceVersion } = server.engine.info();
  return { version, commitId: `millrace-${millraceVersion}` };
}

function allSchemas(call: RegistryCall): unknown {
  const found = call.registry.allVersions(prefixOf(call), call.flag('deleted'), call.flag('latestOnly'));
  return call.page(found).map((detail) => versionBody(detail));
}

function schemaById(call: RegistryCall): unknown {
  const { registry } = call;
  const schema = registry.schema(call.id);
  const maxId = call.flag('fetchMaxId') ? { maxId: registry.idMax } : {};
  return { ...schemaBody(schema, registry.formatted(schema, call.text('format'))), ...maxId };
}

function schemaTextById(call: RegistryCall): unknown {
  return new PlainText(call.registry.formatted(call.registry.schema(call.id), call.text('format')));
}

function subjectsOfId(call: RegistryCall): unknown {
  const uses = call.registry.usesOf(call.id, call.flag('deleted'));
  return call.page([...new Set(uses.map(({ subject }) => subject))].sort());
}

function versionsOfId(call: RegistryCall): unknown {
  const uses = call.registry.usesOf(call.id, call.flag('deleted'));
  return call.page(uses.map(({ subject, version }) => ({ subject, version })));
}

function subjects(call: RegistryCall): unknown {
  return call.page(call.registry.subjects(prefixOf(call), deletedFilter(call)));
}

async function lookUp(call: RegistryCall): Promise<unknown> {
  const { registry, subject } = call;
  const found = registry.lookUp(subject, await call.schemaBody(), call.flag('deleted'));
  return versionBody(found, registry.formatted(found, call.text('format')));
}

function deleteSubject(call: RegistryCall): unknown {
  return call.registry.deleteVersions(call.subject, call.flag('permanent'));
}

function versions(call: RegistryCall): unknown {
  return call.page(call.registry.versions(call.subject, deletedFilter(call)));
}

async function register(call: RegistryCall): Promise<unknown> {
  const { id, version } = await call.registry.registerVersion(call.subject, await call.registerBody());
  return call.takesMore ? { id, version } : { id };
}

function version(call: RegistryCall): unknown {
  const { registry } = call;
  const found = registry.version(call.subject, call.version, call.flag('deleted'));
  return versionBody(found, registry.formatted(found, call.text('format')));
}

function deleteVersion(call: RegistryCall): unknown {
  return call.registry.deleteVersion(call.subject, call.version, call.flag('permanent'));
}

function schemaTextOfVersion(call: RegistryCall): unknown {
  const { registry } = call;
  const found = registry.version(call.subject, call.version, call.flag('deleted'));
  return new PlainText(registry.formatted(found, call.text('format')));
}

function referencedBy(call: RegistryCall): unknown {
  return call.page(call.registry.importersOf(call.subject, call.version));
}

async function checkAll(call: RegistryCall): Promise<unknown> {
  return verdict(call, call.registry.reasonsAgainst(call.subject, await call.schemaBody()));
}

async function checkOne(call: RegistryCall): Promise<unknown> {
  const { registry, subject, version } = call;
  return verdict(call, registry.reasonsAgainstVersion(subject, version, await call.schemaBody()));
}

function verdict(call: RegistryCall, reasons: readonly string[]): unknown {
  return { is_compatible: reasons.length === 0, ...(call.flag('verbose') ? { messages: reasons } : {}) };
}

function level(ofSubject: boolean): Handle {
  return (call) => ({
    compatibilityLevel: call.registry.compatibility(subjectOrNull(call, ofSubject), call.flag('defaultToGlobal')),
  });
}

function setLevel(ofSubject: boolean): Handle {
  return async (call) => {
    const compatibility = await call.levelBody();
    await call.registry.setCompatibility(subjectOrNull(call, ofSubject), compatibility);
    return { compatibility };
  };
}

function dropLevel(ofSubject: boolean): Handle {
  return async (call) => ({
    compatibilityLevel: await call.registry.setCompatibility(subjectOrNull(call, ofSubject), null),
  });
}

function mode(ofSubject: boolean): Handle {
  return (call) => ({ mode: call.registry.mode(subjectOrNull(call, ofSubject), call.flag('defaultToGlobal')) });
}

function setMode(ofSubject: boolean): Handle {
  return async (call) => {
    const wanted = await call.modeBody();
    await call.registry.setMode(subjectOrNull(call, ofSubject), wanted, call.flag('force'));
    return { mode: wanted };
  };
}

function dropMode(ofSubject: boolean): Handle {
  return async (call) => ({ mode: await call.registry.setMode(subjectOrNull(call, ofSubject), null, false) });
}

function subjectOrNull(call: RegistryCall, ofSubject: boolean): string | null {
  return ofSubject ? call.subject : null;
}

/** There is one context, so those that a prefix may begin with say nothing. */
function prefixOf(call: RegistryCall): string {
  return call.text('subjectPrefix').replace(/^:[*.]:/, '');
}

function deletedFilter(call: RegistryCall): DeletedFilter {
  if (call.flag('deletedOnly')) return 'only';
  return call.flag('deleted') ? 'with' : 'without';
}

function versionBody(detail: VersionDetail, text = detail.text): unknown {
  const { subject, id, version } = detail;
  return { subject, id, version, ...schemaBody(detail, text) };
}

/** Avro is not named, and neither is a lack of references: that is what older clients expect. */
function schemaBody({ type, references }: Pick<StoredSchema, 'type' | 'references'>, text: string): object {
  return {
    ...(type === 'AVRO' ? {} : { schemaType: type }),
    ...(references.length === 0 ? {} : { references }),
    schema: text,
  };
}
