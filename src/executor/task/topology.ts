import { assert } from '../../model/errors.js';
import type { PhysicalPlan, PhysicalStep } from '../../planner/physical/physical-plan.js';

/** A topic that the tasks of a query read; task n reads partition n. */
export interface InputTopic {
  readonly topic: string;
  readonly partitions: number;
  /** Written by the query itself: a repartition topic. */
  readonly internal: boolean;
  /** Whether `latest` applies: a table that is joined is always read from its beginning. */
  readonly mayStartLate: boolean;
}

/** How a query is spread over partitions. */
export interface QueryTopology {
  /** Number of tasks: the most partitions that any of its stages reads. */
  readonly tasks: number;
  readonly inputs: readonly InputTopic[];
  /** Repartition topics with their partition counts; empty when `direct`. */
  readonly repartitions: readonly { readonly topic: string; readonly partitions: number }[];
  /** A stage reads a repartition topic beside something else, and must see both in order of time. */
  readonly ordered: boolean;
  /** Every source has one partition, so that repartition steps hand records straight on. */
  readonly direct: boolean;
}

/** What the steps between two repartitions read. */
interface Stage {
  /** Partitions of the sources it reads itself; 0 without any. */
  own: number;
  /** Partitions of the stages that write its repartition topics. */
  upstream: number;
  readonly repartitions: string[];
}

/**
 * Works out the partitions of a query: the inputs of a stage (the steps between sources, repartitions and the sink) are
 * co-partitioned, and a repartition topic has as many partitions as the sources it is joined with, or else as those it comes from.
 *
 * @param partitionsOf the partitions of a source topic
 */
export function topologyOf(plan: PhysicalPlan, partitionsOf: (topic: string) => number): QueryTopology {
  const inputs = new Map<string, InputTopic>();
  const repartitions = new Map<string, number>();
  let tasks = 1;
  let ordered = false;

  const closeStage = (root: PhysicalStep, joined: boolean): number => {
    const stage: Stage = { own: 0, upstream: 0, repartitions: [] };
    visit(root, stage, joined);
    const partitions = stage.own > 0 ? stage.own : stage.upstream;
    assert(partitions > 0, `query ${plan.queryId} has a stage without sources`);
    for (const topic of stage.repartitions) repartitions.set(topic, partitions);
    if (partitions > tasks) tasks = partitions;
    if (stage.repartitions.length + (stage.own > 0 ? 1 : 0) > 1) ordered ||= stage.repartitions.length > 0;
    return partitions;
  };

  const visit = (step: PhysicalStep, stage: Stage, joined: boolean): void => {
    switch (step.kind) {
      case 'streamSource':
      case 'tableSource': {
        const partitions = partitionsOf(step.topic);
        const mayStartLate = step.kind === 'streamSource' || !joined;
        const before = inputs.get(step.topic);
        inputs.set(step.topic, {
          topic: step.topic,
          partitions,
          internal: false,
          mayStartLate: mayStartLate && (before === undefined || before.mayStartLate),
        });
        if (partitions > stage.own) stage.own = partitions;
        return;
      }
      case 'repartition': {
        const below = closeStage(step.input, joined);
        if (below > stage.upstream) stage.upstream = below;
        stage.repartitions.push(step.topic);
        return;
      }
      case 'streamTableJoin':
      case 'streamStreamJoin':
      case 'tableTableJoin':
      case 'foreignKeyJoin':
        visit(step.left, stage, true);
        visit(step.right, stage, true);
        return;
      default:
        visit(step.input, stage, joined);
    }
  };

  closeStage(plan.root, false);
  const direct = [...inputs.values()].every((input) => input.partitions === 1);
  const internal: InputTopic[] = direct
    ? []
    : [...repartitions].map(([topic, partitions]) => ({ topic, partitions, internal: true, mayStartLate: false }));
  return {
    tasks: direct ? 1 : tasks,
    inputs: [...inputs.values(), ...internal],
    repartitions: internal.map(({ topic, partitions }) => ({ topic, partitions })),
    ordered: !direct && ordered,
    direct,
  };
}
