import { StatementError } from '../../model/errors.js';
import { formatType } from '../../model/sql-type.js';
import { boundText } from '../explain.js';
import type { BoundExpression } from '../expression.js';
import {
  type AggregateCall,
  inputsOf,
  type PhysicalPlan,
  type PhysicalStep,
  type StorePlan,
  type StreamSourceStep,
  type TableSourceStep,
} from '../physical/physical-plan.js';

/** Steps whose state cannot be carried over, by the names that ksqlDB's messages give them. */
const FIXED: Partial<Readonly<Record<PhysicalStep['kind'], string>>> = {
  flatMap: 'StreamFlatMap',
  tableRekey: 'TableGroupBy',
  streamTableJoin: 'StreamTableJoin',
  streamStreamJoin: 'StreamStreamJoin',
  tableTableJoin: 'TableTableJoin',
  foreignKeyJoin: 'ForeignKeyTableTableJoin',
};

/**
 * Whether a running query may go on under a new plan: filters and projections may change, everything that holds state or
 * positions may not. @throws StatementError `Upgrades not yet supported for X`, `Query is not upgradeable. ...`
 */
export function checkQueryUpgrade(from: PhysicalPlan, to: PhysicalPlan): void {
  const before = pinned(from.root);
  const after = pinned(to.root);
  for (const step of [...before, ...after]) {
    const name = fixedName(step);
    if (name !== null) throw new StatementError(`Upgrades not yet supported for ${name}`, { code: 'not-upgradeable' });
  }
  for (let i = 0; i < Math.max(before.length, after.length); i++) {
    const a = before[i];
    const b = after[i];
    if (a === undefined || b === undefined || a.kind !== b.kind) {
      throw new StatementError(
        `Query is not upgradeable. Plans do not have the same structure: ${a === undefined ? 'nothing' : stepName(a)} vs. ${b === undefined ? 'nothing' : stepName(b)}`,
        { code: 'not-upgradeable' },
      );
    }
    compareSteps(a, b);
  }
}

/** The steps that matter, sources first. */
function pinned(step: PhysicalStep): PhysicalStep[] {
  const below = inputsOf(step).flatMap(pinned);
  const free: readonly PhysicalStep['kind'][] = [
    'streamFilter',
    'tableFilter',
    'streamProject',
    'tableProject',
    'repartition',
    'materialize',
  ];
  return free.includes(step.kind) ? below : [...below, step];
}

function fixedName(step: PhysicalStep): string | null {
  if (step.kind === 'aggregate') {
    if (step.window !== null) return 'StreamWindowedAggregate';
    return step.overTable ? 'TableAggregate' : null;
  }
  if (step.kind === 'streamSource' && step.keyWindow !== null) return 'WindowedStreamSource';
  if (step.kind === 'tableSource' && step.keyWindow !== null) return 'WindowedTableSource';
  return FIXED[step.kind] ?? null;
}

function stepName(step: PhysicalStep): string {
  const names: Partial<Readonly<Record<PhysicalStep['kind'], string>>> = {
    streamSource: 'StreamSource',
    tableSource: 'TableSource',
    streamRekey: 'StreamSelectKey',
    aggregate: 'StreamAggregate',
  };
  return names[step.kind] ?? step.kind;
}

function compareSteps(a: PhysicalStep, b: PhysicalStep): void {
  const differ = (property: string, was: Compared, is: Compared): void => {
    if (JSON.stringify(was.value) === JSON.stringify(is.value)) return;
    throw new StatementError(
      `Query is not upgradeable. Plan step of type ${stepName(a)} must have matching ${property}. Values differ: '${was.text}' vs. '${is.text}'`,
      { code: 'not-upgradeable' },
    );
  };
  if ((a.kind === 'streamSource' || a.kind === 'tableSource') && a.kind === b.kind) {
    differ('topicName', { value: a.topic, text: a.topic }, { value: b.topic, text: b.topic });
    differ('formats', formatsOf(a), formatsOf(b));
  } else if (a.kind === 'streamRekey' && b.kind === 'streamRekey') {
    differ('keyExpression', expressionsOf(a.keys), expressionsOf(b.keys));
  } else if (a.kind === 'aggregate' && b.kind === 'aggregate') {
    differ('aggregationFunctions', callsOf(a.calls), callsOf(b.calls));
    differ('stateStore', keyOf(a.store), keyOf(b.store));
  }
}

/** What is compared, and how a message shows it. */
interface Compared {
  readonly value: unknown;
  readonly text: string;
}

function formatsOf({ keyFormat, valueFormat }: StreamSourceStep | TableSourceStep): Compared {
  return { value: [keyFormat, valueFormat], text: `${keyFormat.name}, ${valueFormat.name}` };
}

function expressionsOf(expressions: readonly BoundExpression[]): Compared {
  return { value: expressions.map(withoutPositions), text: expressions.map(boundText).join(', ') };
}

function callsOf(calls: readonly AggregateCall[]): Compared {
  const expressions = (c: AggregateCall): BoundExpression[] => [...c.arguments, ...c.configuration];
  return {
    value: calls.map((c) => [c.name, c.signature, expressions(c).map(withoutPositions), c.stateType]),
    text: calls.map((c) => `${c.name}(${expressions(c).map(boundText).join(', ')})`).join(', '),
  };
}

function keyOf(store: StorePlan): Compared {
  return { value: store.key, text: store.key.map((c) => `${c.name} ${formatType(c.type)}`).join(', ') };
}

/** Positions change when pruning keeps other columns; names say what is read. */
function withoutPositions(expression: unknown): unknown {
  return JSON.parse(JSON.stringify(expression, (key, value) => (key === 'index' ? undefined : value)));
}
