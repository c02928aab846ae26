import type { Database } from '../../storage/database.js';
import type { CatalogCommand } from './stream-thread.js';

/** A command of the catalog's log as it was stored. */
export interface StoredCommand extends CatalogCommand {
  /** Ascending, never reused. */
  readonly sequence: number;
}

/** Appends to the command log. The caller holds the transaction that makes the commands true. */
export function appendCommands(database: Database, commands: readonly CatalogCommand[]): void {
  const insert = database.prepare<[string]>('INSERT INTO catalog_commands (text) VALUES (?)');
  for (const { text } of commands) insert.run(text);
}

/** All commands in order; a reader or the writer may ask. */
export function readCommands(database: Database): readonly StoredCommand[] {
  return database.prepare<[], StoredCommand>('SELECT sequence, text FROM catalog_commands ORDER BY sequence').all();
}
