import type { SourceEntry } from '../../catalog/catalog.js';
import { StatementError } from '../../model/errors.js';
import { keyColumns } from '../../model/schema.js';
import { BIGINT } from '../../model/sql-type.js';
import type { CreateAsSelect, Query } from '../../parser/ast.js';
import { checkKeyTypes, timestampOf } from '../analysis/source-definition.js';
import { formatsOfSink } from '../analysis/source-formats.js';
import { WithProperties } from '../analysis/with-properties.js';
import { buildLogicalPlan } from '../logical/build-logical-plan.js';
import { keyWindowOf, type LogicalPlan, resultKind } from '../logical/logical-plan.js';
import { pruneColumns } from '../logical/rewrites/prune-columns.js';
import { buildPhysicalPlan, checkIntermediates, timestampColumn } from '../physical/build-physical-plan.js';
import { defaultKeyFormat, type PlanningContext, serviceId } from '../planning-context.js';
import type { StatementPlan } from '../statement-plan.js';
import { capturedSettings } from './captured-settings.js';
import { checkUpgrade, meetExisting } from './existing-source.js';
import { checkQueryUpgrade } from './query-upgrade.js';
import { topicOfSink } from './topic-request.js';

export function planCreateAsSelect(statement: CreateAsSelect, text: string, context: PlanningContext): StatementPlan {
  const name = statement.name.name;
  const kind = statement.sourceKind;
  const { unchanged, replaced } = meetExisting(
    { name, kind, ifNotExists: statement.ifNotExists, orReplace: statement.orReplace },
    context,
  );
  if (unchanged !== null) return unchanged;
  const { query } = statement;
  if (query.limit !== null) {
    throw new StatementError(`CREATE ${kind} AS SELECT statements don't support LIMIT clause.`, {
      code: 'limit-in-create',
      span: statement.span,
    });
  }
  const properties = WithProperties.read(statement.properties, 'createAs');
  checkTimestamp(properties, query);
  const logical = buildLogicalPlan(query, { kind: 'persistent', sink: name }, context);
  checkResultKind(kind, logical.plan);
  checkWindowedTables(logical.relation.sources.map((s) => s.entry));
  const plan = pruneColumns(logical.plan);
  const leftmost = logical.relation.sources[0]!.entry;
  checkKeyTypes(plan.schema);
  checkIntermediates(plan);
  const topicName =
    properties.text('KAFKA_TOPIC') ?? `${context.setting('ksql.output.topic.name.prefix') ?? ''}${name}`;
  const formats = formatsOfSink(properties, name, topicName, leftmost, plan.schema, context);
  const timestamp = timestampOf(properties, plan.schema);
  const keyWindow = keyColumns(plan.schema).length === 0 ? null : keyWindowOf(plan);
  const writer = replaced === null ? null : replacedWriter(replaced, context);
  const id = writer?.id ?? `C${kind === 'STREAM' ? 'S' : 'T'}AS_${name.toUpperCase()}_${context.nextQueryNumber}`;
  const physical = buildPhysicalPlan(plan, {
    queryId: id,
    serviceId: serviceId(context),
    defaultKeyFormat: defaultKeyFormat(context),
    sink: {
      source: name,
      topic: topicName,
      keyFormat: formats.key,
      valueFormat: formats.value,
      keyWindow,
      timestamp: timestampColumn(timestamp, plan.schema),
    },
    output: null,
    limit: null,
    settings: capturedSettings(context),
    materialize: true,
  });
  const entry: SourceEntry = {
    kind,
    name,
    schema: plan.schema,
    topic: topicName,
    keyFormat: formats.key,
    valueFormat: formats.value,
    wrapSingleValue: formats.wrapSingleValue,
    keyWindow,
    timestamp,
    isReadOnly: false,
    createdBy: id,
    statementText: text,
  };
  if (replaced !== null) {
    checkUpgrade(replaced, entry);
    if (writer !== null) checkQueryUpgrade(JSON.parse(writer.plan), physical);
  }
  return {
    kind: 'createAsSelect',
    entry,
    topic: topicOfSink(topicName, kind, windowRetention(plan), properties, context.topic(leftmost.topic), context),
    query: {
      plan: physical,
      replaces: writer?.id ?? null,
      entry: {
        id,
        origin: 'CREATE_AS',
        statementText: text,
        sink: name,
        sinkTopic: topicName,
        sources: logical.relation.sources.map((s) => s.entry.name),
        plan: JSON.stringify(physical),
        paused: false,
      },
    },
  };
}

/** The column of the TIMESTAMP property must be listed, before anything else of the projection is judged. */
function checkTimestamp(properties: WithProperties, query: Query): void {
  const names = query.select.map((item) => {
    if (item.kind !== 'single') return null;
    const { expression } = item;
    if (item.alias !== null) return item.alias.name;
    return expression.kind === 'column'
      ? expression.name.name
      : expression.kind === 'dereference'
        ? expression.field.name
        : null;
  });
  if (names.includes(null)) return;
  timestampOf(
    properties,
    { columns: names.map((name) => ({ name: name!, type: BIGINT, role: 'value' })) },
    'name only',
  );
}

function replacedWriter(replaced: SourceEntry, context: PlanningContext): { id: string; plan: string } | null {
  const writers = context.catalog.writersOf(replaced.name);
  if (writers.length > 1) {
    throw new StatementError(
      `REPLACE for sink ${replaced.name} is not supported because there are multiple queries writing into it: [${writers.map((w) => w.id).join(', ')}]`,
      { code: 'not-upgradeable' },
    );
  }
  return writers[0] ?? null;
}

function checkResultKind(wanted: 'STREAM' | 'TABLE', plan: LogicalPlan): void {
  const got = resultKind(plan);
  if (got === wanted) return;
  throw new StatementError(
    `Invalid result type. Your SELECT query produces a ${got}. Please use CREATE ${got} AS SELECT statement instead.`,
    { code: 'wrong-result-kind' },
  );
}

/** A windowed table's topic may be read again under a declared window; the table itself may not feed a query. */
export function checkWindowedTables(sources: readonly SourceEntry[]): void {
  if (!sources.some((s) => s.kind === 'TABLE' && s.keyWindow !== null && s.createdBy !== null)) return;
  throw new StatementError('KSQL does not support persistent queries on windowed tables.', {
    code: 'windowed-table-source',
    hint: 'Declare a stream or table over its topic with WINDOW_TYPE and WINDOW_SIZE.',
  });
}

function windowRetention(plan: LogicalPlan): number | null {
  switch (plan.kind) {
    case 'aggregate':
      return plan.window?.retentionMs ?? windowRetention(plan.input);
    case 'scan':
      return plan.entry.keyWindow === null ? null : 0;
    case 'join':
      return windowRetention(plan.left);
    default:
      return windowRetention(plan.input);
  }
}
