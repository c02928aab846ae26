/** The system as it is now, in a folder of its own: what is built meanwhile does not change the one that is being tested. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from '../prepare.mjs';

const ENTRIES = {
  cli: 'src/cli/main.ts',
  'shard-thread': 'src/executor/shard/shard-worker.ts',
  'log-client': 'scripts/kafka-faults/log-client.ts',
};
const BANNER =
  "import { createRequire as millraceRequire } from 'node:module';\nconst require = millraceRequire(import.meta.url);";

/** @returns the path of the command line, and what `log-client.ts` exports */
export async function bundleSystem() {
  const cache = join(root, 'node_modules/.cache/millrace');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'faults-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  await build({
    absWorkingDir: root,
    entryPoints: ENTRIES,
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minifySyntax: true,
    external: Object.keys(dependencies),
    banner: { js: BANNER },
    logLevel: 'warning',
  });
  return { cli: join(folder, 'cli.js'), client: await import(pathToFileURL(join(folder, 'log-client.js')).href) };
}
