import { describe, expect, it } from 'vitest';
import { line, readTally, sum, tallyOf } from '../tally.ts';

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((test) => ({ status: test })),
});

describe('the closing line of npm test', () => {
  it('the closing line counts passed, failed and skipped tests', () => {
    const tally = tallyOf({
      success: false,
      testResults: [file('passed', 'passed', 'pending', 'todo'), file('failed', 'failed', 'passed')],
    });
    expect(line(tally)).toBe('2 passed, 1 failed, 2 skipped');
  });

  it('a test file that could not be loaded counts as one failure', () => {
    expect(tallyOf({ success: false, testResults: [file('failed')] }).failed).toBe(1);
  });

  it('a failed run without a failed test counts as one failure', () => {
    expect(tallyOf({ success: false, testResults: [file('passed', 'passed')] })).toEqual({
      passed: 1,
      failed: 1,
      skipped: 0,
    });
  });

  it('a missing report counts as one failure', () => {
    expect(readTally('/nonexistent/report.json').failed).toBe(1);
  });

  it('the counts of several steps are added up', () => {
    expect(
      sum([
        { passed: 1, failed: 2, skipped: 3 },
        { passed: 10, failed: 20, skipped: 30 },
      ]),
    ).toEqual({
      passed: 11,
      failed: 22,
      skipped: 33,
    });
  });
});
