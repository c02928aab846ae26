import { describe, expect, it } from 'vitest';
import type { MillraceEngine } from '../../../src/engine/millrace-engine.js';
import { SchemaDirectory } from '../../../src/engine/schema-directory.js';
import { SCHEMA_FORMATS } from '../../../src/formats/index.js';
import type {
  RegisteredSchema,
  SchemaRegistry,
  SchemaText,
  SubjectVersion,
} from '../../../src/formats/schema-registry/schema-registry.js';
import { SystemError } from '../../../src/model/errors.js';
import { memoryRegistry, serveRegistry } from '../../support/schema-registry.js';
import { dataFile, open, rowsOf } from './engine-fixture.js';

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

  it('is asked for what other nodes have registered before an id counts as unknown', async () => {
    const registry = new FakeRegistry();
    let refreshes = 0;
    const directory = new SchemaDirectory(registry, async () => {
      refreshes++;
      await registry.register('s', TEXT);
    });
    expect(await directory.load(1)).toEqual({ ...TEXT, id: 1 });
    expect(await directory.load(1)).toEqual({ ...TEXT, id: 1 });
    expect(refreshes).toBe(1);
    expect(await directory.load(9)).toBeNull();
    expect(refreshes).toBe(2);
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
    const data = dataFile();
    let engine = await open({ data });
    await engine.execute(SOURCE);
    await engine.execute('CREATE TABLE T AS SELECT G, COUNT(*) AS N FROM S GROUP BY G;');
    // The processing log is the first statement.
    expect(engine.core.catalog.queries().map(({ id }) => id)).toEqual(['CTAS_T_2']);
    const subjects = () => engine.core.embeddedRegistry!.subjects('', 'without');
    const internal = '_confluent-ksql-default_query_CTAS_T_2-Aggregate-GroupBy-repartition';
    expect(subjects()).toEqual(['T-key', 'T-value', `${internal}-key`, `${internal}-value`, 's-key', 's-value']);
    await engine.execute('TERMINATE CTAS_T_2;');
    expect(subjects()).toEqual(['T-key', 'T-value', 's-key', 's-value']);
    await engine.close();
    engine = await open({ data });
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

  it('writes rows with the schema that a source names, not with the latest that is as good', async () => {
    const engine = await open();
    const registry = engine.core.embeddedRegistry!;
    const order = (doc: string): SchemaText => ({
      type: 'AVRO',
      text: JSON.stringify({ type: 'record', name: 'O', doc, fields: [{ name: 'A', type: ['null', 'int'] }] }),
      imports: [],
    });
    const first = await registry.register('s-value', order('first'));
    const second = await registry.register('s-value', order('second'));
    expect(second.schema.id).not.toBe(first.schema.id);
    const source = (more: string): string => `WITH (KAFKA_TOPIC='s', KEY_FORMAT='NONE', ${more});`;
    await engine.execute(
      `CREATE STREAM NAMED ${source(`VALUE_FORMAT='AVRO', VALUE_SCHEMA_ID=${first.schema.id}, PARTITIONS=1`)}`,
    );
    await engine.execute(`CREATE STREAM LATEST ${source("VALUE_FORMAT='AVRO'")}`);
    await engine.execute(`CREATE STREAM RAW (R BYTES) ${source("VALUE_FORMAT='KAFKA'")}`);
    await engine.execute('INSERT INTO NAMED VALUES (1);');
    await engine.execute('INSERT INTO LATEST VALUES (2);');
    const frames = (await rowsOf(engine, 'SELECT R FROM RAW;')) as [Buffer][];
    expect(frames.map(([frame]) => frame.readInt32BE(1))).toEqual([first.schema.id, second.schema.id]);
  });

  it('says which fields of a schema are no columns', async () => {
    const engine = await open();
    const fields = [
      { name: 'a', type: 'int' },
      { name: 'm', type: { type: 'map', values: ['int', 'string', 'null'] } },
      { name: 'self', type: ['null', 'Node'], default: null },
    ];
    const text = JSON.stringify({ type: 'record', name: 'Node', fields });
    const { schema } = await engine.core.embeddedRegistry!.register('s-value', { type: 'AVRO', text, imports: [] });
    const [created] = await engine.execute(
      "CREATE STREAM S WITH (KAFKA_TOPIC='s', KEY_FORMAT='NONE', VALUE_FORMAT='AVRO', PARTITIONS=1);",
    );
    expect(created!.warnings).toEqual([
      {
        message: expect.stringMatching(
          `^Fields of the schema with id ${schema.id} that SQL has no type for are left out: self: .+`,
        ),
      },
    ]);
  });

  it('keeps records that name no schema of it out, and says why', async () => {
    const engine = await open();
    await engine.execute(SOURCE);
    await engine.execute(
      "CREATE STREAM RAW (G BYTES) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='KAFKA', KEY_FORMAT='NONE');",
    );
    await engine.execute('CREATE STREAM O AS SELECT * FROM S;');
    await engine.execute("INSERT INTO RAW VALUES (TO_BYTES('0000000063', 'hex'));");
    await engine.execute("INSERT INTO RAW VALUES (TO_BYTES('7b7d', 'hex'));");
    await engine.execute("INSERT INTO S VALUES (1, 'fine');");
    expect(await rowsOf(engine, 'SELECT G FROM S;')).toEqual([['fine']]);
    await engine.drain();
    expect(await rowsOf(engine, 'SELECT G FROM O;')).toEqual([['fine']]);
    expect(await reported(engine)).toEqual([
      ['deserialization', 'the schema registry has no schema with id 99'],
      [
        'deserialization',
        'the value does not begin with the magic byte and the id of a schema, as AVRO with a schema registry does',
      ],
    ]);
  });
});

/** What the processing log says of records. */
function reported(engine: MillraceEngine): Promise<unknown[][]> {
  return rowsOf(
    engine,
    'SELECT REASON, `MESSAGE`->`deserializationError`->`errorMessage` AS WHY FROM KSQL_PROCESSING_LOG;',
    engine.session({ 'auto.offset.reset': 'earliest' }),
  );
}

describe('a registry elsewhere', () => {
  it('that does not answer is waited for: nothing is left out, and the reason is told', async () => {
    const { registry } = memoryRegistry(SCHEMA_FORMATS);
    let server = await serveRegistry(registry);
    const port = Number(new URL(server.url).port);
    const engine = await open({
      settings: { 'ksql.schema.registry.url': server.url, 'ksql.schema.registry.max.retries': '0' },
    });
    await engine.execute(
      "CREATE STREAM S (G STRING) WITH (KAFKA_TOPIC='s', KEY_FORMAT='NONE', VALUE_FORMAT='AVRO', PARTITIONS=1);",
    );
    await engine.execute(
      "CREATE STREAM RAW (R BYTES) WITH (KAFKA_TOPIC='s', KEY_FORMAT='NONE', VALUE_FORMAT='KAFKA');",
    );
    await engine.execute('CREATE STREAM O AS SELECT * FROM S;');
    const text = JSON.stringify({ type: 'record', name: 'Theirs', fields: [{ name: 'G', type: 'string' }] });
    const { schema } = await registry.register('theirs', { type: 'AVRO', text, imports: [] });
    const check = async () => (await engine.health()).details.schemaRegistry;
    try {
      expect(await check()).toEqual({ isHealthy: true });
      await server.close();
      const frame = `00${schema.id.toString(16).padStart(8, '0')}`;
      await engine.execute(`INSERT INTO RAW VALUES (TO_BYTES('${frame}0278', 'hex'));`);
      await expect.poll(check).toEqual({ isHealthy: false, reason: expect.stringContaining('cannot be reached') });
      expect(await rowsOf(engine, 'SELECT * FROM O;')).toEqual([]);
    } finally {
      server = await serveRegistry(registry, port);
    }
    try {
      await expect.poll(() => rowsOf(engine, 'SELECT * FROM O;')).toEqual([['x']]);
      expect(await check()).toEqual({ isHealthy: true });
      expect(await reported(engine)).toEqual([]);
    } finally {
      await server.close();
    }
  });
});
