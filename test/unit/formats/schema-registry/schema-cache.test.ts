import { beforeEach, describe, expect, it } from 'vitest';
import { NO_THREAD_SCHEMAS, SchemaCache } from '../../../../src/formats/schema-registry/schema-cache.js';
import type { RegisteredSchema } from '../../../../src/formats/schema-registry/schema-registry.js';

const schema = (id: number): RegisteredSchema => ({ id, type: 'AVRO', text: '"int"', imports: [] });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the schemas that a thread knows', () => {
  let asked: number[];
  let answers: Map<number, RegisteredSchema | null>;
  let changes: number;
  let now: number;
  let cache: SchemaCache;

  beforeEach(() => {
    asked = [];
    answers = new Map([
      [1, schema(1)],
      [2, null],
    ]);
    changes = 0;
    now = 0;
    cache = new SchemaCache({
      load: async (id) => {
        asked.push(id);
        const answer = answers.get(id);
        if (answer === undefined) throw new Error('there is no more asking');
        return answer;
      },
      elapsed: () => now,
      onChange: () => changes++,
    });
  });

  it('are asked for once, and told', async () => {
    expect(cache.find(1)).toBeUndefined();
    expect([cache.ask(1), cache.ask(1)]).toEqual([false, false]);
    expect(cache.find(1)).toBeUndefined();
    await turn();
    expect([asked, changes]).toEqual([[1], 1]);
    expect(cache.ask(1)).toBe(true);
    expect(cache.find(1)).toEqual(schema(1));
    expect(asked).toEqual([1]);
  });

  it('may be none, for a while', async () => {
    cache.ask(2);
    await turn();
    expect([cache.ask(2), cache.find(2), changes]).toEqual([true, null, 1]);
    now = 29_999;
    expect(cache.ask(2)).toBe(true);
    now = 30_000;
    answers.set(2, schema(2));
    expect(cache.ask(2)).toBe(false);
    expect(cache.find(2)).toBeNull();
    await turn();
    expect(cache.find(2)).toEqual(schema(2));
    expect(asked).toEqual([2, 2]);
  });

  it('that cannot be had any more are asked for again by whoever needs them', async () => {
    cache.ask(3);
    await turn();
    expect([cache.find(3), changes]).toEqual([undefined, 0]);
    expect(cache.ask(3)).toBe(false);
    expect(asked).toEqual([3, 3]);
  });

  it('of nobody are all known to be none', () => {
    expect([NO_THREAD_SCHEMAS.ask(1), NO_THREAD_SCHEMAS.find(1)]).toEqual([true, null]);
  });
});
