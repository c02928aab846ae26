/**
 * Bundles the package into dist: the command line, the library, the stream thread's worker, their types and the licences
 * of what is bundled. `npm run build`; `npm start` and `npm test` call it when the sources have changed.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { buildDeclarations } from './build-declarations.mjs';
import { buildStamp, root, sourceHash } from './prepare.mjs';

/** Bundle -> where it starts. */
const ENTRIES = {
  cli: 'src/cli/main.ts',
  index: 'src/index.ts',
  'stream-thread': 'src/executor/thread/worker.ts',
  'shard-thread': 'src/executor/shard/shard-worker.ts',
};

/** CommonJS packages in an ESM bundle ask for Node's own modules by `require`. */
const BANNER =
  "import { createRequire as millraceRequire } from 'node:module';\nconst require = millraceRequire(import.meta.url);";

export async function buildPackage() {
  for (const entry of Object.values(ENTRIES)) {
    if (!existsSync(join(root, entry))) throw new Error(`the entry ${entry} does not exist`);
  }
  const hash = sourceHash();
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const cache = join(root, 'node_modules/.cache/millrace');
  mkdirSync(cache, { recursive: true });
  const next = mkdtempSync(join(cache, 'dist-'));
  try {
    return await buildInto(next, hash, Object.keys(dependencies));
  } finally {
    rmSync(next, { recursive: true, force: true });
  }
}

async function buildInto(next, hash, external) {
  const [{ metafile }] = await Promise.all([
    build({
      absWorkingDir: root,
      entryPoints: ENTRIES,
      outdir: next,
      bundle: true,
      splitting: true,
      chunkNames: '[name]-[hash]',
      format: 'esm',
      platform: 'node',
      target: 'node20',
      minifySyntax: true,
      external,
      banner: { js: BANNER },
      metafile: true,
      logLevel: 'warning',
    }),
    buildDeclarations(join(next, 'types')),
  ]);
  makeExecutable(join(next, 'cli.js'));
  writeFileSync(join(next, 'THIRD-PARTY-LICENSES.txt'), thirdPartyLicences(metafile));

  // A bundle that is being replaced may be running: each file is swapped whole, and chunks of the old one go last.
  replaceFolder(next, join(root, 'dist'));
  writeFileSync(buildStamp, hash);
  return metafile;
}

function makeExecutable(file) {
  const text = readFileSync(file, 'utf8');
  if (!text.startsWith('#!')) writeFileSync(file, `#!/usr/bin/env node\n${text}`);
  chmodSync(file, 0o755);
}

function replaceFolder(from, to) {
  const fresh = new Set(filesOf(from).map((file) => relative(from, file)));
  for (const file of fresh) {
    mkdirSync(dirname(join(to, file)), { recursive: true });
    renameSync(join(from, file), join(to, file));
  }
  for (const file of filesOf(to)) if (!fresh.has(relative(to, file))) rmSync(file);
}

function filesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The licence of each package of which any file went into the bundles, by name. */
function thirdPartyLicences(metafile) {
  const folders = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const match = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input);
    if (match !== null) folders.add(match[0]);
  }
  const parts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const text =
      file === undefined ? `Licensed under ${license}.` : readFileSync(join(root, folder, file), 'utf8').trim();
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  const line = `\n${'-'.repeat(80)}\n\n`;
  return `Millrace contains code of the following packages.\n${line}${parts.join(line)}`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const started = performance.now();
  try {
    const { outputs } = await buildPackage();
    const sizes = Object.entries(outputs).map(([file, output]) => (file.endsWith('.js') ? output.bytes : 0));
    const megabytes = (sizes.reduce((sum, bytes) => sum + bytes, 0) / 1e6).toFixed(1);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`built dist: ${megabytes} MB of JavaScript in ${seconds} s`);
  } catch (error) {
    // esbuild has already said what is wrong with which line.
    if (error.errors === undefined) console.error(error.message);
    process.exitCode = 1;
  }
}
