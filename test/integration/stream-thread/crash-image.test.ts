import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EmbeddedLogReader } from '../../../src/broker/embedded/log-reader.js';
import { createInlineStreamThread } from '../../../src/executor/thread/create-stream-thread.js';
import { creation, deployment, numbersBatch, recordsOf } from './plans.js';

/** What happens before the process would have died. */
const step = fc.oneof(
  fc.record({ insert: fc.integer({ min: 1, max: 40 }), partition: fc.integer({ min: 0, max: 2 }) }),
  fc.record({ turns: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ waitMs: fc.integer({ min: 1, max: 6 }) }),
);

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * The file as a dead process leaves it: copied between two turns of the event loop, in the middle of whatever was going on. What was in
 * memory is missing, and what the next process makes of the rest must be exact.
 */
it('goes on exactly from the file as it is at any moment', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 3, maxLength: 25 }),
      fc.constantFrom(1, 3),
      fc.constantFrom(0, 1_000_000),
      async (steps, partitions, cacheBytes) => {
        const directory = mkdtempSync(join(tmpdir(), 'crash-'));
        const path = join(directory, 'engine.db');
        const image = join(directory, 'image.db');
        const thread = createInlineStreamThread({ path, commitIntervalMs: 3 });
        await thread.apply(creation(partitions));
        await thread.apply(deployment({ cacheBytes }));
        let next = 0;
        for (const action of steps) {
          if ('insert' in action) {
            const values = Array.from({ length: action.insert }, () => next++);
            void thread.append([numbersBatch(action.partition % partitions, ...values)]);
          } else if ('turns' in action) for (let i = 0; i < action.turns; i++) await turn();
          else await new Promise((resolve) => setTimeout(resolve, action.waitMs));
        }
        for (const suffix of ['', '-wal']) if (existsSync(path + suffix)) copyFileSync(path + suffix, image + suffix);
        await thread.close();

        const second = createInlineStreamThread({ path: image });
        await second.apply(deployment({ cacheBytes }));
        await second.drain();
        const log = new EmbeddedLogReader(second.database);
        const read = (topic: string) =>
          Array.from({ length: partitions }, (_, partition) => recordsOf(log.read(topic, partition, 0, 1e9))).flat();
        const numbers = read('numbers').map(({ value }) => value['N']!);
        const sorted = (values: number[]) => values.toSorted((a, b) => a - b);
        expect(sorted(read('positive').map(({ value }) => value['N']!))).toEqual(sorted(numbers));
        for (const [topic, keyOf] of [
          ['counts', (value: number) => `k${value % 7}`],
          ['digits', (value: number) => `${value % 10}`],
        ] as const) {
          const counts: Record<string, number> = {};
          for (const value of numbers) counts[keyOf(value)] = (counts[keyOf(value)] ?? 0) + 1;
          const updates = read(topic).map(({ key, value }) => [key, value['C']!] as const);
          expect(Object.fromEntries(updates)).toEqual(counts);
          if (cacheBytes === 0) expect(updates).toHaveLength(numbers.length);
          expect(new Set(updates.map(([key, count]) => `${key}=${count}`)).size).toBe(updates.length);
        }
        await second.close();
        rmSync(directory, { recursive: true });
      },
    ),
    { numRuns: Number(process.env['CRASH_RUNS'] ?? 12) },
  );
});
