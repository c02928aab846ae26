import { RecordError, type RecordErrorReason } from '../../../model/errors.js';
import { keyColumns, type Schema, valueColumns } from '../../../model/schema.js';
import type { SqlValue } from '../../../model/value.js';
import { type BoundExpression, columnsOf } from '../../../planner/expression.js';
import type {
  PhysicalStep,
  RepartitionStep,
  SourceColumn,
  StreamFilterStep,
  StreamProjectStep,
  StreamRekeyStep,
  StreamSourceStep,
} from '../../../planner/physical/physical-plan.js';
import { ExpressionCode } from '../../expressions/compile.js';
import { eventTimeReader } from '../event-time.js';
import { formatOf } from '../formats.js';
import type { StreamOutput } from '../operator.js';
import type { OperatorBuilder, RecordSource } from '../operator-builder.js';
import { nullGroupMessage } from '../rekey.js';
import { SINK_ID, Sink } from '../sink.js';
import { allHeaders, eventTime, lastHeader, timestampConverter } from '../source-reader.js';
import { emitRecord, emitSink } from './terminals.js';

/** The steps that a generated function may hold beside its source. */
type FusedStep = StreamFilterStep | StreamProjectStep | StreamRekeyStep | RepartitionStep;

/**
 * Turns a chain of stateless steps above a stream source into one generated function: columns are decoded when something first needs
 * them, so that a record which a filter drops costs its scan and the columns of the filter.
 *
 * Null rows, which few streams have, go through the ordinary operators.
 * @returns false when the step is not the top of such a chain
 */
export function fuseStream(step: PhysicalStep, output: StreamOutput, builder: OperatorBuilder): boolean {
  const steps: FusedStep[] = [];
  let at = step;
  for (;;) {
    if (at.kind === 'streamFilter' || at.kind === 'streamProject' || at.kind === 'streamRekey') steps.push(at);
    else if (at.kind === 'repartition' && builder.repartition === 'direct' && !at.changes) steps.push(at);
    else break;
    at = at.input;
  }
  // A windowed key is framed; ordinary operators take it apart.
  if (at.kind !== 'streamSource' || at.keyWindow !== null) return false;
  const fused = new FusedStream(at, builder);
  for (const above of steps.reverse()) fused.add(above);
  builder.source(at.topic, fused.finish(output, builder.unfused(step, output)), eventTimeReader(at, builder));
  return true;
}

/** A value of the record in work: a variable that is declared when it is first needed. */
interface Slot {
  readonly name: string;
  /** Gives the JavaScript of the value and emits what that needs; null once the variable is declared. */
  define: (() => string) | null;
  /** Set while the value is a key column of the source: its index there. */
  readonly sourceKey: number | null;
}

/** The generator of one function. */
export class FusedStream {
  readonly code: ExpressionCode;
  readonly #source: StreamSourceStep;
  readonly #builder: OperatorBuilder;
  readonly #statements: string[] = [];
  /** The step in work, for reports of failed expressions. */
  readonly #place = { step: '' };
  readonly #placeName: string;
  readonly #contextName: string;
  #emittedPlace: string | null = null;
  /** Columns of the last added step. */
  #columns: Slot[];
  #schema: Schema;
  #serial = 0;
  readonly #readers = new Map<SourceColumn, () => string>();
  readonly #valuesName: string;

  constructor(source: StreamSourceStep, builder: OperatorBuilder) {
    this.#source = source;
    this.#builder = builder;
    this.code = new ExpressionCode(builder.expressions(() => this.#place.step));
    this.#placeName = this.code.constant(this.#place);
    this.#contextName = this.code.constant(builder.context);
    const decoders = this.#decoders();
    this.#valuesName = decoders.values;
    this.#schema = source.schema;
    this.#columns = source.columns.map((column) =>
      this.slot(this.#readers.get(column)!, column.from === 'key' ? column.index : null),
    );
    this.#emitTime(decoders.time);
  }

  add(step: FusedStep): void {
    switch (step.kind) {
      case 'streamFilter':
        for (const part of conjuncts(step.predicate)) {
          this.#enter(step.id, part);
          this.emit(`if (!${this.#predicate(part)}) return;`);
        }
        break;
      case 'streamProject':
        this.#columns = step.expressions.map((e, i) => this.#computed(e, step.id, step.schema.columns[i]!.name));
        break;
      case 'streamRekey':
        this.#rekey(step);
        break;
      case 'repartition':
        break;
    }
    this.#schema = step.schema;
  }

  /** The source that runs the generated function. */
  finish(output: StreamOutput, unfused: RecordSource): RecordSource {
    if (output instanceof Sink) emitSink(this, output, this.#source, this.#schema);
    else emitRecord(this, output, this.#schema);
    return this.#build(unfused);
  }

  /** Appends a statement. */
  emit(statement: string): void {
    this.#statements.push(statement);
  }

  /** A value that `define` computes; it may `emit` first. */
  slot(define: () => string, sourceKey: number | null = null): Slot {
    return { name: `v${this.#serial++}`, define, sourceKey };
  }

  /** The variable of a column of the last step, declared from here on. */
  column(index: number): string {
    return this.#declare(this.#columns[index]!);
  }

  /** Whether the key of the result is the key of the source, column by column. */
  keepsKey(): boolean {
    const keys = keyColumns(this.#schema).length;
    return (
      keys === keyColumns(this.#source.sourceSchema).length &&
      this.#columns.slice(0, keys).every((slot, i) => slot.sourceKey === i)
    );
  }

  get context(): string {
    return this.#contextName;
  }

  #declare(slot: Slot): string {
    const { define } = slot;
    if (define !== null) {
      slot.define = null;
      const value = define();
      this.emit(`const ${slot.name} = ${value};`);
    }
    return slot.name;
  }

  #predicate(e: BoundExpression): string {
    const columns = this.#columns;
    for (const index of columnsOf(e)) this.#declare(columns[index]!);
    return this.code.emitPredicate(e, (index) => columns[index]!.name);
  }

  #computed(e: BoundExpression, step: string, label: string): Slot {
    const columns = this.#columns;
    if (e.kind === 'column') return columns[e.index]!;
    return this.slot(() => {
      for (const index of columnsOf(e)) this.#declare(columns[index]!);
      this.#enter(step, e);
      return this.code.emitValue(e, (index) => columns[index]!.name, label);
    });
  }

  #rekey(step: StreamRekeyStep): void {
    const keys = step.keys.map((key) => this.#computed(key, step.id, ''));
    if (step.onNullKey === 'drop') {
      const names = keys.map((slot) => this.#declare(slot));
      const report = this.code.constant((index: number) =>
        this.#builder.context.report('null-key', step.id, nullGroupMessage(index)),
      );
      names.forEach((name, i) => this.emit(`if (${name} === null) { ${report}(${i}); return; }`));
    }
    this.#columns = [...keys, ...step.carried.map((index) => this.#columns[index]!)];
  }

  /** Failures from here on are those of this step. */
  #enter(step: string, e: BoundExpression): void {
    if (e.kind === 'column' || e.kind === 'literal' || this.#emittedPlace === step) return;
    this.#emittedPlace = step;
    this.emit(`${this.#placeName}.step = ${this.code.constant(step)};`);
  }

  #decoders(): { values: string; time: (() => string) | null } {
    const { keyFormat, valueFormat, sourceSchema, columns, timestamp } = this.#source;
    const keys = keyColumns(sourceSchema);
    const values = valueColumns(sourceSchema);
    const wanted = { key: indices(columns, 'key'), value: indices(columns, 'value') };
    let time: { readonly from: 'key' | 'value'; readonly index: number } | null = null;
    if (timestamp !== null) {
      const column = sourceSchema.columns[timestamp.column]!;
      time =
        column.role === 'key'
          ? { from: 'key', index: keys.indexOf(column) }
          : { from: 'value', index: values.indexOf(column) };
      if (!wanted[time.from].includes(time.index)) wanted[time.from].push(time.index);
    }
    const { schemas } = this.#builder;
    const keyReader = formatOf(keyFormat).deserializer(keyFormat, keys, wanted.key, 'key', schemas);
    const valueReader = formatOf(valueFormat).deserializer(valueFormat, values, wanted.value, 'value', schemas);

    const keyScan = this.slot(
      () => `cursor.keyStart >= 0 && ${this.code.constant(keyReader)}.scan(bytes, cursor.keyStart, cursor.keyEnd)`,
    );
    const scanKey = (): string => this.#declare(keyScan);
    const fields = new Map<string, Slot>();
    const field = (from: 'key' | 'value', index: number): Slot => {
      let slot = fields.get(`${from}${index}`);
      if (slot === undefined) {
        const read = (from === 'key' ? keyReader : valueReader).read[wanted[from].indexOf(index)]!;
        const name = this.code.constant(read);
        slot = this.slot(() => (from === 'key' ? `${scanKey()} ? ${name}() : null` : `${name}()`));
        fields.set(`${from}${index}`, slot);
      }
      return slot;
    };
    for (const column of columns) this.#readers.set(column, this.#reader(column, field));
    return {
      values: this.code.constant(valueReader),
      time: time === null ? null : () => this.#declare(field(time.from, time.index)),
    };
  }

  #reader(column: SourceColumn, field: (from: 'key' | 'value', index: number) => Slot): () => string {
    switch (column.from) {
      case 'key':
      case 'value':
        return () => this.#declare(field(column.from, column.index));
      case 'headers': {
        const { headerKey } = column;
        const read = this.code.constant(headerKey === null ? allHeaders : lastHeader);
        const more = headerKey === null ? '' : `, ${this.code.constant(headerKey)}`;
        return () => `${read}(cursor.headers()${more})`;
      }
      case 'rowtime':
        return () => 'timestamp';
      case 'rowpartition':
        return () => String(this.#builder.partition);
      case 'rowoffset':
        return () => 'cursor.offset';
      case 'windowstart':
      case 'windowend':
        return () => 'null';
    }
  }

  #emitTime(time: (() => string) | null): void {
    const report = (message: string): number => {
      this.#builder.context.report('timestamp', this.#source.id, message);
      return -1;
    };
    if (time === null) {
      const negative = this.code.constant(() => report('the timestamp of the record is negative'));
      this.emit(`const timestamp = cursor.timestamp; if (timestamp < 0) { ${negative}(); return; }`);
    } else {
      const { type, format } = this.#source.timestamp!;
      const convert = timestampConverter(type, format, this.#builder);
      const checked = this.code.constant((value: SqlValue) => eventTime(value, convert, report));
      this.emit(`const timestamp = ${checked}(${time()}); if (timestamp < 0) return;`);
    }
    this.emit(`if (timestamp > ${this.#contextName}.time) ${this.#contextName}.time = timestamp;`);
  }

  #build(unfused: RecordSource): RecordSource {
    const slow = this.code.constant(unfused);
    const failed = this.code.constant((error: unknown): void => this.#failed(error));
    const body = `(function () {
      function process(cursor) {
        const bytes = cursor.bytes;
        let begun = null;
        ${this.code.declarations()}
        try {
          if (cursor.valueStart < 0 || !${this.#valuesName}.scan(bytes, cursor.valueStart, cursor.valueEnd)) {
            ${slow}.process(cursor);
            return;
          }
          ${this.#statements.join('\n          ')}
        } catch (error) {
          if (begun !== null) begun.abandon();
          ${failed}(error);
        }
      }
      function run(input, until, max) {
        const cursor = input.cursor;
        let done = 0;
        while (done < max && cursor.timestamp <= until) {
          process(cursor);
          done++;
          if (!cursor.next()) {
            input.hasRecord = false;
            break;
          }
        }
        return done;
      }
      return { process, run };
    })()`;
    return this.code.build(body) as RecordSource;
  }

  #failed(error: unknown): void {
    if (!(error instanceof RecordError)) throw error;
    const inSink: readonly RecordErrorReason[] = ['serialization', 'timestamp'];
    const step = inSink.includes(error.reason) ? SINK_ID : this.#source.id;
    this.#builder.context.report(error.reason, step, error.message, error.target);
  }
}

/** The parts of a condition all of which must hold. */
function conjuncts(e: BoundExpression): BoundExpression[] {
  return e.kind === 'logical' && e.operator === 'AND' ? [...conjuncts(e.left), ...conjuncts(e.right)] : [e];
}

function indices(columns: readonly SourceColumn[], from: 'key' | 'value'): number[] {
  const found: number[] = [];
  for (const column of columns) if (column.from === from && !found.includes(column.index)) found.push(column.index);
  return found;
}
