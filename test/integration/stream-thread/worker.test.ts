import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EmbeddedLogReader } from '../../../src/broker/embedded/log-reader.js';
import { createStreamThread } from '../../../src/executor/thread/create-stream-thread.js';
import type { StreamThread, ThreadEvent } from '../../../src/executor/thread/stream-thread.js';
import { openDatabase } from '../../../src/storage/database.js';
import { bundle } from './bundle.js';
import { COUNTS, creation, deployment, NOTHING, numbersBatch, OPTIONS, recordsOf, SHOW } from './plans.js';

let bundled: string;

beforeAll(async () => {
  bundled = await bundle({});
});

afterAll(() => rmSync(bundled, { recursive: true }));

describe('a stream thread in a worker', () => {
  let directory: string;
  let path: string;
  let thread: StreamThread;
  let events: ThreadEvent[];

  const start = (file: string) =>
    createStreamThread({ path: file, threads: 1, workerUrl: pathToFileURL(join(bundled, 'stream-thread.js')) });

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'worker-'));
    path = join(directory, 'engine.db');
    thread = await start(path);
    events = [];
    thread.subscribe((event) => events.push(event));
  });

  afterEach(async () => {
    await thread.close();
    rmSync(directory, { recursive: true });
  });

  it('runs queries and is read by another connection', async () => {
    await thread.apply(creation(1));
    await thread.apply(deployment());
    const [place] = await thread.append([numbersBatch(0, 1, 2, 3)]);
    expect(place).toEqual({ topic: 'numbers', partition: 0, baseOffset: 0, lastOffset: 2 });
    await thread.drain();
    const reader = openDatabase({ path, mode: 'reader' });
    const log = new EmbeddedLogReader(reader);
    expect(recordsOf(log.read('counts', 0, 0, 1e9)).map(({ key }) => key)).toEqual(['k1', 'k2', 'k3']);
    reader.close();
    const status = await thread.status();
    expect(status.map(({ queryId, state, rowsIn }) => [queryId, state, rowsIn])).toContainEqual([
      COUNTS.queryId,
      'RUNNING',
      3,
    ]);
    expect(events).toContainEqual({
      kind: 'committed',
      ends: [{ topic: 'numbers', partition: 0, baseOffset: 0, lastOffset: 2, end: 3 }],
    });
  });

  it('tells commands before it answers the change that brought them', async () => {
    await thread.claim();
    await thread.apply({ ...NOTHING, commands: [{ text: 'a' }, { text: 'b' }] });
    expect(events).toEqual([
      {
        kind: 'commands',
        commands: [
          { sequence: 1, text: 'a' },
          { sequence: 2, text: 'b' },
        ],
      },
    ]);
  });

  it('sends the rows of a transient query, however many', async () => {
    await thread.apply(creation(1));
    const values = Array.from({ length: 100_000 }, (_, i) => i);
    await thread.append([numbersBatch(0, ...values)]);
    await thread.startTransient(SHOW, { ...OPTIONS, transient: true, bounded: true });
    await expect.poll(() => events.at(-1), { timeout: 10_000 }).toMatchObject({ kind: 'ended', reason: 'completed' });
    const rows = events.flatMap((event) => (event.kind === 'rows' ? event.rows : []));
    expect(rows.map(({ values: [, n] }) => n)).toEqual(values);
  });

  it('answers refusals with the error that was raised', async () => {
    await expect(thread.append([numbersBatch(0, 1)])).rejects.toMatchObject({
      name: 'SystemError',
      code: 'unknown-topic',
    });
    await expect(thread.pause('NOBODY')).rejects.toMatchObject({ name: 'StatementError', code: 'unknown-query' });
    await expect(thread.apply({ ...NOTHING, deploy: [{ plan: COUNTS, options: OPTIONS }] })).rejects.toMatchObject({
      message: 'the topic "positive" does not exist',
    });
  });

  it('says who holds the file', async () => {
    await expect(start(path)).rejects.toMatchObject({ name: 'SystemError', code: 'file-in-use' });
  });

  it('answers nothing after it was closed', async () => {
    await thread.close();
    await expect(thread.status()).rejects.toMatchObject({ code: 'closed' });
    const again = await start(path);
    await again.close();
  });

  it('tells when the worker dies, and another one goes on with the file', async () => {
    await thread.apply(creation(1));
    await thread.close();
    const faulty = join(bundled, 'faulty.js');
    writeFileSync(faulty, "import './stream-thread.js';\nsetTimeout(() => { throw new Error('boom'); }, 200);\n");
    thread = await createStreamThread({ path, threads: 1, workerUrl: pathToFileURL(faulty) });
    thread.subscribe((event) => events.push(event));
    await thread.append([numbersBatch(0, 1)]);
    await expect
      .poll(() => events.at(-1), { timeout: 5_000 })
      .toEqual({
        kind: 'threadFailed',
        error: 'the stream thread has failed: boom',
      });
    await expect(thread.append([numbersBatch(0, 2)])).rejects.toMatchObject({
      name: 'SystemError',
      code: 'stream-thread-failed',
    });
    thread = await start(path);
    const [place] = await thread.append([numbersBatch(0, 2)]);
    expect(place).toMatchObject({ baseOffset: 1 });
  });
});
