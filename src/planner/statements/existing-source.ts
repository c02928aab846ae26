import type { SourceEntry } from '../../catalog/catalog.js';
import { StatementError } from '../../model/errors.js';
import { type Column, formatColumn, formatSchema, keyColumns, sameColumn } from '../../model/schema.js';
import { nearest } from '../analysis/scope.js';
import { flag, type PlanningContext } from '../planning-context.js';
import type { StatementPlan } from '../statement-plan.js';

interface NewSource {
  readonly name: string;
  readonly kind: 'STREAM' | 'TABLE';
  readonly ifNotExists: boolean;
  readonly orReplace: boolean;
}

const SOURCE_NAME = /^[A-Za-z0-9_-]+$/;

/**
 * What CREATE meets under its name: an answer when nothing is to be done, the entry to replace, or nothing.
 * @throws StatementError `Cannot add stream 'X': A stream with the same name already exists`
 */
export function meetExisting(
  source: NewSource,
  context: PlanningContext,
): { readonly unchanged: StatementPlan | null; readonly replaced: SourceEntry | null } {
  if (!SOURCE_NAME.test(source.name)) {
    throw new StatementError(
      `Illegal argument at Line: 0, Col: 0. Source names may only contain alphanumeric values, '_' or '-'. Got: '${source.name}'`,
      { code: 'invalid-name', problem: 'syntax' },
    );
  }
  const existing = context.catalog.source(source.name);
  if (existing === null) return { unchanged: null, replaced: null };
  if (source.ifNotExists) {
    const message = `Cannot add ${source.kind.toLowerCase()} \`${source.name}\`: A ${existing.kind.toLowerCase()} with the same name already exists.`;
    return { unchanged: { kind: 'unchanged', message }, replaced: null };
  }
  if (source.orReplace) {
    if (!flag(context, 'ksql.create.or.replace.enabled', true)) {
      throw new StatementError('CREATE OR REPLACE is disabled: see ksql.create.or.replace.enabled.', {
        code: 'disabled',
      });
    }
    return { unchanged: null, replaced: existing };
  }
  throw new StatementError(
    `Cannot add ${source.kind.toLowerCase()} '${source.name}': A ${existing.kind.toLowerCase()} with the same name already exists`,
    { code: 'source-exists', hint: 'Use CREATE OR REPLACE to change it, or IF NOT EXISTS to keep it.' },
  );
}

/**
 * Whether a source may be replaced by the other: new value columns at the end, everything else as it was.
 * @throws StatementError `Cannot upgrade data source: ...`
 */
export function checkUpgrade(from: SourceEntry, to: SourceEntry): void {
  const describe = (e: SourceEntry): string => `DataSource '\`${e.name}\`'`;
  const refuse = (what: string, was: string, is: string, reason = ''): StatementError =>
    new StatementError(
      `Cannot upgrade data source: ${describe(from)} has ${what} = ${was} which is not upgradeable to ${is}${reason}`,
      { code: 'not-upgradeable' },
    );
  if (from.isReadOnly || to.isReadOnly) {
    const kind = from.kind.toLowerCase();
    throw new StatementError(
      `Cannot add ${kind} '${from.name}': CREATE OR REPLACE is not supported on source ${kind}s.`,
      { code: 'read-only-source' },
    );
  }
  if (from.kind !== to.kind) throw refuse('type', `K${from.kind}`, `K${to.kind}`);
  const topic = (e: SourceEntry): string =>
    `${e.topic} (${e.keyFormat.name}, ${e.valueFormat.name}${e.keyWindow === null ? '' : `, ${e.keyWindow.kind} window`})`;
  const sameFormats =
    JSON.stringify([from.topic, from.keyFormat.name, from.valueFormat.name, from.keyWindow]) ===
    JSON.stringify([to.topic, to.keyFormat.name, to.valueFormat.name, to.keyWindow]);
  if (!sameFormats) throw refuse('topic', topic(from), topic(to));
  if (JSON.stringify(from.timestamp) !== JSON.stringify(to.timestamp)) {
    throw refuse('timestamp column', from.timestamp?.column ?? 'none', to.timestamp?.column ?? 'none');
  }
  const fromKeys = keyColumns(from.schema);
  const toKeys = keyColumns(to.schema);
  const lostKeys = changedColumns(fromKeys, toKeys);
  if (lostKeys.length > 0 || fromKeys.length !== toKeys.length) {
    const which =
      lostKeys.length === 0
        ? ''
        : ` The following key columns are changed, missing or reordered: [${lostKeys.map(formatColumn).join(', ')}]`;
    throw refuse(
      'schema',
      formatSchema(from.schema),
      formatSchema(to.schema),
      `. (Key columns must be identical.${which})`,
    );
  }
  const changed = changedColumns(from.schema.columns, to.schema.columns);
  if (changed.length > 0) {
    throw refuse(
      'schema',
      formatSchema(from.schema),
      formatSchema(to.schema),
      `. (The following columns are changed, missing or reordered: [${changed.map(formatColumn).join(', ')}])`,
    );
  }
}

/** The columns that are not where they were. */
function changedColumns(from: readonly Column[], to: readonly Column[]): readonly Column[] {
  return from.filter((column, i) => {
    const other = to[i];
    return other === undefined || !sameColumn(column, other);
  });
}

/** ksqlDB's words about a source whose name differs in case alone; empty when there is none. */
export function caseHint(name: string, context: PlanningContext): string {
  const near = context.catalog.sources().find((s) => s.name.toUpperCase() === name.toUpperCase());
  if (near === undefined) return '';
  return near.name === near.name.toUpperCase()
    ? `\nDid you mean ${near.name}? Hint: try removing double quotes from the source name.`
    : `\nDid you mean "${near.name}"? Hint: wrap the source name in double quotes to make it case-sensitive.`;
}

/** The nearest source name, as a hint. */
export function sourceHint(name: string, context: PlanningContext): string | undefined {
  const near = nearest(
    name,
    context.catalog.sources().map((s) => s.name),
  );
  return near === null ? undefined : `Did you mean ${near}?`;
}
