import type { Column } from '../../model/schema.js';
import { formatType, type SqlType, type StructField } from '../../model/sql-type.js';
import type { Serializer } from '../format.js';
import { located, ValueProblem } from '../value-problem.js';
import { type AvroRecord, type AvroType, type AvroUnion, describeAvro } from './avro-type.js';
import { rootOf } from './columns-of-avro.js';
import { branchFields } from './compile-reader.js';
import { defaultBytes } from './default-bytes.js';
import { matchFields } from './match-fields.js';
import * as put from './put-bytes.js';
import { bestBranch, leafWriting, writeRank } from './write-leaf.js';

/** What is written as records of one schema. */
export interface WriterTarget {
  readonly columns: readonly Column[];
  readonly unwrapped: boolean;
  /** The record's name when the schema has several. */
  readonly fullName: string | null;
  /** The bytes that every record begins with. */
  readonly frame: Uint8Array;
  /** The error to throw for a ValueProblem. */
  failed(problem: unknown): unknown;
}

/**
 * Generates the code that writes columns as a record of the schema, or the only column as a bare value. A schema that does not fit gives a serializer
 * that refuses each record.
 * @throws StatementError when the schema lacks the record of that name
 */
export function compileAvroWriter(type: AvroType, target: WriterTarget): Serializer {
  return new WriterCompiler(target).compile(type);
}

/** The body of a function. In it `p` is where to write in `b`, and there is always room for `slack` bytes more. */
class Body {
  readonly #lines: string[] = [];
  #slack = 0;

  add(...lines: string[]): void {
    this.#lines.push(...lines);
  }

  /** Code that writes at most so many bytes, once for each time that room was made. */
  fixed(bytes: number, line: string): void {
    this.#slack += bytes;
    this.#lines.push(line);
  }

  /** Makes room for so many bytes besides the slack; `bytes` is an expression. */
  room(bytes: string): void {
    this.#lines.push(`if (p + ${bytes} + slack > b.length) b = grow(sink, p, ${bytes} + slack);`);
  }

  text(): string {
    return `const slack = ${this.#slack};
      let b = sink.bytes;
      if (p + slack > b.length) b = grow(sink, p, slack);
      ${this.#lines.join('\n')}`;
  }
}

/** Only numbers and names of our own go into the generated code; what a schema spells does so as a constant that is handed over. */
class WriterCompiler {
  readonly #target: WriterTarget;
  readonly #constants: unknown[] = [];
  readonly #functions: string[] = [];
  #names = 0;

  constructor(target: WriterTarget) {
    this.#target = target;
  }

  compile(type: AvroType): Serializer {
    const { columns, unwrapped, frame, failed } = this.#target;
    const body = new Body();
    body.fixed(frame.length, [...frame].map((byte) => `b[p++] = ${byte};`).join(' '));
    if (unwrapped) this.#value(body, type, columns[0]!.type, '', 'v0');
    else this.#root(body, type);
    const code = `
      'use strict';
      const { ${Object.keys(put).join(', ')} } = put;
      ${this.#constants.map((_, i) => `const k${i} = constants[${i}];`).join('\n')}
      ${this.#functions.join('\n')}
      return function write(${['sink', ...columns.map((_, i) => `v${i}`)].join(', ')}) {
        ${unwrapped ? 'if (v0 === null) return false;' : ''}
        const mark = sink.position;
        let p = mark;
        try {
          ${body.text()}
        } catch (problem) {
          sink.position = mark;
          throw failed(problem);
        }
        sink.position = p;
        return true;
      };`;
    return {
      write: new Function('put', 'constants', 'failed', code)(put, this.#constants, failed) as Serializer['write'],
    };
  }

  #constant(value: unknown): string {
    this.#constants.push(value);
    return `k${this.#constants.length - 1}`;
  }

  #name(letter: string): string {
    return `${letter}${this.#names++}_`;
  }

  #root(body: Body, type: AvroType): void {
    const { columns, fullName } = this.#target;
    const root = rootOf(type, fullName);
    if (root.kind !== 'record') {
      body.add(this.#refusal(`Cannot serialize columns as type ${describeAvro(root)}`, ''));
      return;
    }
    if (type.kind === 'union') this.#branch(body, type.branches.indexOf(root));
    this.#fields(
      body,
      root,
      columns,
      '',
      columns.map((_, i) => `v${i}`),
    );
  }

  #fields(
    body: Body,
    record: AvroRecord,
    fields: readonly StructField[],
    path: string,
    values: readonly string[],
  ): void {
    const matches = matchFields(
      fields.map((field) => field.name),
      record.fields.map((field) => field.name),
    );
    for (const [i, match] of matches.entries()) {
      if (match < 0) body.add(this.#refusal(`${record.name} has no such field`, `${path}.${fields[i]!.name}`));
    }
    for (const [i, { name, type, default: value }] of record.fields.entries()) {
      const place = `${path}.${name}`;
      const slot = matches.indexOf(i);
      const holdsNull = type.kind === 'union' || type.kind === 'null';
      const bytes = value === undefined || (slot >= 0 && holdsNull) ? null : defaultBytes(type, value);
      if (slot >= 0) {
        // As Connect does: a null that the field cannot hold is its default.
        const takesDefault = bytes !== null;
        if (takesDefault) {
          body.add(`if (${values[slot]!} === null) {`);
          this.#put(body, bytes);
          body.add('} else {');
        }
        this.#value(body, type, fields[slot]!.type, place, values[slot]!);
        if (takesDefault) body.add('}');
      } else if (bytes === null) {
        const lack =
          value === undefined ? 'has no default' : `has a default that is none of type ${describeAvro(type)}`;
        body.add(this.#refusal(`the field has no column and ${lack}`, place));
      } else {
        this.#put(body, bytes);
      }
    }
  }

  #put(body: Body, bytes: Buffer): void {
    if (bytes.length <= 8) {
      body.fixed(bytes.length, [...bytes].map((byte) => `b[p++] = ${byte};`).join(' '));
    } else {
      body.room(String(bytes.length));
      body.add(`p = putRaw(b, p, ${this.#constant(bytes)});`);
    }
  }

  /** Writes a value that may be null. */
  #value(body: Body, type: AvroType, sql: SqlType, path: string, value: string): void {
    if (type.kind === 'union') {
      this.#union(body, type, sql, path, value);
    } else if (type.kind === 'null') {
      body.add(`if (${value} !== null) ${this.#mismatch(type, sql, path)}`);
    } else {
      body.add(`if (${value} === null) ${this.#refusal(`Cannot serialize null as type ${describeAvro(type)}`, path)}`);
      this.#present(body, type, sql, path, value);
    }
  }

  #union(body: Body, union: AvroUnion, sql: SqlType, path: string, value: string): void {
    const nullAt = union.branches.findIndex((branch) => branch.kind === 'null');
    body.add(`if (${value} === null) {`);
    if (nullAt >= 0) this.#branch(body, nullAt);
    else body.add(this.#refusal(`Cannot serialize null as ${describeAvro(union)}`, path));
    body.add('} else {');
    const best = bestBranch(union, sql);
    const slots = branchFields(union, sql);
    if (slots !== null) {
      this.#branchOfStruct(body, union, sql as SqlType & { kind: 'STRUCT' }, slots, path, value);
    } else if (best >= 0) {
      this.#branch(body, best);
      this.#present(body, union.branches[best]!, sql, path, value);
    } else {
      body.add(this.#mismatch(union, sql, path));
    }
    body.add('}');
  }

  /** A STRUCT with a field for each branch: the first field that is not null says which one it is. */
  #branchOfStruct(
    body: Body,
    union: AvroUnion,
    sql: SqlType & { kind: 'STRUCT' },
    slots: readonly number[],
    path: string,
    value: string,
  ): void {
    for (const [i, branch] of union.branches.entries()) {
      const slot = slots[i]!;
      if (slot < 0) continue;
      body.add(`if (${value}[${slot}] !== null) {`);
      this.#branch(body, i);
      this.#value(body, branch, sql.fields[slot]!.type, `${path}.${sql.fields[slot]!.name}`, `${value}[${slot}]`);
      body.add('} else');
    }
    const nullAt = union.branches.findIndex((branch) => branch.kind === 'null');
    body.add('{');
    if (nullAt >= 0) this.#branch(body, nullAt);
    else body.add(this.#refusal(`Cannot serialize null as ${describeAvro(union)}`, path));
    body.add('}');
  }

  #branch(body: Body, index: number): void {
    if (index < 64) body.fixed(1, `b[p++] = ${index * 2};`);
    else body.fixed(5, `p = putInt(b, p, ${index});`);
  }

  /** Writes a value that is not null as a type that is no union. */
  #present(body: Body, type: AvroType, sql: SqlType, path: string, value: string): void {
    if (writeRank(type, sql) === null) {
      body.add(this.#mismatch(type, sql, path));
    } else if (sql.kind === 'BOOLEAN') {
      body.fixed(1, `b[p++] = ${value} ? 1 : 0;`);
    } else if (sql.kind === 'ARRAY' && type.kind === 'array') {
      this.#array(body, type.items, sql.element, path, value);
    } else if (sql.kind === 'MAP') {
      this.#map(body, type, sql, path, value);
    } else if (sql.kind === 'STRUCT' && type.kind === 'record') {
      body.add(`p = ${this.#struct(type, sql, path)}(sink, p, ${value});`, 'b = sink.bytes;');
      body.room('0');
    } else {
      this.#leaf(body, type, sql, path, value);
    }
  }

  #leaf(body: Body, type: AvroType, sql: SqlType, path: string, value: string): void {
    const { put: name, convert, bytes } = leafWriting(type, sql);
    const written = convert === null ? value : `${this.#constant(located(convert, path))}(${value})`;
    switch (name) {
      case 'putText':
        body.room(`${value}.length * 3 + ${bytes}`);
        body.add(`p = putText(sink, p, ${written});`);
        break;
      case 'putBytes':
        body.room(`${value}.length + ${bytes}`);
        body.add(`p = putBytes(b, p, ${written});`);
        break;
      case 'putFixedDecimal':
        body.room(String(bytes));
        body.add(`p = putFixedDecimal(b, p, ${written}, ${bytes});`);
        break;
      case 'putRaw':
      case 'putDecimal':
        body.room(String(bytes));
        body.add(`p = ${name}(b, p, ${written});`);
        break;
      default:
        body.fixed(bytes, `p = ${name}(b, p, ${written});`);
    }
  }

  #array(body: Body, items: AvroType, element: SqlType, path: string, value: string): void {
    const [i, item] = [this.#name('i'), this.#name('x')];
    body.fixed(6, `if (${value}.length > 0) p = putInt(b, p, ${value}.length);`);
    body.add(`for (let ${i} = 0; ${i} < ${value}.length; ${i}++) {`, `const ${item} = ${value}[${i}];`);
    body.room('0');
    this.#value(body, items, element, `${path}[*]`, item);
    body.add('}');
    body.room('0');
    body.add('b[p++] = 0;');
  }

  #map(body: Body, type: AvroType, sql: SqlType & { kind: 'MAP' }, path: string, value: string): void {
    const [key, item] = [this.#name('x'), this.#name('x')];
    body.fixed(6, `if (${value}.size > 0) p = putInt(b, p, ${value}.size);`);
    body.add(`for (const [${key}, ${item}] of ${value}) {`);
    body.room('0');
    if (type.kind === 'map') {
      body.add(`if (${key} === null) ${this.#refusal('Cannot serialize null as the key of a map', path)}`);
      body.room(`${key}.length * 3 + 5`);
      body.add(`p = putText(sink, p, ${key});`);
      this.#value(body, type.values, sql.value, `${path}.*`, item);
    } else {
      const { fields } = (type as AvroType & { kind: 'array' }).items as AvroRecord;
      for (const field of fields) {
        if (field.name === 'key') this.#value(body, field.type, sql.key, `${path}.key`, key);
        else this.#value(body, field.type, sql.value, `${path}.*`, item);
      }
    }
    body.add('}');
    body.room('0');
    body.add('b[p++] = 0;');
  }

  /** The function that writes a STRUCT as the record. */
  #struct(record: AvroRecord, sql: SqlType & { kind: 'STRUCT' }, path: string): string {
    const body = new Body();
    this.#fields(
      body,
      record,
      sql.fields,
      path,
      sql.fields.map((_, i) => `v[${i}]`),
    );
    const name = this.#name('w');
    this.#functions.push(`
      function ${name}(sink, p, v) {
        ${body.text()}
        return p;
      }`);
    return name;
  }

  #mismatch(type: AvroType, sql: SqlType, path: string): string {
    return this.#refusal(`Cannot serialize type ${formatType(sql)} as type ${describeAvro(type)}`, path);
  }

  /** A statement that refuses the record. */
  #refusal(message: string, path: string): string {
    const name = this.#constant(() => {
      throw new ValueProblem(message).inside(path);
    });
    return `${name}();`;
  }
}
