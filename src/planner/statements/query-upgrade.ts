import { StatementError } from '../../model/errors.js';
import { inputsOf, type PhysicalPlan, type PhysicalStep } from '../physical/physical-plan.js';

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
  const differ = (property: string, was: unknown, is: unknown): void => {
    if (JSON.stringify(was) === JSON.stringify(is)) return;
    const shown = (v: unknown): string => (typeof v === 'string' ? v : JSON.stringify(v));
    throw new StatementError(
      `Query is not upgradeable. Plan step of type ${stepName(a)} must have matching ${property}. Values differ: '${shown(was)}' vs. '${shown(is)}'`,
      { code: 'not-upgradeable' },
    );
  };
  if ((a.kind === 'streamSource' || a.kind === 'tableSource') && a.kind === b.kind) {
    differ('topicName', a.topic, b.topic);
    differ('formats', [a.keyFormat, a.valueFormat], [b.keyFormat, b.valueFormat]);
  } else if (a.kind === 'streamRekey' && b.kind === 'streamRekey') {
    differ('keyExpression', a.keys.map(withoutPositions), b.keys.map(withoutPositions));
  } else if (a.kind === 'aggregate' && b.kind === 'aggregate') {
    const shape = (step: typeof a): unknown =>
      step.calls.map((c) => [c.name, c.signature, c.arguments.map(withoutPositions)]);
    differ('aggregationFunctions', shape(a), shape(b));
    differ('stateStore', a.store.key, b.store.key);
  }
}

/** Positions change when pruning keeps other columns; names say what is read. */
function withoutPositions(expression: unknown): unknown {
  return JSON.parse(JSON.stringify(expression, (key, value) => (key === 'index' ? undefined : value)));
}
