import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setEnvironmentData } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CodeCache } from '../../../src/launch/code-cache.js';
import { enableCodeCache, runBundle } from '../../../src/launch/run-bundle.js';

const BUNDLE = `'use strict';
exports.cli = () => [require('node:path').relative(__dirname, __filename), answer()];
function answer() { return 42; }
`;

let folder: string;
let bundle: string;
let kept: string;

beforeEach(() => {
  vi.useFakeTimers();
  folder = mkdtempSync(join(tmpdir(), 'run-bundle-'));
  bundle = join(folder, 'bundle.cjs');
  kept = join(folder, 'kept');
  writeFileSync(bundle, BUNDLE);
  vi.stubEnv('MILLRACE_CODE_CACHE', kept);
  enableCodeCache();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  setEnvironmentData('millrace.code-cache', undefined);
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a copy of the bundle: a file that this process has compiled before V8 would not compile again. */
function run(name = 'server'): unknown {
  const copy = join(mkdtempSync(join(folder, 'copy-')), 'bundle.cjs');
  copyFileSync(bundle, copy);
  return runBundle(pathToFileURL(copy), name).cli();
}

/** Lets the time pass after which code is kept; the names and times of the files that are there then. */
function keptFiles(): Record<string, number> {
  vi.advanceTimersByTime(10_000);
  return Object.fromEntries(readdirSync(kept).map((name) => [name, statSync(join(kept, name)).mtimeMs]));
}

/** Makes the one file that is kept look old, so that writing it again shows. */
function age(): string {
  const path = join(kept, readdirSync(kept)[0]!);
  utimesSync(path, 1_000, 1_000);
  return path;
}

test('code is kept after a while, and the next run takes it as it is', () => {
  expect(run()).toEqual(['bundle.cjs', 42]);
  expect(Object.keys(keptFiles())).toEqual([expect.stringMatching(/^server-[0-9a-f]{16}-v\d+\.\d+\.\d+-/)]);
  age();
  expect(run()).toEqual(['bundle.cjs', 42]);
  expect(Object.values(keptFiles())).toEqual([1_000_000]);
});

test('a bundle of the same length with another text does not run the code of the old one', () => {
  run();
  keptFiles();
  writeFileSync(bundle, BUNDLE.replace('42', '43'));
  expect(run()).toEqual(['bundle.cjs', 43]);
  expect(Object.keys(keptFiles())).toHaveLength(2);
});

test('code that is damaged, or that V8 refuses, is compiled and kept anew', () => {
  run();
  keptFiles();
  const path = age();
  const whole = readFileSync(path);
  const damaged = Buffer.from(whole);
  damaged[damaged.length >> 1]! ^= 0xff;
  writeFileSync(path, damaged);
  age();
  expect(run()).toEqual(['bundle.cjs', 42]);
  expect(Object.values(keptFiles())).not.toEqual([1_000_000]);
  expect(readFileSync(path).length).toBeGreaterThan(100);

  new CodeCache(kept).write(basename(path, '.v8code'), Buffer.from('not of V8'));
  age();
  expect(run()).toEqual(['bundle.cjs', 42]);
  expect(Object.values(keptFiles())).not.toEqual([1_000_000]);
});

test('each entry has its own', () => {
  run('server');
  run('stream-thread');
  expect(Object.keys(keptFiles()).map((name) => name.replace(/-[0-9a-f]{16}-.*/, ''))).toEqual([
    'server',
    'stream-thread',
  ]);
});

test('nothing is kept when it is switched off', () => {
  vi.stubEnv('MILLRACE_CODE_CACHE', 'off');
  enableCodeCache();
  expect(run()).toEqual(['bundle.cjs', 42]);
  vi.advanceTimersByTime(10_000);
  expect(readdirSync(folder)).not.toContain('kept');
});
