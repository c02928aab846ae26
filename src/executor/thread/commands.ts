import type { Database } from '../../storage/database.js';
import type { CatalogCommand, StoredCommand } from './stream-thread.js';

/** Appends to the command log. The caller holds the transaction that makes the commands true. */
export function appendCommands(database: Database, commands: readonly CatalogCommand[]): readonly StoredCommand[] {
  const insert = database.prepare<[string]>('INSERT INTO catalog_commands (text) VALUES (?)');
  return commands.map(({ text }) => ({ sequence: Number(insert.run(text).lastInsertRowid), text }));
}

/** All commands in order; a reader or the writer may ask. */
export function readCommands(database: Database): readonly StoredCommand[] {
  return database.prepare<[], StoredCommand>('SELECT sequence, text FROM catalog_commands ORDER BY sequence').all();
}
