/** What scripts/fuzz.mjs runs. */
export { batchSubject } from './batches.js';
export { FUZZED_FORMATS, formatSubject } from './formats.js';
export { fuzz, verdict } from './fuzz.js';
