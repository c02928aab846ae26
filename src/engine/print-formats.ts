import type { SourceWindow } from '../catalog/catalog.js';
import type { SchemaFormat } from '../formats/format.js';
import { SCHEMA_FORMATS } from '../formats/index.js';
import { FRAME_BYTES, framedId } from '../formats/schema-registry/framing.js';
import type { RegisteredSchema, SchemaType, WriterSchemas } from '../formats/schema-registry/schema-registry.js';
import { formatDouble } from '../model/double-text.js';
import { RecordError, StatementError, SystemError } from '../model/errors.js';
import { JsonSyntaxError, parseJsonLossless } from '../model/json-text.js';
import type { Column } from '../model/schema.js';
import type { SqlType } from '../model/sql-type.js';
import { avroText, bareText, protobufText } from './print-text.js';
import type { SchemaDirectory } from './schema-directory.js';

/** What PRINT asks about the schemas that records were written with. */
export interface PrintSchemas extends WriterSchemas {
  /** Resolves when `find` knows the id. Rejects with a SystemError when the registry cannot be asked. */
  load(id: number): Promise<void>;
  /** The format of those schemas; null when there is none. */
  formatOf(type: SchemaType): SchemaFormat | null;
}

/** What a registry says, each id asked for once: one that could not be asked for counts as unknown. */
export function printSchemas(directory: Pick<SchemaDirectory, 'byId'>): PrintSchemas {
  const known = new Map<number, RegisteredSchema | null>();
  return {
    find: (id) => known.get(id),
    load: async (id) => {
      known.set(id, null);
      known.set(id, await directory.byId(id));
    },
    formatOf: (type) => SCHEMA_FORMATS[type],
  };
}

/** One thing that bytes may be. */
interface Guess {
  readonly name: string;
  /** Whether it needs the schema that the bytes name. */
  readonly framed: boolean;
  /** The bytes as text; null when they are something else. */
  text(bytes: Buffer): string | null;
}

/** Schemas that one PRINT asks for at most, for each half of the records. */
const LOADS_MAX = 1_000;
/** Window bounds of undeclared windows lie below the year 10000, in ms: texts and numbers that follow a key would lie beyond. */
const BOUND_MAX = 253_402_300_800_000;
const NO_DATA = '¯\\_(ツ)_/¯ - no data processed';
const NO_MATCH =
  'does not match any supported format. It may be a STRING with encoding other than UTF8, or some other format.';
const MIXED = 'MIXED';

/**
 * Narrows down what one half of a topic's records is written in: of all formats, those stay that decode every record seen so far. When none does, each
 * record is shown as the first that decodes it.
 */
export class FormatGuess {
  readonly #all: readonly Guess[];
  readonly #schemas: PrintSchemas;
  #left: readonly Guess[];
  #shown: string | null = null;
  #seen = false;
  /** Whether there was a record that no format decodes. */
  #unreadable = false;
  #loads = 0;

  /** @param declared the window that a stream or table over the topic declares for its key; others are guessed from the bytes */
  constructor(half: 'key' | 'value', declared: SourceWindow | null, schemas: PrintSchemas) {
    this.#schemas = schemas;
    const plain = [...registryGuesses(schemas), ...PLAIN.slice(0, 1), jsonSrGuess(schemas), ...PLAIN.slice(1)];
    this.#all = half === 'key' ? plain.flatMap((guess) => [...windowed(guess, declared), guess]) : plain;
    this.#left = this.#all;
  }

  /** The id of a schema that must be known before these bytes are seen; null when there is none. */
  needs(bytes: Buffer | null): number | null {
    const id = bytes === null ? null : framedId(bytes, 0, bytes.length);
    if (id === null || id < 1 || this.#schemas.find(id) !== undefined) return null;
    const matters = this.#left.length === 0 || this.#left.some((guess) => guess.framed);
    if (!matters || this.#loads === LOADS_MAX) return null;
    this.#loads++;
    return id;
  }

  see(bytes: Buffer | null): void {
    if (bytes === null) return;
    this.#seen = true;
    if (this.#left.length > 0) this.#left = this.#left.filter((guess) => guess.text(bytes) !== null);
    if (this.#left.length === 0 && !this.#unreadable) this.#unreadable = this.#first(bytes) === null;
  }

  /** The text of bytes that were seen. */
  text(bytes: Buffer | null): string {
    if (bytes === null) return '<null>';
    return this.#left[0]?.text(bytes) ?? this.#first(bytes) ?? `0x${bytes.toString('hex')}`;
  }

  /** What the records are in, once after each change. */
  headline(label: string): string | null {
    const words = this.#words();
    if (words === this.#shown) return null;
    this.#shown = words;
    return `${label} format: ${words}`;
  }

  #words(): string {
    if (!this.#seen) return NO_DATA;
    if (this.#left.length > 0) return this.#left.map(({ name }) => name).join(' or ');
    return this.#unreadable ? NO_MATCH : MIXED;
  }

  #first(bytes: Buffer): string | null {
    for (const guess of this.#all) {
      const text = guess.text(bytes);
      if (text !== null) return text;
    }
    return null;
  }
}

/** Loads a schema, if that can be done: without it, the bytes are shown as something else. */
export async function loadSchema(schemas: PrintSchemas, id: number): Promise<void> {
  try {
    await schemas.load(id);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
  }
}

const PLAIN: readonly Guess[] = [
  { name: 'JSON', framed: false, text: jsonText },
  { name: 'KAFKA_INT', framed: false, text: (b) => (b.length === 4 ? String(b.readInt32BE()) : null) },
  { name: 'KAFKA_BIGINT', framed: false, text: (b) => (b.length === 8 ? String(b.readBigInt64BE()) : null) },
  { name: 'KAFKA_DOUBLE', framed: false, text: (b) => (b.length === 8 ? formatDouble(b.readDoubleBE()) : null) },
  { name: 'KAFKA_STRING', framed: false, text: utf8Text },
];

/** Whether the bytes are JSON, as ksqlDB prints them: the text itself. */
function jsonText(bytes: Buffer): string | null {
  const text = utf8Text(bytes);
  if (text === null) return null;
  try {
    parseJsonLossless(text);
    return text;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return null;
    throw error;
  }
}

function utf8Text(bytes: Buffer): string | null {
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') && !Buffer.from(text, 'utf8').equals(bytes) ? null : text;
}

function jsonSrGuess(schemas: PrintSchemas): Guess {
  return {
    name: 'JSON_SR',
    framed: true,
    text: (bytes) => (writerSchema(schemas, bytes, 'JSON') === null ? null : jsonText(bytes.subarray(FRAME_BYTES))),
  };
}

function registryGuesses(schemas: PrintSchemas): readonly Guess[] {
  return (['AVRO', 'PROTOBUF'] as const).flatMap((type) => {
    const format = schemas.formatOf(type);
    return format === null ? [] : [registryGuess(type, format, schemas)];
  });
}

function registryGuess(type: 'AVRO' | 'PROTOBUF', format: SchemaFormat, schemas: PrintSchemas): Guess {
  const printers = new Map<number, (bytes: Buffer) => string | null>();
  return {
    name: type,
    framed: true,
    text(bytes) {
      const schema = writerSchema(schemas, bytes, type);
      if (schema === null) return null;
      let print = printers.get(schema.id);
      if (print === undefined) {
        print = printerOf(schema, format, schemas);
        printers.set(schema.id, print);
      }
      return print(bytes);
    },
  };
}

/** The schema of that type whose id the bytes begin with; null when there is none. */
function writerSchema(schemas: PrintSchemas, bytes: Buffer, type: SchemaType): RegisteredSchema | null {
  const id = framedId(bytes, 0, bytes.length);
  const schema = id === null ? null : (schemas.find(id) ?? null);
  return schema?.type === type ? schema : null;
}

/** Reads what a schema describes, all of it that SQL has types for, and prints it as its format does. */
function printerOf(
  schema: RegisteredSchema,
  format: SchemaFormat,
  schemas: PrintSchemas,
): (bytes: Buffer) => string | null {
  const content = readable(schema, format);
  if (content === null) return () => null;
  const wrapped = content.kind === 'STRUCT' ? content : null;
  const columns = (wrapped?.fields ?? [{ name: 'ROWVAL', type: content }]).map(
    (field): Column => ({ ...field, role: 'value' }),
  );
  const spec = { name: format.name, properties: {}, unwrapped: wrapped === null, schema };
  const deserializer = format.deserializer(spec, columns, [...columns.keys()], 'value', schemas);
  return (bytes) => {
    try {
      if (!deserializer.scan(bytes, 0, bytes.length)) return '<null>';
      const values = deserializer.read.map((read) => read());
      if (wrapped === null) return bareText(content, values[0]!);
      return schema.type === 'PROTOBUF' ? protobufText(wrapped, values) : avroText(wrapped, values);
    } catch (error) {
      if (error instanceof RecordError) return null;
      throw error;
    }
  };
}

/** The type that a schema describes; null when SQL has none for it. */
function readable(schema: RegisteredSchema, format: SchemaFormat): SqlType | null {
  try {
    return format.contentOf(schema, null).type;
  } catch (error) {
    if (error instanceof StatementError) return null;
    throw error;
  }
}

/** Keys of that format with the bounds of a window behind them. */
function windowed(inner: Guess, declared: SourceWindow | null): readonly Guess[] {
  const kinds = declared === null ? (['SESSION', 'HOPPING', 'TUMBLING'] as const) : [declared.kind];
  return kinds.map((kind) => ({
    name: `${kind}(${inner.name})`,
    framed: inner.framed,
    text(bytes) {
      const at = bytes.length - (kind === 'SESSION' ? 16 : 8);
      // Time windows have only their start in the bytes, sessions their end before it.
      if (at < 1) return null;
      const last = bytes.readBigInt64BE(at);
      const start = kind === 'SESSION' ? bytes.readBigInt64BE(at + 8) : last;
      const likely = start >= 0n && last >= start && last < BOUND_MAX;
      if (declared === null && !likely) return null;
      const key = inner.text(bytes.subarray(0, at));
      return key === null ? null : `[${key}@${start}/${kind === 'SESSION' ? last : '-'}]`;
    },
  }));
}
