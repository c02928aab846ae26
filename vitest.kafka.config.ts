import { defineConfig } from 'vitest/config';

/** Tests on real brokers: `npm run test:kafka` starts those and sets MILLRACE_TEST_KAFKA. */
export default defineConfig({
  test: {
    include: ['test/kafka/**/*.test.ts'],
    pool: 'forks',
    // The cluster is shared, and some files empty it.
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
});
