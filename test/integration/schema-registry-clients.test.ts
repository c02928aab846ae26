import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../src/engine/create-engine.js';
import type { Engine, QueryHandle } from '../../src/engine/engine.js';
import { type RunningServer, serve } from '../../src/server/serve.js';

/* Clients that others have written, against the registry of an engine. */

let engine: Engine;
let running: RunningServer;
let server: { readonly url: string };

beforeAll(async () => {
  engine = await openEngine({ data: ':memory:' });
  running = await serve(engine, { port: 0 });
  server = { url: `${running.url}/schema-registry` };
});

afterAll(async () => {
  await running.close();
  await engine.close();
});

describe('@kafkajs/confluent-schema-registry', () => {
  const client = () => new SchemaRegistry({ host: server.url, retry: { retries: 0 } });
  const user = (...fields: object[]) => ({
    type: SchemaType.AVRO as const,
    schema: JSON.stringify({
      type: 'record',
      namespace: 'js',
      name: 'User',
      fields: [{ name: 'name', type: 'string' }, ...fields],
    }),
  });

  it('registers Avro, writes with it and reads with it', async () => {
    const writer = client();
    const { id } = await writer.register(user());
    expect(await writer.register(user())).toEqual({ id });
    expect(await writer.getLatestSchemaId('js.User')).toBe(id);
    expect(await writer.getRegistryId('js.User', 1)).toBe(id);
    expect(await client().getRegistryIdBySchema('js.User', user())).toBe(id);
    const record = await writer.encode(id, { name: 'ann' });
    expect(record.readInt32BE(1)).toBe(id);
    expect(await client().decode(record)).toMatchObject({ name: 'ann' });

    const second = await writer.register(user({ name: 'age', type: 'int', default: 18 }));
    expect(second.id).not.toBe(id);
    expect(await writer.getRegistryId('js.User', 2)).toBe(second.id);
  });

  it('hears what is refused', async () => {
    const missing = { subject: 'js.nobody' };
    await expect(client().getLatestSchemaId('js.nobody')).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining("Subject 'js.nobody' not found."),
    });
    await expect(client().getSchema(9_999)).rejects.toMatchObject({ status: 404 });
    await expect(client().register(user({ name: 'size', type: 'int' }))).rejects.toMatchObject({
      status: 409,
      message: expect.stringContaining('incompatible with an earlier schema for subject "js.User"'),
    });
    await client().register(user(), missing);
    await expect(client().register(user(), { ...missing, compatibility: 'FULL' as never })).rejects.toThrow(
      'Compatibility does not match the configuration (FULL != BACKWARD)',
    );
  });

  it('does the same with JSON Schema', async () => {
    const schema = JSON.stringify({ type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] });
    const { id } = await client().register({ type: SchemaType.JSON, schema }, { subject: 'js-json-value' });
    const record = await client().encode(id, { id: 7 });
    expect(await client().decode(record)).toEqual({ id: 7 });
  });

  it('does the same with Protobuf, and schemas that import', async () => {
    const base = 'syntax = "proto3"; package js; message City { string name = 1; }';
    await client().register({ type: SchemaType.PROTOBUF, schema: base }, { subject: 'js/base.proto' });
    const schema = `syntax = "proto3"; package js; import "js/base.proto";
      message Trip { repeated City stops = 1; sint32 days = 2; }`;
    const references = [{ name: 'js/base.proto', subject: 'js/base.proto', version: 1 }];
    const { id } = await client().register(
      { type: SchemaType.PROTOBUF, schema, references },
      { subject: 'js-protobuf-value' },
    );
    const trip = { stops: [{ name: 'Ulm' }], days: -3 };
    expect(await client().decode(await client().encode(id, trip))).toMatchObject(trip);
  });
});

/** A virtual environment with `confluent-kafka[avro,json,protobuf,schemaregistry]`; MILLRACE_PYTHON names another Python. */
const PYTHON = process.env['MILLRACE_PYTHON'] || join(homedir(), '.cache/millrace/python/bin/python');
const hasClient =
  existsSync(PYTHON) && spawnSync(PYTHON, ['-c', 'import confluent_kafka.schema_registry']).status === 0;
if (!hasClient)
  console.log(`Confluent's Python client was not tried: ${PYTHON} is not there or lacks confluent-kafka.`);

describe.runIf(hasClient)('confluent-kafka for Python', () => {
  it('finds everything that it asks for', { timeout: 60_000 }, async () => {
    const output = await new Promise<string>((resolve) => {
      const program = join(import.meta.dirname, 'clients/schema_registry.py');
      execFile(PYTHON, ['-W', 'ignore', program, server.url], (_, stdout, stderr) => resolve(stdout + stderr));
    });
    expect(output.trim()).toBe('ok subjects compatibility modes deletion references avro json protobuf');
  });

  it('writes records that queries read, and reads what they write', { timeout: 60_000 }, async () => {
    const program = join(import.meta.dirname, 'clients/records.py');
    const python = async (...args: readonly string[]): Promise<Record<string, unknown>> => {
      const { stdout } = await promisify(execFile)(PYTHON, ['-W', 'ignore', program, server.url, ...args]);
      return JSON.parse(stdout) as Record<string, unknown>;
    };
    const raw = async (stream: string, topic: string, partitions = ''): Promise<void> => {
      await engine.execute(
        `CREATE STREAM ${stream} (V BYTES) WITH (KAFKA_TOPIC='${topic}', KEY_FORMAT='NONE', VALUE_FORMAT='KAFKA'${partitions});`,
      );
    };
    const rows = async (sql: string): Promise<unknown[][]> => {
      const handle = (await engine.query(sql, undefined, { bounded: true })) as QueryHandle;
      const found: unknown[][] = [];
      for await (const batch of handle.batches) found.push(...batch.map(({ values }) => [...values]));
      return found;
    };
    const written = await python('write');
    const read: Record<string, string> = {};
    const amount = 2n ** 53n + 1n;
    const expected: Record<string, unknown[]> = {
      avro: ['é', amount, 1250n, ['a', ''], new Map([['k', 1]])],
      json: ['é', amount],
      protobuf: ['é', amount],
    };
    for (const [format, name] of [
      ['avro', 'AVRO'],
      ['json', 'JSON_SR'],
      ['protobuf', 'PROTOBUF'],
    ] as const) {
      await raw(`RAW_${format}`, `rec-${format}`, ', PARTITIONS=1');
      await engine.execute(`INSERT INTO RAW_${format} VALUES (TO_BYTES('${String(written[format])}', 'base64'));`);
      await engine.execute(
        `CREATE STREAM ORDERS_${format} WITH (KAFKA_TOPIC='rec-${format}', VALUE_FORMAT='${name}');`,
      );
      expect(await rows(`SELECT * FROM ORDERS_${format};`)).toEqual([expected[format]]);
      await engine.execute(`CREATE STREAM OUT_${format} AS SELECT ITEM, AMOUNT FROM ORDERS_${format};`);
      await engine.drain();
      await raw(`RAW_OUT_${format}`, `OUT_${format.toUpperCase()}`);
      const [[bytes]] = (await rows(`SELECT V FROM RAW_OUT_${format};`)) as [[Buffer]];
      read[format] = bytes.toString('base64');
    }
    const order = { ITEM: 'é', AMOUNT: Number(amount) };
    expect(await python('read', JSON.stringify(read))).toEqual({
      avro: order,
      json: order,
      protobuf: { ITEM: 'é', AMOUNT: String(amount) },
    });
  });
});
