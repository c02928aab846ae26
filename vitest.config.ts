import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // They need brokers: vitest.kafka.config.ts.
    exclude: [...configDefaults.exclude, 'test/kafka/**'],
    pool: 'threads',
    maxWorkers: 2,
    // Machines may be busy.
    testTimeout: 60_000,
  },
});
