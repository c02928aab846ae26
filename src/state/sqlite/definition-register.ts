import type { Database } from '../../storage/database.js';
import type { StoreDefinition, StoreShape } from '../changelog/store-definition.js';
import type { StoreSpec } from '../state-store.js';
import { type StoredTable, shapeOf, tableName } from './store-layout.js';
import { createTable, findTable, register, replaceTable, sameTable, unregister } from './store-register.js';

const DEFINITIONS = 'state_definitions';

/**
 * One row a definition that the log knows (`logged`), and for a store that is new or has new columns one that it will know with the next flush.
 * The text is the definition as JSON; the table of a definition that is to be replaced stays in the file until then.
 */
const DEFINITIONS_DDL = `
  CREATE TABLE IF NOT EXISTS ${DEFINITIONS} (
    number INTEGER NOT NULL,
    version INTEGER NOT NULL,
    table_id INTEGER NOT NULL,
    logged INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (number, version)
  ) STRICT, WITHOUT ROWID`;

/** A store's definition and the table that has its rows. */
export interface DefinedTable {
  readonly definition: StoreDefinition;
  readonly stored: StoredTable;
}

interface DefinitionRow {
  readonly table_id: number;
  readonly logged: number;
  readonly text: string;
}

/**
 * The stores of a logged file: their numbers, which they have for good, and the versions of their columns. What the log does not know yet
 * is undone when the file is opened the next time, so that the file is what its log says.
 */
export class DefinitionRegister {
  readonly #database: Database;
  readonly #queryId: string;

  /** Undoes what the log never came to know. */
  constructor(database: Database, queryId: string) {
    this.#database = database;
    this.#queryId = queryId;
    database.transaction(() => {
      database.exec(DEFINITIONS_DDL);
      this.#discardUnlogged();
    });
  }

  /** What the log knows, by store number; after the constructor that is everything. */
  logged(): DefinedTable[] {
    return this.#select('logged = 1').map(toDefined);
  }

  /**
   * The table of a store, made now if need be.
   * @throws SystemError `state-mismatch`, see `openTable`
   */
  open(spec: StoreSpec): DefinedTable {
    const found = findTable(this.#database, this.#queryId, spec.name);
    if (found === null) return this.#create(spec.name, shapeOf(spec), this.#nextNumber(), 1, false);
    const [row] = this.#select('table_id = ?', found.id);
    const defined = toDefined(row!);
    if (sameTable(found, spec)) return defined;
    const { number, version } = defined.definition;
    return this.#database.transaction(() => {
      const stored = replaceTable(this.#database, this.#queryId, found, spec);
      return this.#insert({ ...shapeOf(spec), name: spec.name, number, version: version + 1 }, stored, false);
    });
  }

  /** Definitions that the log does not know, each with what it replaces. */
  unlogged(): { readonly defined: DefinedTable; readonly replaced: DefinedTable | null }[] {
    return this.#select('logged = 0').map((row) => {
      const defined = toDefined(row);
      const [before] = this.#select('logged = 1 AND number = ?', defined.definition.number);
      return { defined, replaced: before === undefined ? null : toDefined(before) };
    });
  }

  /** The log knows the definition now; what it replaces is dropped. */
  setLogged(defined: DefinedTable, replaced: DefinedTable | null): void {
    if (replaced !== null) this.#drop(replaced);
    const { number, version } = defined.definition;
    this.#database
      .prepare(`UPDATE ${DEFINITIONS} SET logged = 1 WHERE number = ? AND version = ?`)
      .run(number, version);
  }

  /** Makes the table of a definition that the log told of, empty; `replaced` is dropped with its rows. */
  adopt(definition: StoreDefinition, replaced: DefinedTable | null): DefinedTable {
    const { number, version, name, layout, key, value, segmentMs } = definition;
    if (replaced !== null) {
      unregister(this.#database, replaced.stored.id);
      this.#drop(replaced);
    }
    return this.#create(name, { layout, key, value, segmentMs }, number, version, true);
  }

  /** Forgets all definitions; their tables are the caller's to drop. */
  clear(): void {
    this.#database.exec(`DELETE FROM ${DEFINITIONS}`);
  }

  #create(name: string, shape: StoreShape, number: number, version: number, logged: boolean): DefinedTable {
    return this.#database.transaction(() => {
      const stored = createTable(this.#database, this.#queryId, name, shape);
      return this.#insert({ ...shape, name, number, version }, stored, logged);
    });
  }

  #insert(definition: StoreDefinition, stored: StoredTable, logged: boolean): DefinedTable {
    this.#database
      .prepare(`INSERT INTO ${DEFINITIONS} VALUES (?, ?, ?, ?, ?)`)
      .run(definition.number, definition.version, stored.id, logged ? 1 : 0, JSON.stringify(definition));
    return { definition, stored };
  }

  #drop(defined: DefinedTable): void {
    const { number, version } = defined.definition;
    this.#database.exec(`DROP TABLE ${tableName(defined.stored.id)}`);
    this.#database.prepare(`DELETE FROM ${DEFINITIONS} WHERE number = ? AND version = ?`).run(number, version);
  }

  #discardUnlogged(): void {
    for (const { defined, replaced } of this.unlogged()) {
      unregister(this.#database, defined.stored.id);
      this.#drop(defined);
      if (replaced !== null) register(this.#database, this.#queryId, replaced.definition.name, replaced.stored);
    }
  }

  #nextNumber(): number {
    const sql = `SELECT coalesce(max(number), 0) + 1 AS next FROM ${DEFINITIONS}`;
    return this.#database.prepare<[], { next: number }>(sql).get()!.next;
  }

  #select(where: string, ...args: number[]): DefinitionRow[] {
    const sql = `SELECT table_id, logged, text FROM ${DEFINITIONS} WHERE ${where} ORDER BY number, version`;
    return this.#database.prepare<number[], DefinitionRow>(sql).all(...args);
  }
}

function toDefined(row: DefinitionRow): DefinedTable {
  const definition = JSON.parse(row.text) as StoreDefinition;
  const { layout, key, value, segmentMs } = definition;
  return { definition, stored: { id: row.table_id, layout, key, value, segmentMs } };
}
