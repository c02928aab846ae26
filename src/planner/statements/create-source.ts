import { StatementError } from '../../model/errors.js';
import type { CreateSource } from '../../parser/ast.js';
import { scanRelation } from '../analysis/relation.js';
import { defineSource } from '../analysis/source-definition.js';
import { buildPhysicalPlan } from '../physical/build-physical-plan.js';
import { defaultKeyFormat, flag, type PlanningContext, serviceId } from '../planning-context.js';
import type { StatementPlan } from '../statement-plan.js';
import { capturedSettings } from './captured-settings.js';
import { checkUpgrade, meetExisting } from './existing-source.js';
import { pruneSourceTable } from './source-table.js';
import { topicOfCreate } from './topic-request.js';

export function planCreateSource(statement: CreateSource, text: string, context: PlanningContext): StatementPlan {
  const name = statement.name.name;
  const kind = statement.sourceKind;
  const { unchanged, replaced } = meetExisting(
    { name, kind, ifNotExists: statement.ifNotExists, orReplace: statement.orReplace },
    context,
  );
  if (unchanged !== null) return unchanged;
  if (statement.isSource && statement.orReplace) {
    throw new StatementError(
      `Cannot add ${kind.toLowerCase()} '${name}': CREATE OR REPLACE is not supported on source ${kind.toLowerCase()}s.`,
      { code: 'read-only-source' },
    );
  }
  const { entry, properties, warnings } = defineSource(statement, text, context);
  if (replaced !== null) checkUpgrade(replaced, entry);
  const topic = topicOfCreate(entry.topic, kind, properties, context);
  if (!(statement.isSource && kind === 'TABLE')) return { kind: 'createSource', entry, topic, query: null, warnings };
  if (!flag(context, 'ksql.source.table.materialization.enabled', true)) {
    throw new StatementError('Cannot execute command because source table materialization is disabled.', {
      code: 'disabled',
    });
  }
  const id = `CST_${name.toUpperCase()}_${context.nextQueryNumber}`;
  const plan = buildPhysicalPlan(pruneSourceTable(scanRelation(entry, name).plan), {
    queryId: id,
    serviceId: serviceId(context),
    defaultKeyFormat: defaultKeyFormat(context),
    sink: null,
    output: null,
    limit: null,
    settings: capturedSettings(context),
    materialize: false,
  });
  return {
    kind: 'createSource',
    entry,
    topic,
    warnings,
    query: {
      plan,
      replaces: null,
      entry: {
        id,
        origin: 'SOURCE_TABLE',
        statementText: text,
        sink: name,
        sinkTopic: null,
        sources: [name],
        plan: JSON.stringify(plan),
        paused: false,
      },
    },
  };
}
