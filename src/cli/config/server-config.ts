import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { checkValue, fullName, SETTINGS } from '../../engine/settings.js';
import { nearestWord } from '../../parser/diagnostics.js';
import { UsageError } from '../exit.js';
import { environmentSettings } from './environment.js';
import { type ListenAddress, parseListeners } from './listen.js';
import { parseProperties } from './properties.js';

/** What the command line gives; each part overrides what the files and the environment say. */
export interface ServerFlags {
  readonly config: readonly string[];
  readonly set: readonly string[];
  readonly listen?: string;
  readonly data?: string;
  readonly bootstrapServers?: string;
  readonly queriesFile: readonly string[];
  readonly functionsDir?: string;
}

export interface ServerConfig {
  /** For the engine, by ksqlDB's full names. */
  readonly settings: Readonly<Record<string, string>>;
  readonly listeners: readonly ListenAddress[];
  /** Files, folders resolved. */
  readonly queryFiles: readonly string[];
  /** The file of the embedded log; on Kafka the folder of the node, null where the settings say it. */
  readonly data: string | null;
  /** Names that nothing here understands, a sentence each. */
  readonly notices: readonly string[];
}

export const DEFAULT_DATA = 'millrace.db';
const DEFAULT_LISTENER: ListenAddress = { host: '127.0.0.1', port: 8088 };

/** Settings of the server that are no concern of the engine. */
const OWN = { listeners: 'listeners', queriesFile: 'ksql.queries.file', data: 'millrace.data' } as const;
const OWN_NAMES: readonly string[] = Object.values(OWN);

interface Given {
  readonly name: string;
  readonly value: string;
  /** Where it was said, for messages. */
  readonly origin: string;
}

/**
 * The configuration in force: files, then the environment, then the command line; what comes later wins.
 * @throws UsageError for a file that cannot be read and for a value that is not of its setting's kind
 */
export function serverConfig(flags: ServerFlags, env: Readonly<Record<string, string | undefined>>): ServerConfig {
  const settings: Record<string, string> = {};
  const own = new Map<string, string>();
  const notices = new Map<string, string>();
  const all = [...flags.config.flatMap(fileSettings), ...fromEnvironment(env), ...flags.set.map(setFlag)];
  for (const given of all) {
    const full = OWN_NAMES.includes(given.name) ? given.name : fullName(given.name);
    if (full === null) notices.set(given.name, notice(given));
    else if (OWN_NAMES.includes(full)) own.set(full, given.value);
    else settings[full] = checked(full, given);
  }
  if (flags.bootstrapServers !== undefined) settings['ksql.streams.bootstrap.servers'] = flags.bootstrapServers;
  const onKafka = settings['ksql.streams.bootstrap.servers'] !== undefined;
  const queryFiles =
    flags.queriesFile.length > 0 ? flags.queriesFile : own.has(OWN.queriesFile) ? [own.get(OWN.queriesFile)!] : [];
  const listeners = flags.listen ?? own.get(OWN.listeners);
  return {
    settings: withFunctions(settings, flags.functionsDir),
    listeners: listeners === undefined ? [DEFAULT_LISTENER] : parseListeners(listeners),
    queryFiles: queryFiles.flatMap(filesOf),
    data: flags.data ?? own.get(OWN.data) ?? (onKafka ? null : DEFAULT_DATA),
    notices: [...notices.values()],
  };
}

/** `name=value` of a flag. @throws UsageError */
export function assignment(text: string, flag: string): { readonly name: string; readonly value: string } {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`"${text}" is no assignment`, `Write ${flag} name=value.`);
  return { name: text.slice(0, at).trim(), value: text.slice(at + 1).trim() };
}

/** Settings with the folder of functions that a flag names. */
export function withFunctions(
  settings: Readonly<Record<string, string>>,
  functionsDir: string | undefined,
): Readonly<Record<string, string>> {
  return functionsDir === undefined ? settings : { ...settings, 'ksql.extension.dir': functionsDir };
}

/** Settings of the engine from `--set` flags. @throws UsageError for names that nothing understands, too */
export function engineSettings(flags: readonly string[]): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const given of flags.map(setFlag)) {
    const full = fullName(given.name);
    if (full === null) throw new UsageError(notice(given).replace(/\.$/, ''));
    settings[full] = checked(full, given);
  }
  return settings;
}

function fileSettings(path: string): Given[] {
  return parseProperties(readText(path, 'configuration file')).map(({ name, value, line }) => ({
    name,
    value: value.trim(),
    origin: `${path} line ${line}`,
  }));
}

function fromEnvironment(env: Readonly<Record<string, string | undefined>>): Given[] {
  return environmentSettings(env).map(({ name, value, variable }) => ({ name, value, origin: variable }));
}

function setFlag(text: string): Given {
  return { ...assignment(text, '--set'), origin: '--set' };
}

function checked(full: string, { name, value, origin }: Given): string {
  try {
    return checkValue(full, value);
  } catch (error) {
    throw new UsageError(`the setting "${name}" (${origin}) has a wrong value: ${(error as Error).message}`);
  }
}

function notice({ name, origin }: Given): string {
  const near = nearestSetting(name);
  const question = near === null ? '' : `; did you mean "${near}"?`;
  return `the setting "${name}" (${origin}) is unknown here and has no effect${question || '.'}`;
}

function nearestSetting(name: string): string | null {
  const names = [...OWN_NAMES, ...SETTINGS.flatMap((s) => [s.name, s.name.replace(/^ksql\.(?:streams\.)?/, '')])];
  const found = nearestWord(
    name,
    names.map((n) => n.toUpperCase()),
  );
  return found === null ? null : names.find((n) => n.toUpperCase() === found)!;
}

/** A file as it is, a folder as its `.sql` files by name. @throws UsageError */
export function filesOf(path: string): string[] {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch (error) {
    throw unreadable(path, 'query file', error);
  }
  if (!isFolder) return [path];
  const files = readdirSync(path)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  if (files.length === 0) throw new UsageError(`the folder "${path}" holds no .sql file`);
  return files.map((name) => join(path, name));
}

/** @throws UsageError that says what kind of file is missing */
export function readText(path: string, kind: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw unreadable(path, kind, error);
  }
}

const READ_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a folder',
};

export function unreadable(path: string, kind: string, error: unknown): UsageError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new UsageError(`cannot read the ${kind} "${path}": ${READ_PROBLEMS[code ?? ''] ?? message}`);
}
