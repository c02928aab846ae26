import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CodeCache, codeCacheFolder } from '../../../src/launch/code-cache.js';

const CODE = Buffer.from('what V8 compiled');

let parent: string;
let folder: string;
let cache: CodeCache;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'code-cache-'));
  folder = join(parent, 'millrace/code');
  cache = new CodeCache(folder);
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

test('keeps code by name, in a folder for this user alone', () => {
  expect(cache.read('server')).toBeUndefined();
  cache.write('server', CODE);
  expect(cache.read('server')).toEqual(CODE);
  expect(cache.read('sql')).toBeUndefined();
  if (process.platform !== 'win32') expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(readdirSync(folder)).toEqual(['server.v8code']);
});

test('gives nothing of a file with any byte changed, or cut short', () => {
  cache.write('server', CODE);
  const path = join(folder, 'server.v8code');
  const whole = readFileSync(path);
  for (let at = 0; at < whole.length; at++) {
    const damaged = Buffer.from(whole);
    damaged[at]! ^= 1;
    writeFileSync(path, damaged);
    expect(cache.read('server')).toBeUndefined();
    writeFileSync(path, whole.subarray(0, at));
    expect(cache.read('server')).toBeUndefined();
  }
  writeFileSync(path, whole);
  expect(cache.read('server')).toEqual(CODE);
});

test.skipIf(process.platform === 'win32')('neither reads nor writes a folder that others may write', () => {
  cache.write('server', CODE);
  for (const mode of [0o770, 0o702, 0o777]) {
    chmodSync(folder, mode);
    expect(cache.read('server')).toBeUndefined();
    cache.write('sql', CODE);
    expect(existsSync(join(folder, 'sql.v8code'))).toBe(false);
  }
  chmodSync(folder, 0o755);
  expect(cache.read('server')).toEqual(CODE);
});

test.skipIf(process.platform === 'win32')('takes no link for its folder', () => {
  const elsewhere = join(parent, 'elsewhere');
  new CodeCache(elsewhere).write('server', CODE);
  mkdirSync(join(parent, 'millrace'));
  symlinkSync(elsewhere, folder);
  expect(cache.read('server')).toBeUndefined();
});

test('does without where a folder cannot be made', () => {
  writeFileSync(join(parent, 'millrace'), 'a file');
  cache.write('server', CODE);
  expect(cache.read('server')).toBeUndefined();
});

test('keeps the files that were written last, and leaves those of others alone', () => {
  cache.write('version-0', CODE);
  writeFileSync(join(folder, 'letter.txt'), 'not ours');
  writeFileSync(join(folder, 'version-0.v8code.4711-0'), 'a draft that was left');
  for (const name of ['letter.txt', 'version-0.v8code.4711-0']) utimesSync(join(folder, name), 1, 1);
  for (let file = 0; file < 30; file++) {
    cache.write(`version-${file}`, CODE);
    utimesSync(join(folder, `version-${file}.v8code`), 1_000 + file, 1_000 + file);
  }
  cache.write('version-30', CODE);
  const expected = Array.from({ length: 24 }, (_, at) => `version-${7 + at}.v8code`);
  expect(readdirSync(folder).sort()).toEqual(['letter.txt', ...expected].sort());
});

describe('the folder', () => {
  test('is the one that the environment names', () => {
    expect(codeCacheFolder({ MILLRACE_CODE_CACHE: '/srv/code' })).toBe('/srv/code');
  });

  test('is none when it is switched off', () => {
    expect(codeCacheFolder({ MILLRACE_CODE_CACHE: 'off' })).toBeUndefined();
  });

  test.runIf(process.platform === 'linux')("is the user's for caches otherwise", () => {
    expect(codeCacheFolder({ XDG_CACHE_HOME: '/home/ada/c' })).toBe('/home/ada/c/millrace/code');
    expect(codeCacheFolder({})).toMatch(/\/\.cache\/millrace\/code$/);
  });
});
