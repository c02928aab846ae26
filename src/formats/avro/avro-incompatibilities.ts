import {
  type AvroEnum,
  type AvroField,
  type AvroFixed,
  type AvroNamed,
  type AvroRecord,
  type AvroType,
  describeAvro,
  shortName,
} from './avro-type.js';

/** Why data cannot be read, by the names of Avro's Java library. */
type Reason =
  | 'NAME_MISMATCH'
  | 'FIXED_SIZE_MISMATCH'
  | 'MISSING_ENUM_SYMBOLS'
  | 'READER_FIELD_MISSING_DEFAULT_VALUE'
  | 'TYPE_MISMATCH'
  | 'MISSING_UNION_BRANCH';

interface Problem {
  readonly reason: Reason;
  /** In the reader's schema, below the type that is compared: `/fields/0/type`. */
  readonly path: string;
  readonly text: string;
}

const PROBLEMS_MAX = 200;
const NONE: readonly Problem[] = [];

/**
 * Why data of the writer's schema cannot be read with the reader's, by Avro's schema resolution: `TYPE_MISMATCH at /fields/0/type: the reader has int, the
 * writer string`. Empty when it can.
 */
export function avroIncompatibilities(reader: AvroType, writer: AvroType): readonly string[] {
  return new Comparison()
    .compare(reader, writer)
    .map(({ reason, path, text }) => `${reason} at ${path === '' ? '/' : path}: ${text}`);
}

class Comparison {
  /** What is known of pairs of records; those that are being compared count as fitting. */
  readonly #records = new Map<AvroRecord, Map<AvroRecord, readonly Problem[]>>();

  compare(reader: AvroType, writer: AvroType): readonly Problem[] {
    if (writer.kind === 'union') {
      if (reader.kind !== 'union') return all(writer.branches, (branch) => this.compare(reader, branch));
      return all(writer.branches, (branch, i) => below(`/${i}`, this.#branch(reader.branches, branch)));
    }
    if (reader.kind === 'union') return this.#branch(reader.branches, writer);
    if (reader.kind === 'record' && writer.kind === 'record') return this.#recordPair(reader, writer);
    if (reader.kind === 'array' && writer.kind === 'array') {
      return below('/items', this.compare(reader.items, writer.items));
    }
    if (reader.kind === 'map' && writer.kind === 'map')
      return below('/values', this.compare(reader.values, writer.values));
    if (reader.kind === 'enum' && writer.kind === 'enum') return [...names(reader, writer), ...symbols(reader, writer)];
    if (reader.kind === 'fixed' && writer.kind === 'fixed') return [...names(reader, writer), ...sizes(reader, writer)];
    if (reader.kind === writer.kind || PROMOTIONS[reader.kind]?.includes(writer.kind) === true) return NONE;
    return problem('TYPE_MISMATCH', '', `the reader has ${describeAvro(reader)}, the writer ${describeAvro(writer)}`);
  }

  #branch(branches: readonly AvroType[], writer: AvroType): readonly Problem[] {
    if (branches.some((branch) => this.compare(branch, writer).length === 0)) return NONE;
    return problem('MISSING_UNION_BRANCH', '', `the union of the reader has no branch for ${describeAvro(writer)}`);
  }

  #recordPair(reader: AvroRecord, writer: AvroRecord): readonly Problem[] {
    const known = this.#records.get(reader) ?? new Map<AvroRecord, readonly Problem[]>();
    this.#records.set(reader, known);
    const found = known.get(writer);
    if (found !== undefined) return found;
    known.set(writer, NONE);
    const fields = new Map(writer.fields.map((field) => [field.name, field]));
    const problems = [
      ...names(reader, writer),
      ...all(reader.fields, (field, i) => below(`/fields/${i}`, this.#field(field, fields))),
    ];
    known.set(writer, problems);
    return problems;
  }

  #field(field: AvroField, others: ReadonlyMap<string, AvroField>): readonly Problem[] {
    const name = [field.name, ...field.aliases].find((candidate) => others.has(candidate));
    if (name !== undefined) return below('/type', this.compare(field.type, others.get(name)!.type));
    if (hasDefault(field)) return NONE;
    const text = `the field '${field.name}' has no default value and is missing in the writer's schema`;
    return problem('READER_FIELD_MISSING_DEFAULT_VALUE', '', text);
  }
}

/** What a reader's type reads besides itself. */
const PROMOTIONS: Readonly<Partial<Record<AvroType['kind'], readonly AvroType['kind'][]>>> = {
  long: ['int'],
  float: ['int', 'long'],
  double: ['int', 'long', 'float'],
  bytes: ['string'],
  string: ['bytes'],
};

/** Namespaces need not agree. */
function names(reader: AvroNamed, writer: AvroNamed): readonly Problem[] {
  if (shortName(reader.name) === shortName(writer.name) || reader.aliases.includes(writer.name)) return NONE;
  return problem('NAME_MISMATCH', '/name', `the reader has ${reader.name}, the writer ${writer.name}`);
}

function symbols(reader: AvroEnum, writer: AvroEnum): readonly Problem[] {
  if (reader.default !== undefined) return NONE;
  const own = new Set(reader.symbols);
  const missing = writer.symbols.filter((symbol) => !own.has(symbol));
  if (missing.length === 0) return NONE;
  return problem('MISSING_ENUM_SYMBOLS', '/symbols', `the reader lacks ${missing.join(', ')}`);
}

function sizes(reader: AvroFixed, writer: AvroFixed): readonly Problem[] {
  if (reader.size === writer.size) return NONE;
  return problem('FIXED_SIZE_MISMATCH', '/size', `the reader has ${reader.size} bytes, the writer ${writer.size}`);
}

/** The default of an enum also serves for a field that is missing. */
function hasDefault(field: AvroField): boolean {
  return field.default !== undefined || (field.type.kind === 'enum' && field.type.default !== undefined);
}

function problem(reason: Reason, path: string, text: string): readonly Problem[] {
  return [{ reason, path, text }];
}

function below(step: string, problems: readonly Problem[]): readonly Problem[] {
  return problems.length === 0 ? NONE : problems.map((found) => ({ ...found, path: step + found.path }));
}

function all<T>(items: readonly T[], compare: (item: T, index: number) => readonly Problem[]): readonly Problem[] {
  const problems: Problem[] = [];
  for (const [i, item] of items.entries()) {
    if (problems.length >= PROBLEMS_MAX) break;
    problems.push(...compare(item, i).slice(0, PROBLEMS_MAX));
  }
  return problems;
}
