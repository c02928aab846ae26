import { assert } from '../../model/errors.js';
import type { Column } from '../../model/schema.js';
import { formatType, type SqlType } from '../../model/sql-type.js';
import { RepeatedText } from '../byte-text.js';
import type { Deserializer } from '../format.js';
import { located, ValueProblem } from '../value-problem.js';
import * as wire from './avro-bytes.js';
import { type AvroRecord, type AvroType, type AvroUnion, describeAvro, isEmpty, optionalOf } from './avro-type.js';
import { branchName, isEntry, rootOf } from './columns-of-avro.js';
import { matchFields } from './match-fields.js';
import { leafReading } from './read-leaf.js';

/** What is read of records that were written with one schema. */
export interface ReaderTarget {
  readonly columns: readonly Column[];
  /** Positions in `columns`. */
  readonly wanted: readonly number[];
  readonly unwrapped: boolean;
  /** The record's name when the schema has several. */
  readonly fullName: string | null;
}

/** Records within records of the same kind. */
const LEVELS_MAX = 128;

/**
 * Generates the code that reads records written with one schema. Its `scan` begins behind the frame. Both it and `read` throw ValueProblems.
 * @throws ValueProblem when the schema describes no record although columns are wrapped in one
 * @throws StatementError when it lacks the record of that name
 */
export function compileReader(type: AvroType, target: ReaderTarget): Deserializer {
  return new ReaderCompiler(target).compile(type);
}

/** Statements; runs of bytes that are skipped become one. */
class Code {
  readonly #lines: string[] = [];
  #skipped = 0;

  skip(count: number): void {
    this.#skipped += count;
  }

  add(...lines: string[]): void {
    if (this.#skipped > 0) this.#lines.push(`p += ${this.#skipped};`);
    this.#skipped = 0;
    this.#lines.push(...lines);
  }

  text(): string {
    this.add();
    return this.#lines.join('\n');
  }
}

/** The index of a union's branch, doubled. */
const READ_BRANCH = 'u = b[p++]; if (u > 127) { u = branch(b, p - 1); p = cursor.at; }';

/**
 * Only numbers and names of our own go into the generated code; what a schema spells does so as a constant that is handed over.
 * In all functions `b` are the bytes, `p` is where reading goes on, `end` where it must stop, and `u` the last branch of a union.
 */
class ReaderCompiler {
  readonly #target: ReaderTarget;
  readonly #constants: unknown[] = [];
  readonly #functions: string[] = [];
  readonly #skips = new Map<AvroRecord, string>();
  /** By record, then by the path of the STRUCT that it becomes. */
  readonly #structs = new Map<AvroRecord, Map<string, string>>();
  /** By position in `columns`. */
  readonly #reads = new Map<number, string>();
  #names = 0;

  constructor(target: ReaderTarget) {
    this.#target = target;
  }

  compile(type: AvroType): Deserializer {
    const { columns, wanted, unwrapped } = this.#target;
    const scan = unwrapped ? this.#bare(type, columns[0]!.type) : this.#record(type);
    const marks = wanted.map((column) => `let a${column} = -1, z${column} = -1;`);
    const body = `
      'use strict';
      const { ${Object.keys(wire).join(', ')} } = wire;
      ${this.#constants.map((_, i) => `const k${i} = constants[${i}];`).join('\n')}
      let B = null, E = 0;
      ${[...new Set(marks)].join('\n')}
      ${this.#functions.join('\n')}
      function scan(b, p, end) {
        const level = 0;
        let u = 0;
        B = b;
        E = end;
        ${scan}
        if (p > end) truncated();
        return true;
      }
      function none() {
        ${wanted.map((column) => `a${column} = -1;`).join(' ')}
        return false;
      }
      return { scan, read: [${wanted.map((column) => this.#reads.get(column) ?? '() => null').join(', ')}] };`;
    return new Function('wire', 'constants', body)(wire, this.#constants) as Deserializer;
  }

  #constant(value: unknown): string {
    this.#constants.push(value);
    return `k${this.#constants.length - 1}`;
  }

  #name(letter: string): string {
    return `${letter}${this.#names++}_`;
  }

  /** The record's fields are the columns. */
  #record(type: AvroType): string {
    const root = rootOf(type, this.#target.fullName);
    const code = new Code();
    if (type.kind === 'union') {
      code.add(READ_BRANCH);
      for (const [i, branch] of type.branches.entries()) {
        if (branch.kind === 'null') code.add(`if (u === ${2 * i}) { if (p > end) truncated(); return none(); }`);
      }
      const other = this.#throws(`the record is none of type ${describeAvro(root)}`);
      code.add(`if (u !== ${2 * type.branches.indexOf(root)}) ${other}();`);
    }
    if (root.kind === 'null') return 'return none();';
    if (root.kind !== 'record') {
      throw new ValueProblem(`Cannot deserialize type ${describeAvro(root)} as a record with columns`);
    }
    const { columns, wanted } = this.#target;
    const matches = matchFields(
      columns.map((column) => column.name),
      root.fields.map((field) => field.name),
    );
    const columnOf = new Map(wanted.map((column) => [matches[column]!, column]));
    for (const [i, field] of root.fields.entries()) {
      const column = columnOf.get(i);
      if (column === undefined) this.#skip(code, field.type, `.${field.name}`);
      else this.#mark(code, field.type, columns[column]!.type, column, `.${field.name}`);
    }
    return code.text();
  }

  /** The value is the only column. */
  #bare(type: AvroType, sql: SqlType): string {
    const code = new Code();
    if (type.kind === 'null') return 'return none();';
    const nullAt = type.kind === 'union' ? type.branches.findIndex((branch) => branch.kind === 'null') : -1;
    if (nullAt >= 0) {
      code.add(`if (branch(b, p) === ${2 * nullAt}) { if (cursor.at > end) truncated(); return none(); }`);
    }
    if (this.#target.wanted.length === 0) this.#skip(code, type, '');
    else this.#mark(code, type, sql, 0, '');
    return code.text();
  }

  /** Notes where the value of a column stands, passes it, and makes the function that reads it. */
  #mark(code: Code, type: AvroType, sql: SqlType, column: number, path: string): void {
    const only = optionalOf(type);
    if (only === null) {
      code.add(`a${column} = p;`);
      this.#skip(code, type, path);
      this.#read(code, type, sql, column);
      return;
    }
    const [present, absent] = indexesOf(type as AvroUnion);
    code.add(READ_BRANCH, `if (u === ${present}) {`, `a${column} = p;`);
    this.#skip(code, only, path);
    this.#read(code, only, sql, column);
    code.add(`} else if (u === ${absent}) a${column} = -1;`, `else noBranch(p, end, ${this.#constant(path)});`);
  }

  #read(code: Code, type: AvroType, sql: SqlType, column: number): void {
    const leaf = this.#leaf(type, sql, '', `B, a${column}`, 'E');
    if (leaf !== null) {
      this.#reads.set(column, `() => a${column} < 0 ? null : ${leaf}`);
      return;
    }
    code.add(`z${column} = p;`);
    const parts = new Code();
    // Another column may read the same record at the same path, as another STRUCT.
    this.#structs.clear();
    this.#decode(parts, type, sql, '', 'x');
    const name = this.#name('r');
    this.#functions.push(`
      function ${name}() {
        if (a${column} < 0) return null;
        const b = B, end = z${column}, level = 0;
        let p = a${column}, u = 0, x = null;
        cursor.emptyElements = 0;
        ${parts.text()}
        if (p !== end) wrongBlock();
        return x;
      }`);
    this.#reads.set(column, name);
  }

  /** An expression for a value without parts, or for one that does not fit; null for all others. */
  #leaf(type: AvroType, sql: SqlType, path: string, at: string, end: string): string | null {
    if (type.kind === 'null' || type.kind === 'union' || partsFit(type, sql)) return null;
    const reading = leafReading(type, sql);
    if (reading === null) {
      return `${this.#throws(`Cannot deserialize type ${describeAvro(type)} as type ${formatType(sql)}`, path)}()`;
    }
    const size = type.kind === 'fixed' ? `, ${type.size}` : '';
    const texts = reading.read === 'text' ? `${this.#constant(new RepeatedText())}, ` : '';
    const value = `${reading.read}(${texts}${at}, ${end}${size})`;
    return reading.convert === null ? value : `${this.#constant(located(reading.convert, path))}(${value})`;
  }

  /** Statements that read a value at `p` into a variable and leave `p` after it. */
  #decode(code: Code, type: AvroType, sql: SqlType, path: string, variable: string): void {
    const leaf = this.#leaf(type, sql, path, 'b, p', 'end');
    if (leaf !== null) {
      code.add(`${variable} = ${leaf};`, 'p = cursor.at;');
    } else if (type.kind === 'null') {
      code.add(`${variable} = null;`);
    } else if (type.kind === 'union') {
      this.#decodeUnion(code, type, sql, path, variable);
    } else if (type.kind === 'record' && sql.kind === 'STRUCT') {
      code.add(`${variable} = ${this.#struct(type, sql, path)}(b, p, end);`, 'p = cursor.at;');
    } else if (type.kind === 'array' && sql.kind === 'ARRAY') {
      const element = this.#name('x');
      code.add('{ const list = [];');
      this.#blocks(code, isEmpty(type.items), () => {
        code.add(`let ${element} = null;`);
        this.#decode(code, type.items, sql.element, `${path}[*]`, element);
        code.add(`list.push(${element});`);
      });
      code.add(`${variable} = list; }`);
    } else {
      assert(sql.kind === 'MAP', 'values with parts are of a type that has parts too');
      this.#decodeMap(code, type, sql, path, variable);
    }
  }

  #decodeMap(code: Code, type: AvroType, sql: SqlType & { kind: 'MAP' }, path: string, variable: string): void {
    const [key, value] = [this.#name('x'), this.#name('x')];
    code.add('{ const map = new Map();');
    if (type.kind === 'map') {
      this.#blocks(code, false, () => {
        code.add(`let ${value} = null;`);
        code.add(`const ${key} = text(${this.#constant(new RepeatedText())}, b, p, end);`, 'p = cursor.at;');
        this.#decode(code, type.values, sql.value, `${path}.*`, value);
        code.add(`map.set(${key}, ${value});`);
      });
    } else if (type.kind === 'array' && type.items.kind === 'record') {
      const entry = type.items;
      this.#blocks(code, isEmpty(entry), () => {
        code.add(`let ${key} = null, ${value} = null;`);
        for (const field of entry.fields) {
          if (field.name === 'key') this.#decode(code, field.type, sql.key, `${path}.key`, key);
          else this.#decode(code, field.type, sql.value, `${path}.*`, value);
        }
        code.add(`map.set(${key}, ${value});`);
      });
    }
    code.add(`${variable} = map; }`);
  }

  #decodeUnion(code: Code, union: AvroUnion, sql: SqlType, path: string, variable: string): void {
    const slots = branchFields(union, sql);
    code.add(READ_BRANCH, 'switch (u) {');
    for (const [i, type] of union.branches.entries()) {
      code.add(`case ${2 * i}: {`);
      if (slots === null || type.kind === 'null') {
        this.#decode(code, type, sql, path, variable);
      } else {
        const field = this.#name('x');
        const { fields } = sql as SqlType & { kind: 'STRUCT' };
        const slot = slots[i]!;
        code.add(`let ${field} = null;`);
        if (slot < 0) this.#skip(code, type, path);
        else this.#decode(code, type, fields[slot]!.type, `${path}.${fields[slot]!.name}`, field);
        code.add(`${variable} = [${fields.map((_, at) => (at === slot ? field : 'null')).join(', ')}];`);
      }
      code.add('} break;');
    }
    code.add(`default: noBranch(p, end, ${this.#constant(path)}); }`);
  }

  /** The function that reads the record as a STRUCT. */
  #struct(record: AvroRecord, sql: SqlType & { kind: 'STRUCT' }, path: string): string {
    const byPath = this.#structs.get(record) ?? new Map<string, string>();
    this.#structs.set(record, byPath);
    const known = byPath.get(path);
    if (known !== undefined) return known;
    const name = this.#name('g');
    byPath.set(path, name);
    const code = new Code();
    const matches = matchFields(
      sql.fields.map((field) => field.name),
      record.fields.map((field) => field.name),
    );
    const slotOf = new Map(matches.map((field, slot) => [field, slot]));
    for (const [i, { name: fieldName, type }] of record.fields.entries()) {
      const slot = slotOf.get(i);
      if (slot === undefined) this.#skip(code, type, `${path}.${fieldName}`);
      else this.#decode(code, type, sql.fields[slot]!.type, `${path}.${sql.fields[slot]!.name}`, `y${slot}`);
    }
    this.#functions.push(`
      function ${name}(b, p, end) {
        const level = 0;
        let u = 0${sql.fields.map((_, slot) => `, y${slot} = null`).join('')};
        ${code.text()}
        cursor.at = p;
        return [${sql.fields.map((_, slot) => `y${slot}`).join(', ')}];
      }`);
    return name;
  }

  /** The loops over the blocks of an array or map and the elements of each. */
  #blocks(code: Code, empty: boolean, element: () => void): void {
    const n = this.#name('n');
    code.add('for (;;) {', `let ${n} = count(b, p, end);`, 'p = cursor.at;', `if (${n} === 0) break;`);
    code.add(`if (${n} < 0) { ${n} = -${n}; size(b, p); p = cursor.at; }`);
    if (empty) code.add(`checkEmpty(${n});`);
    code.add(`for (; ${n} > 0; ${n}--) {`);
    element();
    code.add('if (p > end) truncated();', '} }');
  }

  /** Statements that pass a value. */
  #skip(code: Code, type: AvroType, path: string): void {
    switch (type.kind) {
      case 'null':
        break;
      case 'boolean':
        code.skip(1);
        break;
      case 'float':
        code.skip(4);
        break;
      case 'double':
        code.skip(8);
        break;
      case 'fixed':
        code.skip(type.size);
        break;
      case 'int':
      case 'enum':
        code.add('if (b[p++] > 127) p = skipVarint(b, p, 4);');
        break;
      case 'long':
        code.add('if (b[p++] > 127) p = skipVarint(b, p, 9);');
        break;
      case 'bytes':
      case 'string':
        code.add(SKIP_LENGTH);
        break;
      case 'array':
        this.#skipBlocks(code, isEmpty(type.items), () => this.#skip(code, type.items, `${path}[*]`));
        break;
      case 'map':
        this.#skipBlocks(code, false, () => {
          code.add(SKIP_LENGTH);
          this.#skip(code, type.values, `${path}.*`);
        });
        break;
      case 'union':
        this.#skipUnion(code, type, path);
        break;
      case 'record':
        if (!isEmpty(type)) code.add(`p = ${this.#skipFunction(type)}(b, p, end, level + 1);`);
    }
  }

  #skipUnion(code: Code, union: AvroUnion, path: string): void {
    code.add(READ_BRANCH, 'switch (u) {');
    for (const [i, branch] of union.branches.entries()) {
      code.add(`case ${2 * i}:`);
      this.#skip(code, branch, path);
      code.add('break;');
    }
    code.add(`default: noBranch(p, end, ${this.#constant(path)}); }`);
  }

  #skipBlocks(code: Code, empty: boolean, element: () => void): void {
    const n = this.#name('n');
    code.add('for (;;) {', `let ${n} = count(b, p, end);`, 'p = cursor.at;', `if (${n} === 0) break;`);
    code.add(`if (${n} < 0) { p = skipLong(b, p); continue; }`);
    if (!empty) {
      code.add(`for (; ${n} > 0; ${n}--) {`);
      element();
      code.add('if (p > end) truncated();', '}');
    }
    code.add('}');
  }

  /**
   * The function that passes a record inside another one, which takes a byte at least. A record may lead back to itself, and a few of them that
   * mention one another twice may stand for more than any bytes hold.
   */
  #skipFunction(record: AvroRecord): string {
    const known = this.#skips.get(record);
    if (known !== undefined) return known;
    const name = this.#name('s');
    this.#skips.set(record, name);
    const code = new Code();
    for (const field of record.fields) this.#skip(code, field.type, `.${field.name}`);
    this.#functions.push(`
      function ${name}(b, p, end, level) {
        let u = 0;
        if (level > ${LEVELS_MAX}) tooDeep();
        if (p >= end) truncated();
        ${code.text()}
        return p;
      }`);
    return name;
  }

  /** A function that refuses a value. */
  #throws(message: string, path = ''): string {
    return this.#constant(() => {
      throw new ValueProblem(message).inside(path);
    });
  }
}

const SKIP_LENGTH = 'u = b[p++]; if (u < 128 && (u & 1) === 0) p += u >> 1; else p = skipLong(b, p - 1);';

/** The doubled indexes of the type and of null in a union of the two. */
function indexesOf(union: AvroUnion): [number, number] {
  return union.branches[0]!.kind === 'null' ? [2, 0] : [0, 2];
}

/** Whether both types have parts of the same kind. */
function partsFit(type: AvroType, sql: SqlType): boolean {
  switch (sql.kind) {
    case 'ARRAY':
      return type.kind === 'array';
    case 'MAP':
      return type.kind === 'map' || (type.kind === 'array' && type.items.kind === 'record' && isEntry(type.items));
    case 'STRUCT':
      return type.kind === 'record';
    default:
      return false;
  }
}

/**
 * For a STRUCT with a field for each branch, as Connect reads unions of several types: the field of each branch, or -1. Null when the STRUCT or the
 * union is no such one.
 */
export function branchFields(union: AvroUnion, sql: SqlType): number[] | null {
  if (sql.kind !== 'STRUCT' || optionalOf(union) !== null) return null;
  const names = union.branches.map(branchName);
  const matches = matchFields(
    sql.fields.map((field) => field.name),
    names,
  );
  const fit = matches.every((at, i) => {
    const [branch, { type }] = [union.branches[at], sql.fields[i]!];
    return branch !== undefined && (partsFit(branch, type) || leafReading(branch, type) !== null);
  });
  if (!fit) return null;
  return names.map((_, i) => matches.indexOf(i));
}
