import type { AggregateDefinition } from '../define.js';
import { ATTR } from './attr.js';
import { AVG } from './avg.js';
import { EARLIEST_BY_OFFSET, LATEST_BY_OFFSET } from './by-offset.js';
import { COLLECT_LIST } from './collect-list.js';
import { COLLECT_SET } from './collect-set.js';
import { CORRELATION } from './correlation.js';
import { COUNT } from './count.js';
import { COUNT_DISTINCT } from './count-distinct.js';
import { HISTOGRAM } from './histogram.js';
import { MAX, MIN } from './min-max.js';
import { STDDEV_SAMP, STDDEV_SAMPLE } from './standard-deviation.js';
import { SUM } from './sum.js';
import { SUM_LIST } from './sum-list.js';
import { TOPK } from './topk.js';
import { TOPKDISTINCT } from './topk-distinct.js';

export const aggregateFunctions: readonly AggregateDefinition[] = [
  ATTR,
  AVG,
  COLLECT_LIST,
  COLLECT_SET,
  CORRELATION,
  COUNT,
  COUNT_DISTINCT,
  EARLIEST_BY_OFFSET,
  HISTOGRAM,
  LATEST_BY_OFFSET,
  MAX,
  MIN,
  STDDEV_SAMP,
  STDDEV_SAMPLE,
  SUM,
  SUM_LIST,
  TOPK,
  TOPKDISTINCT,
];
