import type { SourceEntry } from '../../catalog/catalog.js';
import { StatementError } from '../../model/errors.js';
import { type Column, keyColumns } from '../../model/schema.js';
import { NO_SPAN } from '../../model/source-span.js';
import { formatType, sameType } from '../../model/sql-type.js';
import { DAY_MS, UNIT_MS } from '../../model/time.js';
import type { Duration, Expression, Relation as FromRelation, JoinType, Within } from '../../parser/ast.js';
import type { BoundExpression } from '../expression.js';
import { type JoinForm, type JoinNode, keyWindowOf, type LogicalPlan, resultKind } from '../logical/logical-plan.js';
import type { JoinColumn } from '../physical/physical-plan.js';
import type { PlanningContext } from '../planning-context.js';
import { bindExpression } from './bind-expression.js';
import { bindingIn } from './binding.js';
import { expressionText } from './expression-text.js';
import {
  identifier,
  qualify,
  type Relation,
  type RelationKey,
  type RelationSource,
  relationKey,
  scanRelation,
  scopeOf,
  sourcesIn,
  unknownSource,
} from './relation.js';
import { checkKeyTypes } from './source-definition.js';

const JOIN_NAMES: Readonly<Record<JoinType, string>> = {
  INNER: '[INNER] JOIN',
  LEFT: 'LEFT [OUTER] JOIN',
  RIGHT: 'RIGHT [OUTER] JOIN',
  FULL: '[FULL] OUTER JOIN',
};

const DEFAULT_JOIN_GRACE_MS = DAY_MS;

export function durationMs(duration: Duration): number {
  return Number(duration.amount) * UNIT_MS[duration.unit];
}

/** The relation of a FROM clause: sources looked up, joins checked and laid out left-deep. */
export function relationOf(from: FromRelation, context: PlanningContext): Relation {
  if (from.kind === 'table') return singleSource(from, context);
  checkSelfJoins(from, context);
  checkCriteria(from, context);
  return joinRelation(from, context);
}

/** Every ON is well-formed before the kinds of join are looked at. Returns the sources of the tree. */
function checkCriteria(from: FromRelation, context: PlanningContext): readonly RelationSource[] {
  if (from.kind === 'table') return singleSource(from, context).sources;
  const sources = [...checkCriteria(from.left, context), ...singleSource(from.right, context).sources];
  readCriterion(from, sources);
  return sources;
}

function singleSource(from: FromRelation & { kind: 'table' }, context: PlanningContext): Relation {
  const entry = context.catalog.source(from.name.name);
  if (entry === null) throw unknownSource(from.name, context);
  return scanRelation(entry, from.alias?.name ?? from.name.name);
}

function checkSelfJoins(from: FromRelation & { kind: 'join' }, context: PlanningContext): void {
  const tables: (FromRelation & { kind: 'table' })[] = [];
  for (let r: FromRelation = from; ; r = r.left) {
    if (r.kind === 'table') {
      tables.unshift(r);
      break;
    }
    tables.unshift(r.right);
  }
  for (const table of tables)
    if (context.catalog.source(table.name.name) === null) throw unknownSource(table.name, context);
  const names = tables.map((t) => t.name.name);
  const repeated = names.find((name, i) => names.indexOf(name) !== i);
  if (repeated === undefined) return;
  throw new StatementError(
    tables.length === 2
      ? `Can not join '${repeated}' to '${repeated}': self joins are not yet supported.`
      : `N-way joins do not support multiple occurrences of the same source. Source: '${repeated}'`,
    { code: 'self-join', span: from.span },
  );
}

/** The two sides of an ON criterion, the side of the new source on the right. */
interface Criterion {
  readonly left: Expression;
  readonly right: Expression;
  /** As written, qualified: `L.A = R.B`. */
  readonly text: string;
}

function joinRelation(from: FromRelation & { kind: 'join' }, context: PlanningContext): Relation {
  const left = from.left.kind === 'table' ? singleSource(from.left, context) : joinRelation(from.left, context);
  const right = singleSource(from.right, context);
  const criterion = readCriterion(from, [...left.sources, ...right.sources]);
  const form = joinForm(from, left, right, criterion);
  checkWindows(left, right);

  const leftKey = bind(criterion.left, left, context);
  const rightKey = bind(criterion.right, right, context);
  checkKeyTypes({ columns: [{ name: joinedName(criterion.left), type: leftKey.type, role: 'key' }] });
  if (!sameType(leftKey.type, rightKey.type)) {
    const side = (e: Expression, b: BoundExpression): string => `${expressionText(e)}{${formatType(b.type)}}`;
    throw new StatementError(
      `Invalid join condition: types don't match. Got ${side(criterion.left, leftKey)} = ${side(criterion.right, rightKey)}.`,
      { code: 'join-type-mismatch', span: from.on.span },
    );
  }

  const foreign = form === 'foreign-key';
  const leftPlan = foreign ? left.plan : keyedBy(left, leftKey, criterion.left);
  const rightPlan = foreign ? right.plan : keyedBy(right, rightKey, criterion.right);
  checkPartitions(form, left, leftPlan, right, rightPlan, context);

  const keys = foreign
    ? left.keys.map((key): RelationKey => ({ ...key, origin: 'foreignKeyJoin' }))
    : [joinKey(from.type, criterion, left, right)];
  const layout = layOut(left, leftPlan, right, rightPlan, foreign, keys, leftKey);
  const plan: JoinNode = {
    kind: 'join',
    form,
    join: from.type,
    left: leftPlan,
    right: rightPlan,
    schema: { columns: layout.schema },
    columns: layout.columns,
    within: form === 'stream-stream' ? withinOf(from.within!) : null,
    foreignKey: foreign ? leftKey : null,
  };
  return { plan, sources: layout.sources, keys };
}

function readCriterion(from: FromRelation & { kind: 'join' }, sources: readonly RelationSource[]): Criterion {
  const on = qualify(from.on, scopeOf({ sources }), 'JOIN ON');
  const refuse = (message: string): StatementError =>
    new StatementError(message, { code: 'invalid-join', span: from.on.span });
  if (on.kind === 'logical') {
    throw refuse(
      `Invalid join condition: joins on multiple conditions are not yet supported. Got ${expressionText(on)}.`,
    );
  }
  if (on.kind !== 'comparison') throw refuse(`Unsupported join expression: ${expressionText(on)}`);
  if (on.operator !== '=') throw refuse('Only equality join criteria is supported.');
  for (const side of [on.left, on.right]) {
    if (sourcesIn(side).size !== 1) {
      throw refuse(
        `Invalid comparison expression '${expressionText(side)}' in join '${expressionText(on)}'. ` +
          'Each side of the join comparision must contain references from exactly one source.',
      );
    }
  }
  const [leftSource] = sourcesIn(on.left);
  const [rightSource] = sourcesIn(on.right);
  if (leftSource === rightSource) {
    throw refuse(
      `Each side of the join must reference exactly one source and not the same source. Left side references \`${leftSource}\` and right references \`${rightSource}\``,
    );
  }
  const added = sources.at(-1)!.alias;
  if (leftSource !== added && rightSource !== added) {
    throw refuse(
      `A join criteria is expected to reference the source (\`${added}\`) in the FROM clause, instead the right source references \`${rightSource}\` and the left source references \`${leftSource}\``,
    );
  }
  const text = `${expressionText(on.left)} = ${expressionText(on.right)}`;
  return rightSource === added ? { left: on.left, right: on.right, text } : { left: on.right, right: on.left, text };
}

function joinForm(
  from: FromRelation & { kind: 'join' },
  left: Relation,
  right: Relation,
  criterion: Criterion,
): JoinForm {
  const refuse = (message: string): StatementError =>
    new StatementError(message, { code: 'invalid-join', span: from.span });
  const leftKind = resultKind(left.plan);
  const rightKind = resultKind(right.plan);
  const shown = `${left.sources[0]!.entry.name} ${JOIN_NAMES[from.type]} ${right.sources[0]!.entry.name}`;

  if (leftKind === 'STREAM' && rightKind === 'STREAM') {
    if (from.within === null) {
      throw refuse(
        'Stream-Stream joins must have a WITHIN clause specified. None was provided. To learn about how to specify a WITHIN clause with a stream-stream join, please visit: https://docs.confluent.io/current/ksql/docs/syntax-reference.html#create-stream-as-select',
      );
    }
    return 'stream-stream';
  }
  const kinds = leftKind === 'STREAM' ? 'Stream-Table' : rightKind === 'STREAM' ? 'Table-Stream' : 'Table-Table';
  if (leftKind === 'TABLE' && rightKind === 'STREAM') {
    throw refuse(`Invalid join order: table-stream joins are not supported; only stream-table joins. Got ${shown}.`);
  }
  if (from.within !== null) {
    throw refuse(
      `A window definition was provided for a ${kinds} join. These joins are not windowed. Please drop the window definition (ie. the WITHIN clause) and try to execute your join again.`,
    );
  }
  if (leftKind === 'STREAM') {
    if (from.type === 'FULL') {
      throw refuse(`Invalid join type: full-outer join not supported for stream-table join. Got ${shown}.`);
    }
    if (from.type === 'RIGHT') throw refuse(`Invalid join type encountered: ${JOIN_NAMES.RIGHT}`);
    if (!isPrimaryKey(criterion.right, right)) {
      throw refuse(
        `Invalid join condition: stream-table joins require to join on the table's primary key. Got ${criterion.text}.`,
      );
    }
    return 'stream-table';
  }

  if (!isPrimaryKey(criterion.right, right)) {
    throw refuse(
      `Invalid join condition: table-table joins require to join on the primary key of the right input table. Got ${criterion.text}.`,
    );
  }
  if (isPrimaryKey(criterion.left, left)) return 'table-table';
  if (left.sources.length > 1) {
    throw refuse(
      `Invalid join condition: foreign-key table-table joins are not supported as part of n-way joins. Got ${criterion.text}.`,
    );
  }
  if (keyWindowOf(left.plan) !== null || keyWindowOf(right.plan) !== null) {
    throw refuse('Foreign-key table-table joins are not supported on windowed tables.');
  }
  if (from.type === 'RIGHT') throw refuse('Invalid join type: RIGHT OUTER JOIN on a foreign key is not supported');
  if (from.type === 'FULL') {
    throw refuse(`Invalid join type: full-outer join not supported for foreign-key table-table join. Got ${shown}.`);
  }
  return 'foreign-key';
}

/** What a join key is called among the columns of the join. */
function joinedName(expression: Expression): string {
  return expression.kind === 'column' && expression.source !== null
    ? `${expression.source.name}_${expression.name.name}`
    : 'ROWKEY';
}

/** Whether the expression is the relation's one key column. */
function isPrimaryKey(expression: Expression, relation: Relation): boolean {
  if (relation.keys.length !== 1) return false;
  const text = expressionText(expression);
  return relation.keys[0]!.equivalents.some((e) => expressionText(e) === text);
}

/** The side under the join key: as it is when that is its key already, else with a new key. */
function keyedBy(relation: Relation, key: BoundExpression, expression: Expression): LogicalPlan {
  if (isPrimaryKey(expression, relation)) return relation.plan;
  if (keyWindowOf(relation.plan) !== null) {
    throw new StatementError(
      'Implicit repartitioning of windowed sources is not supported. See https://github.com/confluentinc/ksql/issues/4385.',
      { code: 'windowed-rekey' },
    );
  }
  const keyName = expression.kind === 'column' ? expression.name.name : 'KSQL_COL_0';
  const columns = relation.plan.schema.columns;
  return {
    kind: 'rekey',
    input: relation.plan,
    purpose: 'join',
    keys: [key],
    carried: columns.map((_, i) => i),
    schema: {
      columns: [
        { name: keyName, type: key.type, role: 'key' },
        ...columns.map((c): Column => ({ ...c, role: 'value' })),
      ],
    },
  };
}

/** Where each column of the joined row comes from: the key, then every source's columns side by side. */
function layOut(
  left: Relation,
  leftPlan: LogicalPlan,
  right: Relation,
  rightPlan: LogicalPlan,
  foreign: boolean,
  keys: readonly RelationKey[],
  leftKey: BoundExpression,
): { schema: Column[]; columns: JoinColumn[]; sources: RelationSource[] } {
  const schema: Column[] = [];
  const columns: JoinColumn[] = [];
  const sources: RelationSource[] = [];
  if (foreign) {
    keyColumns(left.plan.schema).forEach((column, i) => {
      schema.push(column);
      columns.push({ from: 'left', index: i });
    });
  } else {
    const preferred = keys[0]!.expressions[0]!;
    const name = preferred.kind === 'column' ? preferred.name.name : 'ROWKEY';
    schema.push({ name, type: leftKey.type, role: 'key' });
    columns.push({ from: 'key', index: 0 });
  }
  const addSide = (relation: Relation, plan: LogicalPlan, from: 'left' | 'right'): void => {
    const shift = plan === relation.plan ? 0 : 1;
    for (const source of relation.sources) {
      sources.push({ ...source, firstIndex: columns.length });
      source.schema.columns.forEach((column, i) => {
        schema.push({ name: `${source.alias}_${column.name}`, type: column.type, role: 'value' });
        columns.push({ from, index: source.firstIndex + i + shift });
      });
    }
  };
  addSide(left, leftPlan, 'left');
  addSide(right, rightPlan, 'right');
  return { schema, columns, sources };
}

/** Which expressions stand for the result's key; a synthetic one where no column of a source is always it. */
function joinKey(type: JoinType, criterion: Criterion, left: Relation, right: Relation): RelationKey {
  const isColumn = (e: Expression): boolean => e.kind === 'column';
  const inherited = isPrimaryKey(criterion.left, left) ? left.keys[0]! : relationKey([criterion.left], 'join');
  const viable = [...inherited.expressions, criterion.right].filter(isColumn);
  if (type === 'FULL' || viable.length === 0) {
    return relationKey([syntheticColumn(syntheticName([...left.sources, ...right.sources]))], 'syntheticJoin');
  }
  return { expressions: viable, equivalents: [...inherited.equivalents, criterion.right], origin: 'join' };
}

function syntheticColumn(name: string): Expression {
  return { kind: 'column', source: null, name: identifier(name), span: NO_SPAN };
}

function syntheticName(sources: readonly RelationSource[]): string {
  const taken = new Set(sources.flatMap((s) => s.schema.columns.map((c) => c.name)));
  let name = 'ROWKEY';
  for (let i = 1; taken.has(name); i++) name = `ROWKEY_${i}`;
  return name;
}

function withinOf(within: Within): NonNullable<JoinNode['within']> {
  return {
    beforeMs: durationMs(within.before),
    afterMs: durationMs(within.after),
    graceMs: within.grace === null ? DEFAULT_JOIN_GRACE_MS : durationMs(within.grace),
    graceGiven: within.grace !== null,
  };
}

function checkWindows(left: Relation, right: Relation): void {
  const l = keyWindowOf(left.plan);
  const r = keyWindowOf(right.plan);
  const leftName = left.sources[0]!.entry.name;
  const rightName = right.sources[0]!.entry.name;
  if ((l === null) !== (r === null)) {
    const shown = (name: string, w: typeof l): string =>
      w === null ? `\`${name}\` is not windowed` : `\`${name}\` is ${w.kind} windowed`;
    throw new StatementError(
      `Can not join windowed source to non-windowed source.\n${shown(leftName, l)}\n${shown(rightName, r)}`,
      { code: 'invalid-join' },
    );
  }
  if (l !== null && r !== null && (l.kind === 'SESSION') !== (r.kind === 'SESSION')) {
    throw new StatementError(
      `Incompatible windowed sources.\nLeft source: ${l.kind}\nRight source: ${r.kind}\n` +
        'Session windowed sources can only be joined to other session windowed sources, and may still not result in expected behaviour as session bounds must be an exact match for the join to work\n' +
        'Hopping and tumbling windowed sources can only be joined to other hopping and tumbling windowed sources',
      { code: 'invalid-join' },
    );
  }
}

function checkPartitions(
  form: JoinForm,
  left: Relation,
  leftPlan: LogicalPlan,
  right: Relation,
  rightPlan: LogicalPlan,
  context: PlanningContext,
): void {
  if (form === 'foreign-key' || leftPlan !== left.plan || rightPlan !== right.plan) return;
  const count = (entry: SourceEntry): number | null => context.topic(entry.topic)?.partitions ?? null;
  const l = left.sources[0]!.entry;
  const r = right.sources[0]!.entry;
  const lCount = count(l);
  const rCount = count(r);
  if (lCount === null || rCount === null || lCount === rCount) return;
  throw new StatementError(
    `Can't join \`${l.name}\` with \`${r.name}\` since the number of partitions don't match. ` +
      `\`${l.name}\` partitions = ${lCount}; \`${r.name}\` partitions = ${rCount}. ` +
      'Please repartition either one so that the number of partitions match.',
    { code: 'partition-mismatch' },
  );
}

function bind(expression: Expression, relation: Relation, context: PlanningContext): BoundExpression {
  return bindExpression(expression, bindingIn(scopeOf(relation), 'JOIN ON', context));
}
