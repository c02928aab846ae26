import { aggregate } from './aggregate.js';
import { streamFilter, tableFilter } from './filter.js';
import { flatMap } from './flat-map.js';
import { foreignKeyJoin } from './foreign-key-join.js';
import { materialize } from './materialize.js';
import type { StepFactories } from './operator-builder.js';
import { streamProject, tableProject } from './project.js';
import { streamRekey, tableRekey } from './rekey.js';
import { repartition } from './repartition.js';
import { streamSource, tableSource } from './source.js';
import { streamStreamJoin } from './stream-stream-join.js';
import { streamTableJoin } from './stream-table-join.js';
import { tableTableJoin } from './table-table-join.js';

/** Kind of step -> how its operators are made. */
export const STEP_FACTORIES: StepFactories = {
  streamSource,
  tableSource,
  streamFilter,
  tableFilter,
  streamProject,
  tableProject,
  flatMap,
  streamRekey,
  tableRekey,
  repartition,
  aggregate,
  streamTableJoin,
  streamStreamJoin,
  tableTableJoin,
  foreignKeyJoin,
  materialize,
};
