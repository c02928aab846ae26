import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

const ENTRIES_MAX = 1_000;

/** Words that a statement with a password or a key in it has. */
const SECRET = /passw|secret|token|credential|api[._-]?key|jaas|private[._-]?key/i;

/** What was entered, oldest first, whole statements; kept in a file between sessions, a JSON text a line. */
export class History {
  readonly #path: string | null;
  #entries: string[];

  /** @param path null keeps it for this session only */
  constructor(path: string | null) {
    this.#path = path;
    this.#entries = path === null ? [] : readEntries(path);
  }

  get entries(): readonly string[] {
    return this.#entries;
  }

  /** Adds an entry unless it repeats the last one. One with a secret in it is never written. */
  add(text: string): void {
    const entry = text.trim();
    if (entry === '' || entry === this.#entries.at(-1)) return;
    this.#entries.push(entry);
    if (this.#path === null || SECRET.test(entry)) return;
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      appendFileSync(this.#path, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
    } catch {
      // A history that cannot be kept is no reason to stop.
    }
  }

  /** The newest entry before `index` that contains the text, without regard to case; -1 when there is none. */
  findBefore(index: number, text: string): number {
    const wanted = text.toLowerCase();
    for (let i = Math.min(index, this.#entries.length) - 1; i >= 0; i--) {
      if (this.#entries[i]!.toLowerCase().includes(wanted)) return i;
    }
    return -1;
  }
}

function readEntries(path: string): string[] {
  let lines: string[];
  try {
    lines = readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
  const entries = lines.flatMap((line): string[] => {
    try {
      const entry: unknown = line === '' ? null : JSON.parse(line);
      return typeof entry === 'string' ? [entry] : [];
    } catch {
      return [];
    }
  });
  if (entries.length > 2 * ENTRIES_MAX) shorten(path, entries.slice(-ENTRIES_MAX));
  return entries.slice(-ENTRIES_MAX);
}

function shorten(path: string, entries: readonly string[]): void {
  try {
    writeFileSync(`${path}.new`, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch {
    // It stays long.
  }
}

/** The history file of this user. */
export function historyPath(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const local = process.platform === 'win32' ? env['LOCALAPPDATA'] : env['XDG_STATE_HOME'];
  const base = local !== undefined && local !== '' ? local : join(homedir(), '.local', 'state');
  return join(base, 'millrace', 'history');
}
