import type { SourceEntry } from '../../catalog/catalog.js';
import { StatementError } from '../../model/errors.js';
import type { DropSource } from '../../parser/ast.js';
import type { PlanningContext } from '../planning-context.js';
import type { StatementPlan } from '../statement-plan.js';
import { caseHint, sourceHint } from './existing-source.js';

export function planDropSource(statement: DropSource, context: PlanningContext): StatementPlan {
  const name = statement.name.name;
  const kind = statement.sourceKind;
  const entry = context.catalog.source(name);
  if (entry === null) {
    if (statement.ifExists) return { kind: 'unchanged', message: `Source \`${name}\` does not exist.` };
    const otherCase = caseHint(name, context);
    throw new StatementError(`${kind === 'STREAM' ? 'Stream' : 'Table'} ${name} does not exist.${otherCase}`, {
      code: 'unknown-source',
      span: statement.name.span,
      hint: otherCase === '' ? sourceHint(name, context) : undefined,
    });
  }
  if (entry.kind !== kind) {
    throw new StatementError(
      `Incompatible data source type is ${entry.kind.toLowerCase()}, but statement was DROP ${kind.toLowerCase()}`,
      { code: 'wrong-kind', span: statement.name.span },
    );
  }
  if (statement.deleteTopic && entry.isReadOnly) {
    throw new StatementError(`Cannot delete topic for read-only source: ${name}`, { code: 'read-only-source' });
  }
  checkDependents(name, entry.createdBy, context);
  if (statement.deleteTopic) checkTopicReaders(entry, context);
  const own = context.catalog
    .queries()
    .filter((q) => q.id === entry.createdBy || (q.origin === 'SOURCE_TABLE' && q.sink === name))
    .map((q) => q.id);
  return { kind: 'dropSource', entry, deleteTopic: statement.deleteTopic, queries: own };
}

/** A topic that goes under a running query would take the query's input with it. */
function checkTopicReaders(entry: SourceEntry, context: PlanningContext): void {
  const others = context.catalog.sources().filter((s) => s.topic === entry.topic && s.name !== entry.name);
  const readers = others.flatMap((s) => context.catalog.readersOf(s.name)).map((q) => q.id);
  if (readers.length === 0) return;
  throw new StatementError(
    `Cannot delete the topic ${entry.topic} of ${entry.name}.\nThe following queries read from it through other sources: [${[...new Set(readers)].join(', ')}].`,
    { code: 'topic-in-use', hint: 'Drop it without DELETE TOPIC, or terminate the queries first.' },
  );
}

function checkDependents(name: string, createdBy: string | null, context: PlanningContext): void {
  const readers = context.catalog.readersOf(name).filter((q) => q.origin !== 'SOURCE_TABLE' && q.id !== createdBy);
  const derived = readers.filter((q) => q.origin === 'CREATE_AS').map((q) => q.sink);
  if (derived.length > 0) {
    throw new StatementError(
      `Cannot drop ${name}.\nThe following streams and/or tables read from this source: [${derived.join(', ')}].\nYou need to drop them before dropping ${name}.`,
      { code: 'has-dependents' },
    );
  }
  const inserting = readers.filter((q) => q.origin === 'INSERT_INTO').map((q) => q.id);
  const writing = context.catalog
    .writersOf(name)
    .filter((q) => q.id !== createdBy)
    .map((q) => q.id);
  const complaints: string[] = [];
  if (inserting.length > 0) complaints.push(`The following queries read from this source: [${inserting.join(', ')}].`);
  if (writing.length > 0) complaints.push(`The following queries write into this source: [${writing.join(', ')}].`);
  if (complaints.length > 0) {
    throw new StatementError(
      `Cannot drop ${name}.\n${complaints.join('\n')}\nYou need to terminate them before dropping ${name}.`,
      { code: 'has-dependents' },
    );
  }
}
