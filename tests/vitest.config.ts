import { defineConfig } from 'vitest/config';

const node = {
  ...{ environment: 'node' as const, pool: 'forks' as const },
  // What is awaited comes late on a machine that has other work; a test that is about a time gives its own.
  expect: { poll: { timeout: 10_000 } },
};

/** One project a kind of test, so that each can be run alone: `npx vitest run --project unit`. */
export default defineConfig({
  root: import.meta.dirname + '/..',
  test: {
    projects: [
      {
        test: {
          ...node,
          name: 'unit',
          // Every folder that is no other project's: a new one is not forgotten.
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/{contract,web,e2e}/**'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          ...node,
          name: 'contract',
          include: ['tests/contract/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      { test: { ...node, name: 'web', include: ['tests/web/**/*.test.ts'] } },
      {
        test: {
          ...node,
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
