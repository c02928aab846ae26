import type { Column } from '../../src/model/schema.js';
import type { SqlType } from '../../src/model/sql-type.js';

/** A column of the value. */
export const column = (name: string, type: SqlType): Column => ({ name, type, role: 'value' });

/** Columns C0, C1, ... of the value. */
export const columnsOf = (types: readonly SqlType[]): Column[] => types.map((type, i) => column(`C${i}`, type));
