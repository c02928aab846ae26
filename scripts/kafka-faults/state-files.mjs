/** The state of a node as it lies on disk, read without the engine. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';

/** Of each shard file in a node's folder: name -> `{ position, tables }`; a table is its rows as texts, sorted, by the store's name. */
export function readState(data) {
  const folder = join(data, 'shards');
  let names;
  try {
    names = readdirSync(folder);
  } catch {
    return new Map();
  }
  return new Map(names.filter((name) => name.endsWith('.db')).map((name) => [name, readFile(join(folder, name))]));
}

function readFile(path) {
  const database = new Database(path);
  try {
    const [row] = database.prepare('SELECT text FROM shard_position').all();
    const tables = new Map();
    // Queries without stores have no such table.
    const isThere =
      database.prepare("SELECT count(*) FROM sqlite_master WHERE name = 'state_stores'").pluck().get() > 0;
    for (const { id, name } of isThere ? database.prepare('SELECT id, name FROM state_stores').all() : []) {
      const rows = database.prepare(`SELECT * FROM state_${id}`).all();
      tables.set(name, rows.map((r) => JSON.stringify(r, bytesAsText)).sort());
    }
    return { position: row === undefined ? null : JSON.parse(row.text), tables };
  } finally {
    database.close();
  }
}

function bytesAsText(_, value) {
  return value?.type === 'Buffer' ? Buffer.from(value.data).toString('hex') : value;
}

/**
 * Compares the files that a node built from the changelogs alone with those that nodes kept while they worked: the newest of each shard.
 * @param kept one map of `readState` for each node
 */
export function judgeState(rebuilt, kept) {
  const problems = [];
  for (const [name, { position, tables }] of rebuilt) {
    if (position === null) continue;
    const [newest] = kept
      .map((files) => files.get(name))
      .filter((file) => file?.position?.sequence !== undefined)
      .sort((a, b) => b.position.sequence - a.position.sequence);
    if (newest === undefined) continue;
    if (newest.position.sequence !== position.sequence) {
      problems.push(
        `${name}: rebuilt as of commit ${position.sequence}, kept as of commit ${newest.position.sequence}`,
      );
      continue;
    }
    if (newest.position.fingerprint !== position.fingerprint) {
      problems.push(
        `${name}: rebuilt with the fingerprint ${position.fingerprint}, kept with ${newest.position.fingerprint}`,
      );
    }
    for (const [table, rows] of newest.tables) {
      const others = tables.get(table) ?? [];
      const at = rows.findIndex((row, i) => row !== others[i]);
      if (at >= 0 || rows.length !== others.length) {
        const where = at < 0 ? rows.length : at;
        problems.push(
          `${name}: ${table} has ${others.length} rows rebuilt and ${rows.length} kept; the first that differs: ${others[where]} and ${rows[where]}`,
        );
      }
    }
  }
  return problems;
}
