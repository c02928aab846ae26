/**
 * What `npm start` and `npm test` need before they can work: installed packages and a built dist. Uses only what Node ships,
 * since on a fresh clone nothing else is there.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');

/** Where the build leaves the hash of what it was made from. */
export const buildStamp = join(root, 'dist/.sources');

/**
 * Installs and builds what is missing or stale, with a line each; ends the process with one sentence when it cannot.
 * `build: false` leaves dist alone.
 */
export function prepare({ build = true } = {}) {
  requireNode();
  if (!isInstalled()) install();
  if (build && !isBuilt()) runBuild();
}

function requireNode() {
  const { engines } = readJson('package.json');
  const wanted = engines.node.replace('>=', '').split('.').map(Number);
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > wanted[0] || (major === wanted[0] && minor >= wanted[1])) return;
  fail(
    `Millrace needs Node ${wanted.join('.')} or later, and this is ${process.versions.node}: install a newer one from https://nodejs.org.`,
  );
}

/** Whether node_modules holds what the lock file says, with native code that this Node can load. */
function isInstalled() {
  if (!existsSync(join(root, 'node_modules/.package-lock.json'))) return false;
  const wanted = readJson('package-lock.json').packages;
  const installed = readJson('node_modules/.package-lock.json').packages;
  for (const [path, { version, optional, devOptional }] of Object.entries(wanted)) {
    if (path === '') continue;
    const found = installed[path];
    if (found === undefined ? !(optional || devOptional) : found.version !== version) return false;
  }
  return loadsNativeCode();
}

function loadsNativeCode() {
  try {
    createRequire(import.meta.url)(join(root, 'node_modules/better-sqlite3/build/Release/better_sqlite3.node'));
    return true;
  } catch {
    return false;
  }
}

function install() {
  const npm = npmCommand();
  console.log('installing packages (npm ci); a minute or two where native code has to be compiled ...');
  const result = spawnSync(npm.command, [...npm.args, 'ci', '--no-audit', '--no-fund', '--include=dev'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
    shell: npm.shell,
  });
  const output = `${result.error?.message ?? ''}\n${result.stdout ?? ''}\n${result.stderr ?? ''}`.trim();
  if (result.status === 0 && loadsNativeCode()) return;

  const log = join(mkdtempSync(join(tmpdir(), 'millrace-')), 'npm-ci.log');
  writeFileSync(log, output);
  fail(`${installProblem(output, result.status)} The full output is in ${log}.`);
}

/** Why the installation failed, and the remedy. */
function installProblem(output, status) {
  const unreachable = /ENOTFOUND|ECONNREFUSED|ETIMEDOUT|ECONNRESET|EAI_AGAIN/;
  if (status === 0) {
    return 'Packages were installed, but better-sqlite3 has no binary that this Node can load: npm must be allowed to run install scripts (npm config set ignore-scripts false).';
  }
  const compiling = output.split('\n').filter((line) => line.includes('gyp ERR!'));
  if (compiling.some((line) => unreachable.test(line))) {
    return "The package better-sqlite3 has to be compiled on this machine, and the headers of Node for that cannot be fetched from nodejs.org: check the network, or name a folder that has them with npm's setting nodedir.";
  }
  if (compiling.length > 0) {
    return 'The package better-sqlite3 has no ready-made binary for this machine and could not be compiled: install python3, make and a C++ compiler (Debian and Ubuntu: apt-get install python3 make g++; macOS: xcode-select --install), then run the command again.';
  }
  if (unreachable.test(output)) {
    return 'Packages could not be installed because npm cannot reach its registry: check the network or the registry and proxy settings of npm.';
  }
  if (/ENOSPC/.test(output)) {
    return 'Packages could not be installed because the disk is full: make room and run the command again.';
  }
  const last =
    output.split('\n').findLast((line) => /npm (error|ERR!) \S/.test(line) && !/complete log|debug-0/.test(line)) ??
    'npm said nothing';
  return `Packages could not be installed (${last.replace(/^npm (error|ERR!) /, '')}): remove node_modules and run the command again.`;
}

/** npm as it was started, or the one beside Node. */
function npmCommand() {
  const script = process.env.npm_execpath;
  if (script?.endsWith('npm-cli.js') && existsSync(script))
    return { command: process.execPath, args: [script], shell: false };
  return { command: 'npm', args: [], shell: process.platform === 'win32' };
}

function isBuilt() {
  return (
    ['cli.js', 'index.js', 'millrace.cjs', 'stream-thread.js'].every((file) => existsSync(join(root, 'dist', file))) &&
    existsSync(buildStamp) &&
    readFileSync(buildStamp, 'utf8') === sourceHash()
  );
}

function runBuild() {
  console.log('building dist (npm run build) ...');
  const result = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (result.status !== 0)
    fail('The build failed, for the reason above: once that is repaired, run the command again.');
}

/** A hash of everything that the build reads. */
export function sourceHash() {
  const hash = createHash('sha256');
  const sources = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const settings = [
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'scripts/build.mjs',
    'scripts/build-declarations.mjs',
  ];
  for (const file of [...sources.sort(), ...settings.map((name) => join(root, name))]) {
    hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

function readJson(name) {
  return JSON.parse(readFileSync(join(root, name), 'utf8'));
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}
