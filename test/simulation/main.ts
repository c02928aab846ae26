/* What `scripts/simulate.mjs` bundles, with the code under test. */
export { MUTANTS, SCALED } from './mutants.js';
export { simulate } from './world.js';
