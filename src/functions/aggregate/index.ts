import type { AggregateDefinition } from '../define.js';
import { AVG } from './avg.js';
import { EARLIEST_BY_OFFSET, LATEST_BY_OFFSET } from './by-offset.js';
import { COLLECT_LIST } from './collect-list.js';
import { COUNT } from './count.js';
import { MAX, MIN } from './min-max.js';
import { SUM } from './sum.js';

export const aggregateFunctions: readonly AggregateDefinition[] = [
  AVG,
  COLLECT_LIST,
  COUNT,
  EARLIEST_BY_OFFSET,
  LATEST_BY_OFFSET,
  MAX,
  MIN,
  SUM,
];
