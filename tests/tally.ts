/** The result of a step of `npm test`: its counted tests, or one check that passed or failed. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const NOTHING: Tally = { passed: 0, failed: 0, skipped: 0 };
export const ONE_PASSED: Tally = { ...NOTHING, passed: 1 };
export const ONE_FAILED: Tally = { ...NOTHING, failed: 1 };

export function sum(tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }),
    NOTHING,
  );
}

/** The closing line that people and scripts read. */
export function line(tally: Tally): string {
  return `${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`;
}

const report = z.object({
  success: z.boolean(),
  testResults: z.array(
    z.object({
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string() })),
    }),
  ),
});

/**
 * Vitest's JSON report → its counts. A file that could not be loaded, and a run that failed with every test
 * passed (an unhandled error), count as one failure each, since no single test failed.
 */
export function tallyOf(json: unknown): Tally {
  const { success, testResults } = report.parse(json);
  const tally = sum(testResults.map(tallyOfFile));
  return !success && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
}

function tallyOfFile(file: z.infer<typeof report>['testResults'][number]): Tally {
  const count = (...statuses: string[]) =>
    file.assertionResults.filter(({ status }) => statuses.includes(status)).length;
  const tally = {
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('pending', 'skipped', 'todo', 'disabled'),
  };
  return file.status === 'failed' && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
}

/** Reads a report; a missing or broken one, as after a crash of vitest, counts as one failure. */
export function readTally(path: string): Tally {
  try {
    return tallyOf(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    console.error(`No test report: ${String(error)}`);
    return ONE_FAILED;
  }
}
