import { arrayType, INTEGER } from '../../../../src/model/sql-type.js';
import type { PhysicalStep } from '../../../../src/planner/physical/physical-plan.js';
import { column, functions, valueColumn } from './pipeline-harness.js';

export const ARRAY_OF_INT = arrayType(INTEGER);

/** EXPLODE of the named array columns, as columns `EX_<name>`. */
export function explode(input: PhysicalStep, names: readonly string[]): PhysicalStep {
  const { signature } = functions.resolve('EXPLODE', [{ kind: 'value', type: ARRAY_OF_INT }]);
  return {
    kind: 'flatMap',
    id: 'FlatMap',
    schema: { columns: [...input.schema.columns, ...names.map((name) => valueColumn(`EX_${name}`, INTEGER))] },
    input,
    functions: names.map((name) => ({ name: 'EXPLODE', signature, arguments: [column(input, name)] })),
  };
}
