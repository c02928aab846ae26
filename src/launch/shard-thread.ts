import { runBundle } from './run-bundle.js';

/* The worker of a stream thread on a shared log: `dist/shard-thread.js`. */

runBundle(new URL('./millrace.cjs', import.meta.url), 'shard-thread').shardThread();
