import type { FunctionRegistry } from '../../functions/registry.js';
import type { PhysicalPlan } from '../../planner/physical/physical-plan.js';
import { MemoryTaskStores } from '../../state/memory/memory-task-stores.js';
import { buildPipeline } from '../build-pipeline.js';
import { RecordOutputBuffer } from '../task/output-buffer.js';
import type { QueryTopology } from '../task/topology.js';

/**
 * Builds a task of a query and throws it away, so that what cannot run is refused before anything is written.
 * @throws StatementError, SystemError as `buildPipeline` does
 */
export function rehearsePlan(plan: PhysicalPlan, topology: QueryTopology, functions: FunctionRegistry): void {
  buildPipeline(plan, {
    partition: 0,
    stores: new MemoryTaskStores(),
    functions,
    evaluation: { now: () => 0, random: () => 0 },
    outputs: new RecordOutputBuffer(() => 1),
    caching: false,
    repartition: topology.direct ? 'direct' : 'topic',
    onRecordError: () => {},
  }).close();
}
