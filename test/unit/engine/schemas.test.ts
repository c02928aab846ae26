import { describe, expect, it } from 'vitest';
import { SchemaDirectory } from '../../../src/engine/schema-directory.js';
import type {
  RegisteredSchema,
  SchemaRegistry,
  SchemaText,
  SubjectVersion,
} from '../../../src/formats/schema-registry/schema-registry.js';
import { SystemError } from '../../../src/model/errors.js';
import { open, rowsOf } from './engine-fixture.js';

const TEXT: SchemaText = { type: 'AVRO', text: '"int"', imports: [] };

/** A registry that can be away. */
class FakeRegistry implements SchemaRegistry {
  readonly subjects = new Map<string, SubjectVersion>();
  readonly calls: string[] = [];
  failures = 0;

  async register(subject: string, schema: SchemaText): Promise<SubjectVersion> {
    this.#call(`register ${subject}`);
    const id = this.subjects.size + 1;
    const version = { subject, version: 1, schema: { ...schema, id } };
    this.subjects.set(subject, version);
    return version;
  }

  async latest(subject: string): Promise<SubjectVersion | null> {
    this.#call(`latest ${subject}`);
    return this.subjects.get(subject) ?? null;
  }

  async byId(id: number): Promise<RegisteredSchema | null> {
    this.#call(`byId ${id}`);
    return [...this.subjects.values()].find((version) => version.schema.id === id)?.schema ?? null;
  }

  async subjectsOf(): Promise<readonly string[]> {
    return [];
  }

  async deleteSubject(subject: string): Promise<void> {
    this.#call(`delete ${subject}`);
    this.subjects.delete(subject);
  }

  #call(what: string): void {
    this.calls.push(what);
    if (this.failures-- > 0) throw new SystemError('the registry is away', { code: 'registry-unavailable' });
  }
}

describe('the registry as an engine sees it', () => {
  it('is asked again until it answers, and says so meanwhile', async () => {
    const registry = new FakeRegistry();
    await registry.register('s', TEXT);
    registry.failures = 2;
    const directory = new SchemaDirectory(registry);
    const loading = directory.load(1);
    await expect.poll(() => directory.trouble).toBe('the registry is away');
    expect(await loading).toEqual({ ...TEXT, id: 1 });
    expect(directory.trouble).toBeNull();
    expect(registry.calls.filter((call) => call === 'byId 1')).toHaveLength(3);
  });

  it('is not waited for when the engine closes', async () => {
    const registry = new FakeRegistry();
    registry.failures = Number.POSITIVE_INFINITY;
    const directory = new SchemaDirectory(registry);
    const loading = directory.load(1);
    await expect.poll(() => directory.trouble).not.toBeNull();
    directory.close();
    await expect(loading).rejects.toMatchObject({ code: 'closed' });
  });

  it('gives a planning step what it looks at', async () => {
    const registry = new FakeRegistry();
    await registry.register('s', TEXT);
    const directory = new SchemaDirectory(registry);
    const seen = await directory.plan((schemas) => [
      schemas.latest('s')?.schema.id,
      schemas.byId(1)?.text,
      schemas.latest('t'),
    ]);
    expect(seen).toEqual([1, '"int"', null]);
    await expect(
      directory.plan(() => {
        throw new Error('something else');
      }),
    ).rejects.toThrow('something else');
  });

  it('registers what is asked for, or nothing where any schema will do', async () => {
    const registry = new FakeRegistry();
    const directory = new SchemaDirectory(registry);
    const request = { subject: 's', schema: TEXT, ifAbsent: true };
    expect((await directory.register([request])).get('s')).toEqual({ ...TEXT, id: 1 });
    await directory.register([{ ...request, schema: { ...TEXT, text: '"long"' } }]);
    expect(registry.subjects.get('s')!.schema.text).toBe('"int"');
    await directory.register([{ ...request, schema: { ...TEXT, text: '"long"' }, ifAbsent: false }]);
    expect(registry.subjects.get('s')!.schema.text).toBe('"long"');
  });

  it('forgets the subjects of topics, and tells what it could not', async () => {
    const registry = new FakeRegistry();
    await registry.register('t-key', TEXT);
    await registry.register('t-value', TEXT);
    const directory = new SchemaDirectory(registry);
    expect(await directory.forgetTopics(['t', 'other'])).toEqual([]);
    expect([...registry.subjects.keys()]).toEqual([]);
    registry.failures = 1;
    expect(await directory.forgetTopics(['t'])).toEqual([
      'Could not clean up the schema registry for subject: t-key. the registry is away',
    ]);
  });
});

describe('the registry that an engine keeps', () => {
  const SOURCE = "CREATE STREAM S (K INT KEY, G STRING) WITH (KAFKA_TOPIC='s', FORMAT='AVRO', PARTITIONS=1);";

  it('outlives the engine, does not count as statements, and follows what is dropped', async () => {
    const engine = await open();
    await engine.execute(SOURCE);
    await engine.execute('CREATE TABLE T AS SELECT G, COUNT(*) AS N FROM S GROUP BY G;');
    // The processing log is the first statement.
    expect(engine.core.catalog.queries().map(({ id }) => id)).toEqual(['CTAS_T_2']);
    const registry = engine.core.embeddedRegistry!;
    const subjects = () => registry.subjects('', 'without');
    const internal = '_confluent-ksql-default_query_CTAS_T_2-Aggregate-GroupBy-repartition';
    expect(subjects()).toEqual(['T-key', 'T-value', `${internal}-key`, `${internal}-value`, 's-key', 's-value']);
    await engine.execute('TERMINATE CTAS_T_2;');
    expect(subjects()).toEqual(['T-key', 'T-value', 's-key', 's-value']);
    await engine.execute('DROP TABLE T DELETE TOPIC;');
    expect(subjects()).toEqual(['s-key', 's-value']);
  });

  it('refuses keys that would be written in another way than they are', async () => {
    const engine = await open();
    await engine.execute(SOURCE);
    await engine.execute("CREATE STREAM OTHER (K STRING KEY, G STRING) WITH (KAFKA_TOPIC='s', FORMAT='AVRO');");
    await expect(engine.execute("INSERT INTO OTHER VALUES ('a', 'b');")).rejects.toThrow(
      'Cannot INSERT VALUES into data source `OTHER`. ksqlDB generated schema would overwrite existing key schema.',
    );
    await engine.execute("INSERT INTO S VALUES (1, 'b');");
    expect(await rowsOf(engine, 'SELECT * FROM S;')).toEqual([[1, 'b']]);
  });

  it('keeps records that name no schema of it out, and says why', async () => {
    const engine = await open();
    await engine.execute(SOURCE);
    await engine.execute(
      "CREATE STREAM RAW (G BYTES) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='KAFKA', KEY_FORMAT='NONE');",
    );
    await engine.execute("INSERT INTO RAW VALUES (TO_BYTES('0000000063', 'hex'));");
    await engine.execute("INSERT INTO RAW VALUES (TO_BYTES('7b7d', 'hex'));");
    await engine.execute("INSERT INTO S VALUES (1, 'fine');");
    expect(await rowsOf(engine, 'SELECT G FROM S;')).toEqual([['fine']]);
  });
});
