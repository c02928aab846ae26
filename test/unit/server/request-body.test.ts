import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineQueue } from '../../../src/server/line-queue.js';
import { bodyLines } from '../../../src/server/request-body.js';

async function* chunksOf(...chunks: readonly (string | Buffer)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

async function linesOf(chunks: AsyncIterable<Uint8Array>, max = 100): Promise<string[]> {
  const lines: string[] = [];
  for await (const group of bodyLines(chunks, max)) lines.push(...group.map(String));
  return lines;
}

describe('bodyLines', () => {
  it('gives lines as they arrive, without their ends', async () => {
    const groups: string[][] = [];
    for await (const group of bodyLines(chunksOf('a\nb\r\nc', '', 'd\n\n \t\n', 'e'), 100))
      groups.push(group.map(String));
    expect(groups).toEqual([['a', 'b'], ['cd'], ['e']]);
  });

  it('does not depend on how the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme' })), fc.array(fc.nat(20)), async (texts, cuts) => {
        const body = Buffer.from(texts.join('\n'));
        const chunks: Buffer[] = [];
        let at = 0;
        for (const length of cuts) {
          chunks.push(body.subarray(at, at + length));
          at += length;
        }
        chunks.push(body.subarray(at));
        expect(await linesOf(chunksOf(...chunks), 10_000)).toEqual(await linesOf(chunksOf(body), 10_000));
      }),
    );
  });

  it('takes lines of exactly the limit, and no longer ones', async () => {
    expect(await linesOf(chunksOf('12345\n', '123', '45\n', '12345'), 5)).toEqual(['12345', '12345', '12345']);
    for (const chunks of [['a\n123456\n'], ['a\n123', '456'], ['a\n', '123456']]) {
      const lines: string[] = [];
      const read = async () => {
        for await (const group of bodyLines(chunksOf(...chunks), 5)) lines.push(...group.map(String));
      };
      await expect(read()).rejects.toMatchObject({ status: 413 });
      expect(lines).toEqual(['a']);
    }
  });
});

describe('LineQueue', () => {
  it('hands over what has arrived, in order, and then the error', async () => {
    async function* lines(): AsyncGenerator<Buffer[]> {
      yield [Buffer.from('a')];
      yield [Buffer.from('b'), Buffer.from('c')];
      throw new Error('broken');
    }
    const queue = new LineQueue(lines());
    const seen: string[] = [];
    await expect(
      (async () => {
        for (let taken = await queue.take(); taken !== null; taken = await queue.take())
          seen.push(...taken.map(String));
      })(),
    ).rejects.toThrow('broken');
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  it('stops reading while much is waiting, and goes on when it is taken', async () => {
    let produced = 0;
    async function* lines(): AsyncGenerator<Buffer[]> {
      for (; produced < 20; produced++) yield [Buffer.alloc(1_000_000)];
    }
    const queue = new LineQueue(lines());
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(produced).toBeLessThan(6);
    let count = 0;
    for (let taken = await queue.take(); taken !== null; taken = await queue.take()) count += taken.length;
    expect(count).toBe(20);
  });

  it('ends a wait when it is stopped', async () => {
    async function* never(): AsyncGenerator<Buffer[]> {
      await new Promise(() => {});
    }
    const queue = new LineQueue(never());
    const waiting = queue.take();
    queue.stop();
    expect(await waiting).toBeNull();
  });
});
