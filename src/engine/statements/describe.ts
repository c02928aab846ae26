import { describeFunction as functionDescription } from '../../functions/describe.js';
import { StatementError } from '../../model/errors.js';
import type { DescribeFunction, DescribeSource, DescribeSources, Explain, Statement } from '../../parser/ast.js';
import { formatStatement } from '../../parser/format.js';
import { nearest } from '../../planner/analysis/scope.js';
import { explainPlan } from '../../planner/explain.js';
import { type PhysicalPlan, sourcesOf } from '../../planner/physical/physical-plan.js';
import { fieldInfo, queryDescription, queryStatuses, sourceDescription } from '../describe.js';
import type { Entity, QueryDescription } from '../entities.js';
import type { StatementContext } from './handler.js';

export async function describeSource(statement: DescribeSource, context: StatementContext): Promise<Entity> {
  const { core } = context;
  const entry = core.catalog.source(statement.name.name);
  if (entry === null) {
    const near = nearest(
      statement.name.name,
      core.catalog.sources().map((s) => s.name),
    );
    throw new StatementError(`Could not find STREAM/TABLE '${statement.name.name}' in the Metastore`, {
      code: 'unknown-source',
      span: statement.name.span,
      hint: near === null ? 'SHOW STREAMS and SHOW TABLES list what there is.' : `Did you mean ${near}?`,
    });
  }
  await core.parts.log.refresh();
  return {
    '@type': 'sourceDescription',
    statementText: context.text,
    warnings: [],
    sourceDescription: await sourceDescription(entry, statement.extended, core, await queryStatuses(core)),
  };
}

export async function describeSources(statement: DescribeSources, context: StatementContext): Promise<Entity> {
  const { core } = context;
  await core.parts.log.refresh();
  const statuses = await queryStatuses(core);
  const sources = core.catalog
    .sources()
    .filter((s) => s.kind === statement.sourceKind)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    '@type': 'source_descriptions',
    statementText: context.text,
    warnings: [],
    sourceDescriptions: await Promise.all(sources.map((s) => sourceDescription(s, statement.extended, core, statuses))),
  };
}

export function describeFunction(statement: DescribeFunction, context: StatementContext): Entity {
  const name = statement.name.name.toUpperCase();
  const registry = context.core.parts.functions;
  const definition = registry.find(name);
  if (definition === null) {
    const near = nearest(
      name,
      registry.all().map((f) => f.name),
    );
    throw new StatementError(`Can't find any functions with the name '${name}'`, {
      code: 'unknown-function',
      span: statement.name.span,
      hint: near === null ? 'SHOW FUNCTIONS lists them all.' : `Did you mean ${near}?`,
    });
  }
  const { author, version, path, type, signatures } = functionDescription(definition);
  return {
    '@type': 'describe_function',
    statementText: context.text,
    warnings: [],
    name: definition.name,
    description: definition.description,
    author,
    version,
    path,
    type,
    functions: signatures,
  };
}

export async function explain(statement: Explain, context: StatementContext): Promise<Entity> {
  const base = { '@type': 'queryDescription', statementText: context.text, warnings: [] } as const;
  if (statement.target.kind === 'statement') {
    await context.core.parts.log.refresh();
    return { ...base, queryDescription: await explainStatement(statement.target.statement, context) };
  }
  const id = statement.target.queryId.name;
  const { core } = context;
  const query = core.catalog.query(id) ?? core.catalog.query(id.toUpperCase());
  if (query === null) {
    throw new StatementError(`Query with id:${id} does not exist, use SHOW QUERIES to view the full set of queries.`, {
      code: 'unknown-query',
      span: statement.target.queryId.span,
    });
  }
  return { ...base, queryDescription: queryDescription(query, core, await queryStatuses(core)) };
}

async function explainStatement(statement: Statement, context: StatementContext): Promise<QueryDescription> {
  if (statement.kind !== 'select' && statement.kind !== 'createAsSelect' && statement.kind !== 'insertInto') {
    throw new StatementError('The provided statement does not run a ksql query', {
      code: 'not-a-query',
      span: statement.span,
    });
  }
  const text = formatStatement(statement);
  const plan = await context.core.plan(statement, text, context.session);
  const describe = (
    id: string,
    physical: PhysicalPlan | null,
    execution: string,
    sources: readonly string[],
    sinks: readonly string[],
    fields: QueryDescription['fields'],
  ): QueryDescription => ({
    id,
    statementText: text,
    windowType: physical?.sink?.keyWindow?.kind ?? null,
    fields,
    sources,
    sinks,
    topology: execution,
    executionPlan: execution,
    overriddenProperties: Object.fromEntries(context.session.properties),
    ksqlHostQueryStatus: {},
    queryType: sinks.length > 0 ? 'PERSISTENT' : plan.kind === 'pullQuery' ? 'PULL' : 'PUSH',
    queryErrors: [],
    tasksMetadata: [],
    consumerGroupId: '',
    state: null,
  });
  switch (plan.kind) {
    case 'createAsSelect':
    case 'insertInto': {
      const { entry, plan: physical } = plan.query;
      const fields = physical.schema.columns.map(fieldInfo);
      return describe(entry.id, physical, explainPlan(physical), entry.sources, [entry.sink], fields);
    }
    case 'pushQuery':
      return describe(
        plan.plan.queryId,
        plan.plan,
        explainPlan(plan.plan),
        namesOf(plan.plan),
        [],
        outputFields(plan.plan),
      );
    case 'pullQuery': {
      const pull = plan.plan;
      const fields = pull.schema.columns.map((c) => fieldInfo({ ...c }));
      if (pull.kind === 'stream') {
        return describe(
          pull.plan.queryId,
          pull.plan,
          `[ PULL ] from the beginning to the end offsets\n${explainPlan(pull.plan)}`,
          namesOf(pull.plan),
          [],
          fields,
        );
      }
      const text = `> [ PULL ] | source: ${pull.source} | access: ${pull.access.kind} | store: ${pull.queryId}/${pull.store.name}`;
      return describe('', null, text, [pull.source], [], fields);
    }
    default:
      throw new StatementError('The provided statement does not run a ksql query', { code: 'not-a-query' });
  }
}

/** The streams and tables that a plan reads, each once. */
function namesOf(plan: PhysicalPlan): readonly string[] {
  return [...new Set(sourcesOf(plan).map((step) => step.source))];
}

function outputFields(plan: PhysicalPlan): QueryDescription['fields'] {
  return plan.output!.map((column) => fieldInfo({ name: column.name, type: column.type, role: 'value' }));
}
