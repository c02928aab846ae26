import { runBundle } from './run-bundle.js';

/* The worker of a stream thread on the embedded log: `dist/stream-thread.js`. */

runBundle(new URL('./millrace.cjs', import.meta.url), 'stream-thread').streamThread();
