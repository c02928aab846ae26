import { formatColumn, type Schema } from '../model/schema.js';
import { formatType } from '../model/sql-type.js';
import type { BoundArgument } from './expression.js';
import { inputsOf, type PhysicalPlan, type PhysicalStep, type WindowPlan } from './physical/physical-plan.js';

/** A plan as indented text: the sink first, each step over its inputs. */
export function explainPlan(plan: PhysicalPlan): string {
  const lines: string[] = [];
  let depth = 0;
  if (plan.sink !== null) {
    const { topic, keyFormat, valueFormat } = plan.sink;
    lines.push(
      `> [ SINK ] | topic: ${topic} | key: ${keyFormat.name} | value: ${valueFormat.name} | ${schemaText(plan.schema)}`,
    );
    depth = 1;
  }
  explainStep(plan.root, depth, lines);
  return lines.join('\n');
}

function explainStep(step: PhysicalStep, depth: number, lines: string[]): void {
  const details = [titleOf(step), ...detailsOf(step), schemaText(step.schema)].join(' | ');
  lines.push(`${'\t'.repeat(depth)}> ${details}`);
  for (const input of inputsOf(step)) explainStep(input, depth + 1, lines);
}

function schemaText(schema: Schema): string {
  return `Schema: ${schema.columns.map(formatColumn).join(', ')}`;
}

const TITLES: Readonly<Record<PhysicalStep['kind'], string>> = {
  streamSource: 'SOURCE',
  tableSource: 'TABLE SOURCE',
  streamFilter: 'FILTER',
  tableFilter: 'TABLE FILTER',
  streamProject: 'PROJECT',
  tableProject: 'TABLE PROJECT',
  flatMap: 'FLAT MAP',
  streamRekey: 'REKEY',
  tableRekey: 'TABLE REKEY',
  repartition: 'REPARTITION',
  aggregate: 'AGGREGATE',
  streamTableJoin: 'STREAM TABLE JOIN',
  streamStreamJoin: 'STREAM STREAM JOIN',
  tableTableJoin: 'TABLE TABLE JOIN',
  foreignKeyJoin: 'FOREIGN KEY JOIN',
  materialize: 'MATERIALIZE',
};

function titleOf(step: PhysicalStep): string {
  return `[ ${TITLES[step.kind]} ] ${step.id}`;
}

function detailsOf(step: PhysicalStep): string[] {
  switch (step.kind) {
    case 'streamSource':
    case 'tableSource':
      return [
        `source: ${step.source}`,
        `topic: ${step.topic}`,
        `key: ${step.keyFormat.name}`,
        `value: ${step.valueFormat.name}`,
        `reads ${step.columns.length} of ${step.sourceSchema.columns.length} columns`,
      ];
    case 'streamFilter':
    case 'tableFilter':
      return [`where: ${boundText(step.predicate)}`];
    case 'streamProject':
    case 'tableProject':
      return [`select: ${step.expressions.map(boundText).join(', ')}`];
    case 'flatMap':
      return [step.functions.map((f) => `${f.name}(${f.arguments.map(boundText).join(', ')})`).join(', ')];
    case 'streamRekey':
    case 'tableRekey':
      return [`key: ${step.keys.map(boundText).join(', ')}`];
    case 'repartition':
      return [`topic: ${step.topic}`];
    case 'aggregate':
      return [
        step.calls
          .map((c) => `${c.name}(${[...c.arguments, ...c.configuration].map(boundText).join(', ')})`)
          .join(', '),
        ...(step.window === null ? [] : [windowText(step.window)]),
        `emit: ${step.emit}`,
        `store: ${step.store.name}`,
      ];
    case 'streamTableJoin':
    case 'tableTableJoin':
    case 'foreignKeyJoin':
      return [step.join];
    case 'streamStreamJoin':
      return [step.join, `before: ${step.beforeMs} ms`, `after: ${step.afterMs} ms`, `grace: ${step.graceMs} ms`];
    case 'materialize':
      return [`store: ${step.store.name}`, ...(step.rowFormat === undefined ? [] : [`rows as ${step.rowFormat.name}`])];
  }
}

function windowText(window: WindowPlan): string {
  const size =
    window.kind === 'SESSION'
      ? `gap ${window.gapMs} ms`
      : `size ${window.sizeMs} ms${window.kind === 'HOPPING' ? `, advance ${window.advanceMs} ms` : ''}`;
  return `window: ${window.kind}, ${size}, grace ${window.graceMs} ms, retention ${window.retentionMs} ms`;
}

/** A bound expression as text, for people. */
export function boundText(e: BoundArgument): string {
  switch (e.kind) {
    case 'literal':
      return e.value === null ? 'NULL' : e.type.kind === 'STRING' ? `'${e.value.replaceAll("'", "''")}'` : e.value;
    case 'column':
    case 'parameter':
      return e.name;
    case 'arithmetic':
    case 'comparison':
    case 'logical':
      return `(${boundText(e.left)} ${e.operator} ${boundText(e.right)})`;
    case 'negate':
      return `-${boundText(e.operand)}`;
    case 'not':
      return `(NOT ${boundText(e.operand)})`;
    case 'isNull':
      return `(${boundText(e.operand)} IS ${e.negated ? 'NOT ' : ''}NULL)`;
    case 'in':
      return `(${boundText(e.operand)} ${e.negated ? 'NOT ' : ''}IN (${list(e.items)}))`;
    case 'like':
      return `(${boundText(e.operand)} ${e.negated ? 'NOT ' : ''}LIKE ${boundText(e.pattern)})`;
    case 'case':
      return `CASE${e.branches.map((b) => ` WHEN ${boundText(b.when)} THEN ${boundText(b.then)}`).join('')}${e.otherwise === null ? '' : ` ELSE ${boundText(e.otherwise)}`} END`;
    case 'cast':
      return `CAST(${boundText(e.operand)} AS ${formatType(e.type)})`;
    case 'subscript':
      return `${boundText(e.operand)}[${boundText(e.index)}]`;
    case 'field':
      return `${boundText(e.operand)}->${e.name}`;
    case 'call':
      return `${e.name}(${list(e.arguments)})`;
    case 'array':
      return `ARRAY[${list(e.elements)}]`;
    case 'map':
      return `MAP(${e.entries.map((x) => `${boundText(x.key)} := ${boundText(x.value)}`).join(', ')})`;
    case 'struct':
      return `STRUCT(${list(e.fields)})`;
    case 'lambda':
      return `(${e.parameters.map((p) => p.name).join(', ')}) => ${boundText(e.body)}`;
    case 'intervalUnit':
      return e.unit;
  }
}

function list(items: readonly BoundArgument[]): string {
  return items.map(boundText).join(', ');
}
