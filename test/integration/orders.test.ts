import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEngine, type QueryHandle } from '../../src/index.js';

const file = (name: string): string => readFileSync(join(import.meta.dirname, '../../examples/orders', name), 'utf8');

test('the orders example: what each customer spent in each hour', async () => {
  const engine = await openEngine();
  try {
    await engine.applyQueryFile(file('orders.sql'));
    await engine.execute(file('insert.sql'));
    await engine.drain();
    const found: unknown[] = [];
    for await (const rows of ((await engine.query(file('ask.sql'))) as QueryHandle).batches) {
      for (const { values } of rows)
        found.push([values[0], new Date(values[1] as number).toISOString(), ...values.slice(3)]);
    }
    expect(found.sort()).toEqual([
      ['ada', '2024-05-01T09:00:00.000Z', 2, 1975n],
      ['ada', '2024-05-01T10:00:00.000Z', 1, 3000n],
      ['grace', '2024-05-01T09:00:00.000Z', 1, 9900n],
    ]);
  } finally {
    await engine.close();
  }
});
