import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { snapshotModule } from '../../../../src/functions/user/snapshot.js';
import { findTypeStripper } from '../../../../src/functions/user/strip-types.js';
import { folderOf } from './modules.js';

const SOURCE = `import { twice } from './lib/twice.js';
import type { Unused } from './lib/types.js';
enum Kind { One = 1 }
export const f = (x: number): number => twice(x) + Kind.One;
`;

const FILES = {
  'm.ts': SOURCE,
  'lib/twice.ts': 'export function twice(x: number): number { return 2 * x; }',
  'lib/types.ts': 'export interface Unused { readonly a: number }',
};

const FAKE_ESBUILD = {
  'node_modules/esbuild/package.json': '{"name": "esbuild", "main": "index.js"}',
  'node_modules/esbuild/index.js': `exports.transformSync = (source, { sourcefile }) => {
    if (source.includes('WRONG')) throw new Error(sourcefile + ':1: wrong');
    return { code: '/* by esbuild */' + source };
  };`,
};

const FAKE_TYPESCRIPT = {
  'node_modules/typescript/package.json': '{"name": "typescript", "main": "index.js"}',
  'node_modules/typescript/index.js': `exports.transpileModule = (source) => ({
    outputText: '/* by typescript */' + source,
    diagnostics: source.includes('WRONG') ? [{ start: source.indexOf('WRONG'), messageText: 'wrong' }] : [],
  });`,
};

describe('TypeScript', () => {
  it('is read by the esbuild of the folder, and its imports are those of JavaScript', () => {
    const folder = folderOf({ ...FILES, ...FAKE_ESBUILD, ...FAKE_TYPESCRIPT });
    const { entry, files } = snapshotModule(folder, 'm.ts', () => findTypeStripper(folder, undefined));
    expect([entry, [...files.keys()].sort()]).toEqual([
      'm.ts.mjs',
      ['lib/twice.ts.mjs', 'lib/types.ts.mjs', 'm.ts.mjs'],
    ]);
    const text = String(files.get('m.ts.mjs'));
    expect(text.startsWith('/* by esbuild */')).toBe(true);
    expect(text).toContain("from './lib/twice.ts.mjs'");
  });

  it('really is read by esbuild', () => {
    const stripper = findTypeStripper(join(import.meta.dirname))!;
    expect(stripper(SOURCE, 'm.ts')).not.toMatch(/: number|enum|Unused/);
    expect(() => stripper('const = 1', 'm.ts')).toThrow('m.ts:1:6');
  });

  it('is read by the typescript of the folder where there is no esbuild', () => {
    const folder = folderOf({ ...FILES, ...FAKE_TYPESCRIPT });
    const stripper = findTypeStripper(folder, () => 'by Node')!;
    expect(stripper('x', 'm.ts')).toBe('/* by typescript */x');
    expect(() => stripper('\n\nWRONG', 'm.ts')).toThrow('line 3: wrong');
  });

  it('is read by Node where it can and nothing is installed', () => {
    expect(findTypeStripper(folderOf(FILES), () => 'by Node')?.('x', 'm.ts')).toBe('by Node');
  });

  it('is refused elsewhere, with what to do', () => {
    const folder = folderOf(FILES);
    expect(() => snapshotModule(folder, 'm.ts', () => findTypeStripper(folder, undefined))).toThrow(
      /^TypeScript cannot be read by Node \S+ alone: install esbuild for this folder/,
    );
  });

  it('that is wrong is told with its file', () => {
    const folder = folderOf({ 'm.ts': 'WRONG', ...FAKE_ESBUILD });
    expect(() => snapshotModule(folder, 'm.ts', () => findTypeStripper(folder, undefined))).toThrow(
      'm.ts is not TypeScript that can be read: m.ts:1: wrong',
    );
  });
});
