import type { Database, Statement } from '../../storage/database.js';
import { corruptChangelog, ROW_RECORD, recordKind } from '../changelog/change-records.js';
import type { Fingerprint } from '../changelog/fingerprint.js';
import { RowRecordCodec, storeNumber } from '../changelog/row-record-codec.js';
import { DefinitionCodec } from '../changelog/store-definition.js';
import type { SqliteValue } from './column-codec.js';
import type { DefinedTable, DefinitionRegister } from './definition-register.js';
import { hashRows } from './hash-rows.js';
import { RowColumns } from './row-columns.js';

/** Puts the records of a changelog into the tables of a file, one after the other, inside the caller's transaction. */
export class ChangelogFold {
  readonly #database: Database;
  readonly #register: DefinitionRegister;
  readonly #fingerprint: Fingerprint;
  /** By store number. */
  readonly #tables = new Map<number, FoldedTable>();
  readonly #definitions = new DefinitionCodec();

  constructor(database: Database, register: DefinitionRegister, fingerprint: Fingerprint) {
    this.#database = database;
    this.#register = register;
    this.#fingerprint = fingerprint;
    for (const defined of register.logged()) this.#add(defined);
  }

  /** @throws SystemError `changelog-corrupt`; SqliteError */
  apply(bytes: Buffer, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    const kind = recordKind(bytes, keyStart, keyEnd);
    if (kind === ROW_RECORD) {
      const number = storeNumber(bytes, keyStart);
      const table = this.#tables.get(number);
      if (table === undefined) throw corruptChangelog(`store ${number} has rows before its definition`);
      table.apply(bytes, keyStart, keyEnd, valueStart, valueEnd);
    } else {
      this.#define(bytes, keyStart, keyEnd, valueStart, valueEnd);
    }
  }

  #define(bytes: Buffer, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    const definition = this.#definitions.decode(bytes, keyStart, keyEnd, valueStart, valueEnd);
    const before = this.#tables.get(definition.number) ?? null;
    const version = before?.defined.definition.version ?? 0;
    if (definition.version === version) return;
    if (definition.version < version) {
      throw corruptChangelog(`store "${definition.name}" goes back from version ${version} to ${definition.version}`);
    }
    before?.subtractAll();
    this.#add(this.#register.adopt(definition, before?.defined ?? null));
  }

  #add(defined: DefinedTable): void {
    this.#tables.set(defined.definition.number, new FoldedTable(this.#database, defined, this.#fingerprint));
  }
}

class FoldedTable {
  readonly defined: DefinedTable;
  readonly #database: Database;
  readonly #fingerprint: Fingerprint;
  readonly #columns: RowColumns;
  readonly #codec: RowRecordCodec;
  readonly #args: SqliteValue[];
  readonly #find: Statement;
  readonly #insert: Statement;
  readonly #replace: Statement;
  readonly #delete: Statement;

  constructor(database: Database, defined: DefinedTable, fingerprint: Fingerprint) {
    this.defined = defined;
    this.#database = database;
    this.#fingerprint = fingerprint;
    this.#columns = new RowColumns(defined.stored);
    this.#codec = new RowRecordCodec(defined.definition);
    this.#args = new Array<SqliteValue>(this.#columns.width).fill(null);
    const { name, atPlace, readsBigInts } = this.#columns;
    this.#find = database.prepareOwn(this.#columns.selectSql(atPlace)).raw(true).safeIntegers(readsBigInts);
    this.#insert = database.prepareOwn(`${this.#columns.insertSql(1, 'INSERT')} ON CONFLICT DO NOTHING`);
    this.#replace = database.prepareOwn(this.#columns.insertSql(1, 'INSERT OR REPLACE'));
    this.#delete = database.prepareOwn(`DELETE FROM ${name} WHERE ${atPlace}`);
  }

  apply(bytes: Buffer, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    const codec = this.#codec;
    codec.decodeKey(bytes, keyStart, keyEnd);
    const key = bytes.subarray(codec.keyAt, keyEnd);
    if (valueStart < 0) {
      const place = this.#columns.place(key, codec.partition, codec.windowStart, codec.windowEnd);
      if (this.#subtract(place, key)) this.#delete.run(place);
      return;
    }
    const entry = codec.decodeValue(bytes, keyStart, keyEnd, valueStart, valueEnd);
    const { high, low } = codec.hash;
    this.#columns.bind(entry, key, this.#args, 0);
    // Most rows of a log that is read from its start are new: an insert that finds its place taken costs less than a look before each.
    if (this.#insert.run(this.#args).changes === 0) {
      this.#subtract(this.#columns.place(key, entry.partition, entry.windowStart, entry.windowEnd), key);
      this.#replace.run(this.#args);
    }
    this.#fingerprint.add(high, low);
  }

  /** Takes all rows out of the fingerprint. */
  subtractAll(): void {
    hashRows(this.#database, this.defined, (high, low) => this.#fingerprint.subtract(high, low));
  }

  /** Takes the row at this place, if there is one, out of the fingerprint. */
  #subtract(place: SqliteValue[], key: Buffer): boolean {
    const found = this.#find.get(place) as SqliteValue[] | undefined;
    if (found === undefined) return false;
    const { hash } = this.#codec;
    const before = this.#columns.toEntry(found);
    this.#codec.encodeKey(before, key);
    this.#codec.encodeValue(before);
    this.#fingerprint.subtract(hash.high, hash.low);
    return true;
  }
}
