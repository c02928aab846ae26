import type { DeployOptions, ThreadChange } from '../../executor/thread/stream-thread.js';
import type { RegisteredSchema } from '../../formats/schema-registry/schema-registry.js';
import { StatementError } from '../../model/errors.js';
import { formatType } from '../../model/sql-type.js';
import type { InsertValues, Statement } from '../../parser/ast.js';
import { formatStatement } from '../../parser/format.js';
import type { PlannedStatement } from '../../planner/plan-statement.js';
import { type SchemaRequest, schemaRequests, withSchemas } from '../../planner/schema-registration.js';
import type { QueryDeployment, StatementPlan, TopicRequest } from '../../planner/statement-plan.js';
import type { EngineCore } from '../engine-core.js';
import { type Entity, withWarnings } from '../entities.js';
import { effectsOf } from '../plan-effects.js';
import type { StatementContext } from './handler.js';

type DefinitionPlan = Exclude<StatementPlan, { readonly kind: 'insertValues' | 'pushQuery' | 'pullQuery' }>;

/** INSERT ... VALUES: planned when the changes before it are done; rows of many callers then share a commit. */
export async function runInsertValues(statement: InsertValues, context: StatementContext): Promise<null> {
  const { core, session } = context;
  const plan = await core.ordered(() => core.plan(statement, formatStatement(statement), session));
  if (plan.kind === 'insertValues') await context.inserts.insertPlanned(plan);
  return null;
}

/** CREATE, DROP, ALTER, INSERT INTO ... SELECT: planned, made durable, then true. */
export async function runDefinition(statement: PlannedStatement, context: StatementContext): Promise<Entity | null> {
  const { core } = context;
  const registered = new RegisteredSchemas();
  for (;;) {
    const outcome = await core.exclusive(() => define(statement, context, registered));
    if (outcome.kind === 'done') {
      return withWarnings(outcome.entity, await core.schemas.forgetTopics(outcome.deletedTopics));
    }
    // The engine's own registry takes its turn as statements do.
    registered.add(outcome.requests, await core.schemas.register(outcome.requests));
  }
}

type Outcome =
  | { readonly kind: 'done'; readonly entity: Entity; readonly deletedTopics: readonly string[] }
  /** These schemas have to be registered first. */
  | { readonly kind: 'unregistered'; readonly requests: readonly SchemaRequest[] };

/** What has been registered for a statement. */
class RegisteredSchemas {
  readonly bySubject = new Map<string, RegisteredSchema>();
  readonly #texts = new Map<string, string>();

  add(requests: readonly SchemaRequest[], registered: ReadonlyMap<string, RegisteredSchema>): void {
    for (const { subject, schema } of requests) {
      this.bySubject.set(subject, registered.get(subject)!);
      this.#texts.set(subject, schema.text);
    }
  }

  has({ subject, schema }: SchemaRequest): boolean {
    return this.#texts.get(subject) === schema.text;
  }
}

async function define(
  statement: PlannedStatement,
  context: StatementContext,
  registered: RegisteredSchemas,
): Promise<Outcome> {
  const { core, session } = context;
  const text = formatStatement(statement);
  const planned = await core.plan(statement, text, session);
  const requests = schemaRequests(planned).filter((request) => !registered.has(request));
  if (requests.length > 0) return { kind: 'unregistered', requests };
  const plan = withSchemas(planned, registered.bySubject);
  if (plan.kind === 'insertValues' || plan.kind === 'pushQuery' || plan.kind === 'pullQuery')
    throw wrongEndpoint(statement);
  if (plan.kind === 'unchanged') {
    const entity: Entity = {
      '@type': 'warning_entity',
      statementText: context.text,
      warnings: [],
      message: plan.message,
    };
    return { kind: 'done', entity, deletedTopics: [] };
  }
  checkQueryLimit(plan, context);
  const options = core.deployOptions(defaultStart(core.dialect(session)), session);
  const effects = effectsOf(plan, core.keptOptions(options, session))!;
  const ownedTopics = plan.kind === 'dropSource' ? core.ownedTopics(plan.queries) : [];
  const sequence = await core.change(text, effects, changeOf(plan, options, core));
  const commandId = commandIdOf(statement);
  const status = { status: 'SUCCESS' as const, message: messageOf(plan), queryId: queryIdOf(plan) };
  context.recordStatus(commandId, status);
  const entity: Entity = {
    '@type': 'currentStatus',
    statementText: text,
    warnings: plan.kind === 'createSource' ? plan.warnings.map((message) => ({ message })) : [],
    commandId,
    commandStatus: status,
    commandSequenceNumber: sequence,
  };
  const deletedTopics =
    plan.kind === 'dropSource' && plan.deleteTopic ? [plan.entry.topic, ...ownedTopics] : ownedTopics;
  return { kind: 'done', entity, deletedTopics };
}

export function wrongEndpoint(statement: Statement): StatementError {
  const text = statement.kind === 'printTopic' ? 'print' : 'query';
  return new StatementError(
    `The following statement types should be issued to the websocket endpoint '/query':\n\t* PRINT\n\t* SELECT`,
    { code: 'query-endpoint', span: statement.span, hint: `Send a ${text} to /query-stream.` },
  );
}

function checkQueryLimit(plan: DefinitionPlan, { core }: StatementContext): void {
  if (plan.kind !== 'createAsSelect' && plan.kind !== 'insertInto') return;
  const limit = core.parts.settings.number('ksql.query.persistent.active.limit');
  const running = core.catalog.queries().length;
  if (plan.query.replaces === null && running >= limit) {
    throw new StatementError(
      `Not executing statement(s) as it would cause the number of active, persistent queries to exceed the configured limit. Use the TERMINATE command to terminate existing queries. Current persistent query count: ${running}. Configured limit: ${limit}.`,
      { code: 'query-limit', problem: 'engine' },
    );
  }
}

function changeOf(plan: DefinitionPlan, options: DeployOptions, core: EngineCore): Partial<ThreadChange> {
  const topics = (request: TopicRequest | null): ThreadChange['createTopics'] =>
    request === null
      ? []
      : [
          {
            name: request.name,
            config: {
              partitions: request.partitions,
              replicas: request.replicas,
              cleanupPolicy: request.cleanupPolicy,
              retentionMs: request.retentionMs,
              retentionIsDefault: request.retentionIsDefault,
            },
          },
        ];
  const deploy = (query: QueryDeployment | null): ThreadChange['deploy'] =>
    query === null ? [] : [{ plan: query.plan, options }];
  switch (plan.kind) {
    case 'createSource':
    case 'createAsSelect':
      return { createTopics: topics(plan.topic), deploy: deploy(plan.query) };
    case 'insertInto':
      return { deploy: deploy(plan.query) };
    case 'dropSource':
      return {
        drop: plan.queries,
        deleteTopics:
          plan.deleteTopic && core.parts.log.describeTopic(plan.entry.topic) !== null ? [plan.entry.topic] : [],
      };
    default:
      return {};
  }
}

function defaultStart(dialect: string): 'earliest' | 'latest' {
  return dialect === 'ksqldb' ? 'latest' : 'earliest';
}

function queryIdOf(plan: DefinitionPlan): string | null {
  return plan.kind === 'createAsSelect' || plan.kind === 'insertInto' ? plan.query.entry.id : null;
}

function messageOf(plan: DefinitionPlan): string {
  switch (plan.kind) {
    case 'createSource':
      return `${plan.entry.kind === 'STREAM' ? 'Stream' : 'Table'} created`;
    case 'createAsSelect':
    case 'insertInto':
      return `Created query with ID ${plan.query.entry.id}`;
    case 'dropSource':
      return `Source \`${plan.entry.name}\` (topic: ${plan.entry.topic}) was dropped.`;
    case 'alterSource':
      return `${plan.entry.kind === 'STREAM' ? 'Stream' : 'Table'} ${plan.entry.name} altered.`;
    case 'createType':
      return `Registered custom type with name '${plan.name}' and SQL type ${formatType(plan.type)}`;
    case 'dropType':
      return `Dropped type '${plan.name}'`;
    case 'unchanged':
      return plan.message;
  }
}

/** The id under which `/status` finds the statement. */
export function commandIdOf(statement: PlannedStatement): string {
  switch (statement.kind) {
    case 'createSource':
    case 'createAsSelect':
      return `${statement.sourceKind.toLowerCase()}/\`${statement.name.name}\`/create`;
    case 'insertInto':
      return `stream/\`${statement.target.name}\`/create`;
    case 'dropSource':
      return `${statement.sourceKind.toLowerCase()}/${statement.name.name}/drop`;
    case 'alterSource':
      return `${statement.sourceKind.toLowerCase()}/${statement.name.name}/alter`;
    case 'createType':
      return `type/${statement.name.name}/create`;
    case 'dropType':
      return `type/${statement.name.name}/drop`;
    default:
      return `${statement.kind}/-/execute`;
  }
}
