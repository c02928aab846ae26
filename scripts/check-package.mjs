/**
 * Packs the package, installs it into an empty folder elsewhere, and uses it there: the command line, the library with a
 * worker thread, its types, a format with schemas, a function of a user. Then asks publint and attw about the archive.
 *
 * Packages with native code are copied from here, so that nothing is compiled; `--full` installs them from the registry.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

const CONSUMER = `
import { openEngine, StatementError, type Engine, type QueryHandle, type ResultRow } from 'millrace';

const engine: Engine = await openEngine({ data: 'consumer.db', settings: { 'ksql.extension.dir': 'functions' } });
await engine.execute("CREATE STREAM s (id INT KEY, v BIGINT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);");
await engine.execute("CREATE STREAM twice WITH (VALUE_FORMAT='AVRO') AS SELECT id, TWICE(v) AS v FROM s;");
await engine.execute('CREATE TABLE t AS SELECT id, SUM(v) AS total FROM twice GROUP BY id EMIT CHANGES;');
await engine.insert('s', [{ id: 1, v: 2 }, { id: 1, v: 3 }]);
await engine.drain();
const query = (await engine.query('SELECT total FROM t WHERE id = 1;')) as QueryHandle;
const found: ResultRow[] = [];
for await (const rows of query.batches) found.push(...rows);
let refused = false;
try {
  await engine.execute('CREATE STREM;');
} catch (error) {
  refused = error instanceof StatementError;
}
const subjects = engine.schemaRegistry?.subjects('TWICE', 'without');
await engine.close();
if (found[0]?.values[0] !== 10 || !refused || subjects?.[0] !== 'TWICE-value') {
  throw new Error(JSON.stringify({ found, refused, subjects }));
}
`;

const FUNCTIONS = `
import { defineScalar } from 'millrace';

export const twice = defineScalar({
  name: 'TWICE',
  description: 'Two times the number.',
  variants: [{ signature: '(number BIGINT) -> BIGINT', nulls: 'propagate', evaluate: (number) => 2n * BigInt(number) }],
});
`;

prepare();
const { version, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const full = process.argv.includes('--full');
const folder = mkdtempSync(join(tmpdir(), 'millrace-package-'));
const npm = process.env.npm_execpath?.endsWith('npm-cli.js') ? [process.execPath, process.env.npm_execpath] : ['npm'];

try {
  run('pack', [...npm, 'pack', '--ignore-scripts', '--pack-destination', folder], root);
  const archive = join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.tgz')),
  );
  const consumer = join(folder, 'consumer');
  mkdirSync(join(consumer, 'node_modules'), { recursive: true });
  writeFileSync(join(consumer, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  if (!full) copyInstalled(consumer);
  run('install', [...npm, 'install', '--no-audit', '--no-fund', archive], consumer);

  const told = run('millrace --version', [...npm, 'exec', '--offline', '--', 'millrace', '--version'], consumer);
  if (!told.includes(version)) fail('millrace --version', told);

  const kept = join(folder, 'code');
  const show = [...npm, 'exec', '--offline', '--', 'millrace', 'sql', ':memory:', '-e', 'SHOW TYPES;'];
  const written = new Set();
  for (const start of ['first start', 'start with code that is kept']) {
    const types = run(start, show, consumer, { MILLRACE_CODE_CACHE: kept });
    const files = readdirSync(kept);
    if (!types.includes('Type Name') || files.length !== 1 || !files[0].startsWith('sql-')) fail(start, types + files);
    written.add(statSync(join(kept, files[0])).mtimeMs);
  }
  if (written.size !== 1) fail('start with code that is kept', 'it was refused, and written anew');

  writeFileSync(join(consumer, 'consumer.ts'), CONSUMER);
  mkdirSync(join(consumer, 'functions'));
  writeFileSync(join(consumer, 'functions/twice.js'), FUNCTIONS);
  cpSync(join(root, 'node_modules/@types/node'), join(consumer, 'node_modules/@types/node'), { recursive: true });
  cpSync(join(root, 'node_modules/undici-types'), join(consumer, 'node_modules/undici-types'), { recursive: true });
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const options = [
    '--strict',
    '--target',
    'es2022',
    '--module',
    'nodenext',
    '--skipLibCheck',
    'false',
    '--types',
    'node',
  ];
  run('types', [process.execPath, tsc, ...options, 'consumer.ts'], consumer);
  run('library', [process.execPath, 'consumer.js'], consumer);
  const demo = run('millrace demo', [...npm, 'exec', '--offline', '--', 'millrace', 'demo', '--port', '0'], consumer);
  if (!/20[,']?000/.test(demo)) fail('millrace demo', demo);

  run('publint', [process.execPath, bin('publint', 'publint'), 'run', archive, '--strict'], root);
  const attw = bin('@arethetypeswrong/cli', 'attw');
  run('attw', [process.execPath, attw, archive, '--profile', 'esm-only', '--no-color', '--no-emoji'], root);
  console.log('the package works where it is installed');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Puts the installed dependencies, and what they need in turn, where npm finds them. */
function copyInstalled(consumer) {
  const wanted = new Set(Object.keys(dependencies));
  for (const name of wanted) {
    const from = join(root, 'node_modules', name);
    if (!existsSync(from)) continue;
    cpSync(from, join(consumer, 'node_modules', name), { recursive: true });
    const { dependencies: more, optionalDependencies: perhaps } = JSON.parse(
      readFileSync(join(from, 'package.json'), 'utf8'),
    );
    for (const next of Object.keys({ ...more, ...perhaps })) wanted.add(next);
  }
}

function bin(name, command) {
  const { bin: bins } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'));
  return join(root, 'node_modules', name, typeof bins === 'string' ? bins : bins[command]);
}

/** Runs a command to its end. @returns what it wrote to standard output */
function run(step, [command, ...args], cwd, env = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...env },
  });
  if (status !== 0) fail(step, `${error?.message ?? ''}${stdout ?? ''}${stderr ?? ''}`);
  console.log(`ok: ${step}`);
  return stdout;
}

function fail(step, output) {
  rmSync(folder, { recursive: true, force: true });
  console.error(`failed: ${step}\n${output}`);
  process.exit(1);
}
