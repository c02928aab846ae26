import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

async function simulate(...words: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['scripts/simulate.mjs', ...words], { cwd: root });
  return stdout;
}

test('the shard stands 200 seeds', { timeout: 120_000 }, async () => {
  expect(await simulate('--seeds', '200', '--alone')).toMatch(/^simulation: 200 seeds pass/);
});

test('planted faults are found', { timeout: 120_000 }, async () => {
  const output = await simulate('--seeds', '1000', '--mutant', 'produce-before-add,uncertain-is-success');
  expect(output).toMatch(/^produce-before-add +found by seed \d+: /m);
  expect(output).toMatch(/^uncertain-is-success +found by seed \d+: /m);
});

test('a seed alone is the same run again', { timeout: 120_000 }, async () => {
  const first = await simulate('--seed', '7', '--trace');
  const again = await simulate('--seed', '7', '--trace');
  const events = (output: string): string[] => output.split('\n').filter((line) => /^ +\d+\.\d {2}/.test(line));
  expect(events(first).length).toBeGreaterThan(20);
  expect(events(again)).toEqual(events(first));
});
