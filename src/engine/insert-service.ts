import type { SourceEntry } from '../catalog/catalog.js';
import { evaluateConstant } from '../executor/expressions/compile.js';
import { expressionContext } from '../executor/lookup.js';
import { type FormatSpec, fullNameOf } from '../formats/format.js';
import { SCHEMA_FORMATS } from '../formats/index.js';
import { type RegisteredSchema, type SchemaText, subjectOf } from '../formats/schema-registry/schema-registry.js';
import type { EvaluationContext } from '../functions/define.js';
import type { FunctionRegistry } from '../functions/registry.js';
import { coerceValue } from '../model/coerce-value.js';
import { StatementError, SystemError } from '../model/errors.js';
import { type Column, keyColumns, valueColumns } from '../model/schema.js';
import { NO_SPAN } from '../model/source-span.js';
import { BIGINT, formatType, type SqlType, sameType } from '../model/sql-type.js';
import type { SqlValue } from '../model/value.js';
import { valueText } from '../model/value-text.js';
import type { BoundExpression } from '../planner/expression.js';
import { schemaOf } from '../planner/schema-registration.js';
import type { StatementPlan } from '../planner/statement-plan.js';
import { insertTarget } from '../planner/statements/insert-values.js';
import type { InsertTarget, Session } from './engine.js';
import type { EngineCore } from './engine-core.js';
import { InsertEncoder, type InsertRowValues } from './insert-encoder.js';
import { fromJson } from './json-value.js';

/** Appends rows to streams and tables: from INSERT ... VALUES, and as JSON objects. */
export class InsertService {
  readonly #core: EngineCore;
  /** By entry, which a replaced source has anew; an entry that is gone takes its encoder along. */
  readonly #encoders = new WeakMap<SourceEntry, InsertEncoder>();

  constructor(core: EngineCore) {
    this.#core = core;
  }

  /** @throws StatementError in ksqlDB's words when nothing can be inserted there */
  target(name: string, session: Session): SourceEntry {
    const named = { name, quoted: true, span: NO_SPAN };
    return insertTarget(named, this.#core.planningContext(session));
  }

  describe(entry: SourceEntry): InsertTarget {
    const columns = entry.schema.columns.filter((c) => c.role !== 'headers');
    return { name: entry.name, columns: columns.map((c) => ({ name: c.name, type: c.type, isKey: c.role === 'key' })) };
  }

  /** Runs a planned INSERT ... VALUES; resolves when the rows are durable. */
  async insertPlanned(plan: StatementPlan & { readonly kind: 'insertValues' }): Promise<void> {
    const { target } = plan;
    const rows = evaluateInsert(plan, this.#core.parts.functions, this.#evaluation());
    await this.append(target, rows);
  }

  /** @throws StatementError for the first row that does not fit; nothing is written then */
  async insertJson(entry: SourceEntry, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
    const now = this.#core.parts.clock.now();
    await this.append(
      entry,
      rows.map((row) => jsonRow(entry, row, now)),
    );
  }

  async append(entry: SourceEntry, rows: readonly InsertRowValues[]): Promise<void> {
    for (const { timestamp } of rows) {
      if (!(timestamp >= 0)) {
        throw new StatementError(
          `Failed to insert values into '${entry.name}'. Invalid timestamp: ${timestamp}. Timestamp should always be non-negative.`,
          { code: 'negative-timestamp' },
        );
      }
    }
    let encoder = this.#encoders.get(entry) ?? (await this.#open(entry));
    if (encoder === null) {
      await this.#core.parts.log.refresh();
      encoder = await this.#open(entry);
    }
    if (encoder === null) throw new SystemError(`the topic "${entry.topic}" does not exist`, { code: 'unknown-topic' });
    const batches = encoder.encode(rows);
    if (batches.length > 0) await this.#core.parts.thread.append(batches);
  }

  /** Null when its topic does not exist, as far as known. */
  async #open(entry: SourceEntry): Promise<InsertEncoder | null> {
    const topic = this.#core.parts.log.describeTopic(entry.topic);
    if (topic === null) return null;
    const { schema } = entry;
    const keyFormat = await this.#written(entry, entry.keyFormat, keyColumns(schema), 'key');
    const valueFormat = await this.#written(entry, entry.valueFormat, valueColumns(schema), 'value');
    const encoder = new InsertEncoder({ ...entry, keyFormat, valueFormat }, topic.partitions);
    this.#encoders.set(entry, encoder);
    return encoder;
  }

  /** The format with the schema that rows are written with: the one that the source names by its id, else the latest, registered if need be. */
  async #written(
    entry: SourceEntry,
    spec: FormatSpec,
    columns: readonly Column[],
    target: 'key' | 'value',
  ): Promise<FormatSpec> {
    const schema = schemaOf(spec, columns, target);
    if (schema === null || spec.schema !== undefined) return spec;
    const { schemas } = this.#core;
    const subject = subjectOf(entry.topic, target);
    const latest = (await schemas.registry.latest(subject))?.schema ?? null;
    if (latest !== null && sameContent(latest, schema, spec)) return { ...spec, schema: latest };
    if (target === 'key' && latest !== null) {
      throw new StatementError(
        `Cannot INSERT VALUES into data source \`${entry.name}\`. ksqlDB generated schema would overwrite existing key schema.\n` +
          `\tExisting Schema: ${latest.text}\n\tksqlDB Generated: ${schema.text}`,
        { code: 'key-schema-differs' },
      );
    }
    return { ...spec, schema: await schemas.registerOne(subject, schema) };
  }

  #evaluation(): { now: () => number; random: () => number } {
    return { now: () => this.#core.parts.clock.now(), random: this.#core.parts.random };
  }
}

/** Whether rows can be written with a schema that is there as well as with that of the columns. */
function sameContent(registered: RegisteredSchema, schema: SchemaText, spec: FormatSpec): boolean {
  if (registered.type !== schema.type) return false;
  const { contentOf } = SCHEMA_FORMATS[schema.type];
  const fullName = fullNameOf(spec);
  return sameType(contentOf(registered, fullName).type, contentOf(schema, fullName).type);
}

/**
 * The rows of a planned INSERT ... VALUES, each value in its column's type; the time of day where no ROWTIME is given.
 * @throws StatementError for a value that does not fit its column
 */
export function evaluateInsert(
  plan: StatementPlan & { readonly kind: 'insertValues' },
  functions: FunctionRegistry,
  evaluation: EvaluationContext,
): readonly InsertRowValues[] {
  const { target } = plan;
  const context = expressionContext({ functions, evaluation });
  const constant = (e: BoundExpression | null, type: SqlType, name: string): SqlValue => {
    if (e === null) return null;
    const value = evaluateConstant(e, context);
    const coerced = value === null ? null : coerceValue(value, e.type, type);
    if (coerced === undefined) throw misfit(target.name, name, type, e.type, value);
    return coerced;
  };
  return plan.rows.map((row) => ({
    values: target.schema.columns.map((column, i) => constant(row.values[i]!, column.type, column.name)),
    timestamp: Number(constant(row.rowtime, BIGINT, 'ROWTIME') ?? evaluation.now()),
  }));
}

const TEXT_FORMS: Partial<Readonly<Record<SqlType['kind'], string>>> = {
  TIMESTAMP: '. Timestamp format must be yyyy-mm-ddThh:mm:ss[.S]',
  TIME: '. Time format must be hh:mm:ss[.S]',
  DATE: '. Date format must be yyyy-mm-dd',
};

function misfit(target: string, column: string, type: SqlType, from: SqlType, value: SqlValue): StatementError {
  return new StatementError(
    `Failed to insert values into '${target}'. Expected type ${formatType(type)} for field \`${column}\` but got ${formatType(from)}(${valueText(from, value)})${TEXT_FORMS[type.kind] ?? ''}`,
    { code: 'insert-coercion' },
  );
}

/** A JSON object as values by column. Names in back-ticks or double quotes keep their case, others match in upper case. */
function jsonRow(entry: SourceEntry, row: Readonly<Record<string, unknown>>, now: number): InsertRowValues {
  const given = new Map<string, unknown>();
  for (const [written, value] of row instanceof Map ? row : Object.entries(row)) {
    const quoted = /^([`"])(.*)\1$/s.exec(written);
    if (quoted) given.set(quoted[2]!, value);
    else {
      const exact = entry.schema.columns.some((c) => c.name === written) && written !== written.toUpperCase();
      given.set(exact ? written : written.toUpperCase(), value);
    }
  }
  const values = entry.schema.columns.map((column): SqlValue => {
    if (column.role === 'headers') return null;
    if (column.role === 'key' && !given.has(column.name)) {
      throw new StatementError(`Key field must be specified: ${column.name}`, {
        code: 'missing-key',
        problem: 'engine',
      });
    }
    return fromJson(column.type, given.get(column.name));
  });
  const rowtime = given.get('ROWTIME');
  const hasColumn = entry.schema.columns.some((c) => c.name === 'ROWTIME');
  const timestamp = rowtime === undefined || rowtime === null || hasColumn ? now : Number(fromJson(BIGINT, rowtime));
  return { values, timestamp };
}
