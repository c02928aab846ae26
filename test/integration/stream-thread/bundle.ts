import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * Bundles the worker of the stream thread, and what a test runs in a process of its own, as the package is bundled: vitest loads
 * TypeScript for itself only. Returns the folder, which lies where packages with native code are found.
 */
export async function bundle(entries: Readonly<Record<string, string>>): Promise<string> {
  const root = join(import.meta.dirname, '../../..');
  const cache = join(root, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const outdir = mkdtempSync(join(cache, 'stream-thread-'));
  await build({
    entryPoints: { 'stream-thread': join(root, 'src/executor/thread/worker.ts'), ...entries },
    outdir,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
  });
  return outdir;
}
