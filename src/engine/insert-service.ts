import type { SourceEntry } from '../catalog/catalog.js';
import { evaluateConstant } from '../executor/expressions/compile.js';
import { expressionContext } from '../executor/lookup.js';
import type { EvaluationContext } from '../functions/define.js';
import type { FunctionRegistry } from '../functions/registry.js';
import { coerceValue } from '../model/coerce-value.js';
import { StatementError, SystemError } from '../model/errors.js';
import { NO_SPAN } from '../model/source-span.js';
import { BIGINT, formatType, type SqlType } from '../model/sql-type.js';
import type { SqlValue } from '../model/value.js';
import { valueText } from '../model/value-text.js';
import type { BoundExpression } from '../planner/expression.js';
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
    let encoder = this.#encoder(entry);
    if (encoder === null) {
      await this.#core.parts.log.refresh();
      encoder = this.#encoder(entry);
    }
    if (encoder === null) throw new SystemError(`the topic "${entry.topic}" does not exist`, { code: 'unknown-topic' });
    const batches = encoder.encode(rows);
    if (batches.length > 0) await this.#core.parts.thread.append(batches);
  }

  /** Null when its topic does not exist, as far as known. */
  #encoder(entry: SourceEntry): InsertEncoder | null {
    const known = this.#encoders.get(entry);
    if (known !== undefined) return known;
    const topic = this.#core.parts.log.describeTopic(entry.topic);
    if (topic === null) return null;
    const encoder = new InsertEncoder(entry, topic.partitions);
    this.#encoders.set(entry, encoder);
    return encoder;
  }

  #evaluation(): { now: () => number; random: () => number } {
    return { now: () => this.#core.parts.clock.now(), random: this.#core.parts.random };
  }
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
