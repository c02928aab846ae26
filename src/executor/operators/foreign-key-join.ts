import { StatementError } from '../../model/errors.js';
import type { RecordHeader, TableChange } from '../../model/record.js';
import { keyColumns } from '../../model/schema.js';
import { INTEGER } from '../../model/sql-type.js';
import { equalValues, type Row, type SqlValue } from '../../model/value.js';
import type { ForeignKeyJoinStep, StorePlan } from '../../planner/physical/physical-plan.js';
import type { KeyValueStore } from '../../state/state-store.js';
import { JoinedRow } from './joined-row.js';
import { type BeforeImage, SOME_ROW, type TableOutput, type TableRow, type TableView } from './operator.js';
import type { Evaluator, OperatorBuilder, StepFactory } from './operator-builder.js';

/**
 * Joins rows of the left table with the right row whose primary key an expression over them names. The result has the left
 * table's key. `subscriptions` remembers which left rows name a right key: foreign key, then left key.
 */
class ForeignKeyJoin implements TableView {
  readonly left: TableOutput = { change: (change) => this.#leftChange(change) };
  readonly right: TableOutput = { change: (change) => this.#rightChange(change) };
  readonly #step: ForeignKeyJoinStep;
  readonly #builder: OperatorBuilder;
  readonly #inner: boolean;
  readonly #columns: JoinedRow;
  readonly #foreignKey: Evaluator;
  readonly #foreignKeyAgain: Evaluator;
  readonly #subscriptions: KeyValueStore;
  readonly #output: TableOutput | null;
  #leftView: TableView | null = null;
  #rightView: TableView | null = null;
  readonly #lookupKey: Row = [null];
  readonly #subscription: Row = [];
  readonly #exactBefore: boolean;
  readonly #beforeRow: Row = [];
  readonly #afterRow: Row = [];
  readonly #joined: TableChange = { key: [], before: null, after: null, timestamp: 0, window: null, headers: [] };
  readonly #found: { row: Row; timestamp: number } = { row: [], timestamp: 0 };

  constructor(step: ForeignKeyJoinStep, builder: OperatorBuilder, output: TableOutput | null, before: BeforeImage) {
    this.#exactBefore = before === 'row';
    this.#step = step;
    this.#builder = builder;
    this.#inner = step.join === 'INNER';
    this.#columns = new JoinedRow(step.schema, step.columns);
    this.#foreignKey = builder.evaluator(step.foreignKey, step.id);
    this.#foreignKeyAgain = builder.evaluator(step.foreignKey, null);
    this.#subscriptions = builder.store(subscriptionsOf(step));
    this.#output = output;
  }

  connect(left: TableView, right: TableView): void {
    this.#leftView = left;
    this.#rightView = right;
  }

  lookup(key: Row): TableRow | null {
    const left = this.#leftView!.lookup(key, null);
    if (left === null) return null;
    const foreignKey = this.#foreignKeyAgain(left.row);
    return this.#view(key, left, foreignKey === null ? null : this.#rightView!.lookup([foreignKey], null));
  }

  shown(key: Row): TableRow | null {
    const left = this.#leftView!.shown(key, null);
    return left === null ? null : this.#view(key, left, this.#rightRow(this.#foreignKeyAgain(left.row)));
  }

  #view(key: Row, left: TableRow, right: TableRow | null): TableRow | null {
    if (right === null && this.#inner) return null;
    this.#columns.fill(this.#found.row, key, left.row, right === null ? null : right.row);
    this.#found.timestamp = right === null ? left.timestamp : Math.max(left.timestamp, right.timestamp);
    return this.#found;
  }

  #leftChange(change: TableChange): void {
    const { key, before, after, timestamp, headers } = change;
    if (before === null && after === null) return;
    const { type } = this.#step.foreignKey;
    const oldKey = before === null ? null : this.#foreignKeyAgain(before);
    const newKey = after === null ? null : this.#foreignKey(after);
    const moved = !equalValues(type, oldKey, newKey);
    if (oldKey !== null && (moved || after === null)) this.#subscriptions.delete(this.#subscribe(oldKey, key));
    if (newKey !== null && (moved || before === null)) {
      this.#subscriptions.set(this.#subscribe(newKey, key), [1], timestamp);
    }
    const shown = before === null ? null : this.#before(key, before, oldKey);
    const found = this.#rightRow(after === null ? oldKey : newKey);
    const time = found === null ? timestamp : Math.max(timestamp, found.timestamp);
    if (after === null) {
      // An inner join never showed a row that named nothing.
      if (oldKey !== null || !this.#inner) this.#emit(key, shown, null, time, headers);
    } else if (found !== null || !this.#inner) {
      this.#emit(key, shown, this.#join(this.#afterRow, key, after, found === null ? null : found.row), time, headers);
    } else if (oldKey !== null && moved) {
      // What the old foreign key may have matched is no more.
      this.#emit(key, shown, null, time, headers);
    } else if (newKey === null) {
      this.#builder.context.report('null-key', this.#step.id, 'the foreign key is null');
    }
  }

  #rightChange(change: TableChange): void {
    const { key, before, after, timestamp, headers } = change;
    // Subscriptions stay as they are while their left rows are looked up: only left changes write them.
    for (const subscription of this.#subscriptions.scanPrefix([key[0]!])) {
      const leftKey = subscription.key.slice(1);
      const left = this.#leftView!.shown(leftKey, null);
      if (left === null) continue;
      const wasShown = before !== null || !this.#inner;
      const shown = wasShown ? this.#image(leftKey, left.row, before) : null;
      const joined = after === null && this.#inner ? null : this.#join(this.#afterRow, leftKey, left.row, after);
      this.#emit(leftKey, shown, joined, Math.max(timestamp, left.timestamp), headers);
    }
  }

  /** The result row of a left row as it was; null when there was none. */
  #before(key: Row, left: Row, foreignKey: SqlValue): Row | null {
    const right = this.#rightRow(foreignKey);
    return right === null && this.#inner ? null : this.#image(key, left, right === null ? null : right.row);
  }

  #image(key: Row, left: Row, right: Row | null): Row {
    return this.#exactBefore ? this.#join(this.#beforeRow, key, left, right) : SOME_ROW;
  }

  #join(row: Row, key: Row, left: Row, right: Row | null): Row {
    return this.#columns.fill(row, key, left, right);
  }

  #rightRow(foreignKey: SqlValue): TableRow | null {
    if (foreignKey === null) return null;
    this.#lookupKey[0] = foreignKey;
    return this.#rightView!.shown(this.#lookupKey, null);
  }

  #subscribe(foreignKey: SqlValue, key: Row): Row {
    const subscription = this.#subscription;
    subscription[0] = foreignKey;
    for (let i = 0; i < key.length; i++) subscription[i + 1] = key[i]!;
    return subscription;
  }

  #emit(key: Row, before: Row | null, after: Row | null, timestamp: number, headers: readonly RecordHeader[]): void {
    if (this.#output === null) return;
    const joined = this.#joined;
    joined.key = key;
    joined.before = before;
    joined.after = after;
    joined.timestamp = timestamp;
    joined.headers = headers;
    this.#output.change(joined);
  }
}

/** The plan names the store; its columns are the foreign key and the left key. */
function subscriptionsOf(step: ForeignKeyJoinStep): StorePlan & { readonly kind: 'key-value' } {
  const leftKeys = keyColumns(step.left.schema);
  return {
    ...step.subscriptions,
    kind: 'key-value',
    key: [
      { name: 'FOREIGN_KEY', type: step.foreignKey.type },
      ...leftKeys.map(({ type }, i) => ({ name: `LEFT_KEY_${i}`, type })),
    ],
    value: [{ name: 'SUBSCRIBED', type: INTEGER }],
  };
}

export const foreignKeyJoin: StepFactory<ForeignKeyJoinStep> = {
  table(step, output, before: BeforeImage, builder) {
    if (builder.repartition === 'topic') {
      throw new StatementError('Foreign-key joins are not supported on sources with several partitions.', {
        code: 'unsupported-step',
        hint: 'Give both topics one partition.',
      });
    }
    const join = new ForeignKeyJoin(step, builder, output, before);
    const left = builder.table(step.left, output === null ? null : join.left, 'row');
    join.connect(
      left,
      builder.table(
        step.right,
        output === null ? null : join.right,
        before === 'row' || builder.context.caching ? 'row' : 'presence',
      ),
    );
    return join;
  },
};
