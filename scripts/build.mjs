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

/** Function of the bundle -> the file that it runs; the value is what that file exports. */
const STARTS = {
  cli: 'src/cli/main.ts',
  library: 'src/index.ts',
  streamThread: 'src/executor/thread/worker.ts',
  shardThread: 'src/executor/shard/shard-worker.ts',
};

/** What Node is given: each runs the bundle, with code that was compiled before. */
const ENTRIES = {
  cli: 'src/launch/cli.ts',
  'stream-thread': 'src/launch/stream-thread.ts',
  'shard-thread': 'src/launch/shard-thread.ts',
};

const COMMON = { absWorkingDir: root, bundle: true, platform: 'node', target: 'node20', logLevel: 'warning' };

export async function buildPackage() {
  for (const entry of [...Object.values(STARTS), ...Object.values(ENTRIES)]) {
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
  const [metafile] = await Promise.all([
    buildBundle(next, external),
    build({
      ...COMMON,
      entryPoints: ENTRIES,
      outdir: next,
      splitting: true,
      chunkNames: '[name]-[hash]',
      format: 'esm',
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

/** Everything in one CommonJS file, of which V8 can keep the compiled code; and the library, which imports it. */
async function buildBundle(next, external) {
  const starts = Object.entries(STARTS).map(([name, file]) => `exports.${name} = () => require('./${file}');`);
  const library = await build({
    ...COMMON,
    entryPoints: [STARTS.library],
    format: 'esm',
    external,
    metafile: true,
    write: false,
    outdir: next,
  });
  const names = Object.values(library.metafile.outputs)[0].exports;
  writeFileSync(
    join(next, 'index.js'),
    `import millrace from './millrace.cjs';\n\nexport const { ${names.join(', ')} } = millrace.library();\n`,
  );
  const { metafile } = await build({
    ...COMMON,
    stdin: { contents: starts.join('\n'), resolveDir: root },
    outfile: join(next, 'millrace.cjs'),
    format: 'cjs',
    minifySyntax: true,
    external,
    define: { 'import.meta.url': 'millraceUrl' },
    banner: { js: "'use strict';\nconst millraceUrl = require('node:url').pathToFileURL(__filename).href;" },
    metafile: true,
  });
  const [{ imports }] = Object.values(metafile.outputs);
  const dynamic = imports.find(({ kind }) => kind === 'dynamic-import');
  if (dynamic !== undefined)
    throw new Error(`a bundle that V8 keeps cannot import() ${dynamic.path}: it would have to be required`);
  // It is read as one byte a character; of what esbuild leaves as it is there are letters in regular expressions.
  const line = readFileSync(join(next, 'millrace.cjs'), 'utf8')
    .split('\n')
    .find((text) => /[^\x00-\x7f]/.test(text));
  if (line !== undefined)
    throw new Error(`the bundle has to be ASCII, and this line is not: ${line.trim().slice(0, 300)}`);
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
    const sizes = Object.entries(outputs).map(([file, output]) => (/\.c?js$/.test(file) ? output.bytes : 0));
    const megabytes = (sizes.reduce((sum, bytes) => sum + bytes, 0) / 1e6).toFixed(1);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`built dist: ${megabytes} MB of JavaScript in ${seconds} s`);
  } catch (error) {
    // esbuild has already said what is wrong with which line.
    if (error.errors === undefined) console.error(error.message);
    process.exitCode = 1;
  }
}
