import fc from 'fast-check';
import { expect, test } from 'vitest';
import { equalValues } from '../../src/model/value.js';
import { columnCodec, type SqliteValue } from '../../src/state/sqlite/column-codec.js';
import { openDatabase } from '../../src/storage/database.js';
import { sqlTypes, sqlValues } from '../support/sql-values.js';

test('every value comes back from a column of its type as it was', () => {
  const database = openDatabase({ path: ':memory:', mode: 'writer' });
  try {
    for (const type of ['INTEGER', 'REAL', 'TEXT', 'BLOB']) database.exec(`CREATE TABLE t_${type} (v ${type})`);
    fc.assert(
      fc.property(
        sqlTypes().chain((type) => fc.tuple(fc.constant(type), sqlValues(type))),
        ([type, value]) => {
          const codec = columnCodec(type);
          const table = `t_${codec.declaredType}`;
          if (codec.bindsAsIs) expect(codec.toSqlite(value)).toBe(value);
          database.prepare(`DELETE FROM ${table}`).run();
          database.prepare(`INSERT INTO ${table} VALUES (?)`).run(codec.toSqlite(value));
          const read = database.prepareOwn(`SELECT v FROM ${table}`).pluck().safeIntegers(codec.readsBigInts);
          const back = codec.fromSqlite(read.get() as SqliteValue);
          expect(equalValues(type, back, value)).toBe(true);
          expect(typeof back).toBe(typeof value);
        },
      ),
      { numRuns: 500 },
    );
  } finally {
    database.close();
  }
});

test('decimals too long for 64 bits sort as text like the numbers', () => {
  const codec = columnCodec({ kind: 'DECIMAL', precision: 40, scale: 2 });
  const decimals = fc.oneof(
    fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
    fc.bigInt({ min: -1_000n, max: 1_000n }),
  );
  fc.assert(
    fc.property(decimals, decimals, (a, b) => {
      const [x, y] = [codec.toSqlite(a) as string, codec.toSqlite(b) as string];
      expect(x < y).toBe(a < b);
      expect(x === y).toBe(a === b);
    }),
  );
});
