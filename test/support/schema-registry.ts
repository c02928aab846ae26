import type { Engine } from '../../src/engine/engine.js';
import { EmbeddedRegistry } from '../../src/formats/schema-registry/embedded-registry.js';
import type { RegistryChange } from '../../src/formats/schema-registry/registry-change.js';
import type { Decision } from '../../src/formats/schema-registry/registry-operations.js';
import type { RegistryFormat, SchemaSpellings } from '../../src/formats/schema-registry/registry-schemas.js';
import { RegistryState } from '../../src/formats/schema-registry/registry-state.js';
import type { SchemaText, SchemaType } from '../../src/formats/schema-registry/schema-registry.js';
import { StatementError } from '../../src/model/errors.js';
import { type RunningServer, serve } from '../../src/server/serve.js';

/**
 * A format small enough to see through: names of fields with blanks between them, `?` after those that may be missing, `@` before the
 * names of imports. Order and repetition mean nothing; a reader needs every field that may not be missing.
 */
export const WORDS: RegistryFormat = {
  canonical: (schema) => [...new Set(words(schema))].sort().join(' '),
  incompatibilities(reader, writer) {
    const written = new Set(words(writer).map((word) => word.replace('?', '')));
    return words(reader)
      .filter((word) => !word.endsWith('?') && !word.startsWith('@') && !written.has(word))
      .map((word) => `field ${word} is missing`);
  },
};

function words({ text, imports }: SchemaText): string[] {
  const found = text.trim().split(/\s+/);
  for (const word of found) {
    if (!/^@?[\w./-]+\??$/.test(word)) throw new StatementError('this is no word', { code: 'invalid-schema' });
    if (word.startsWith('@') && !imports.some(({ name }) => name === word.slice(1))) {
      throw new StatementError(`${word} is not imported`, { code: 'invalid-schema' });
    }
  }
  return found;
}

export const WORDS_FORMATS: Readonly<Record<SchemaType, RegistryFormat>> = {
  AVRO: WORDS,
  JSON: WORDS,
  PROTOBUF: WORDS,
};

export interface RegistryUnderTest {
  readonly registry: EmbeddedRegistry;
  readonly state: RegistryState;
  /** Every change so far, as a log would have kept it. */
  readonly log: readonly RegistryChange[];
}

/** An embedded registry whose log is a list. */
export function memoryRegistry(
  formats: Readonly<Record<SchemaType, RegistryFormat>> = WORDS_FORMATS,
  spellings: Readonly<Partial<Record<SchemaType, SchemaSpellings>>> = {},
): RegistryUnderTest {
  const log: RegistryChange[] = [];
  const state = new RegistryState();
  const commit = async <Result>(work: (state: RegistryState) => Decision<Result>): Promise<Result> => {
    const { changes, result } = work(state);
    for (const change of changes) {
      log.push(JSON.parse(JSON.stringify(change)));
      state.apply(change);
    }
    return result;
  };
  const refresh = (): Promise<void> => Promise.resolve();
  return { registry: new EmbeddedRegistry({ state: () => state, refresh, commit, formats, spellings }), state, log };
}

/** As much of an engine as the routes of a registry ask for. */
export function engineWith(registry: EmbeddedRegistry | null, schemaRegistryUrl: string | null = null): Engine {
  const engine = {
    schemaRegistry: registry,
    schemaRegistryUrl,
    info: () => ({ version: '8.0.0', clusterId: 'cluster-1' }),
    announceUrl: () => {},
  };
  return engine as unknown as Engine;
}

/** A server for a registry; `url` is what clients are told. @param port 0: any that is free */
export async function serveRegistry(registry: EmbeddedRegistry, port = 0): Promise<RunningServer> {
  const server = await serve(engineWith(registry), { port });
  return { ...server, url: `${server.url}/schema-registry`, close: () => server.close() };
}
