/** What is said of a machine's processes. */
import { percent, text } from '#protocol/figure.ts';
import { unlistedCpu, type ProcessReport, type ProcessRow } from '#protocol/processes.ts';
import { plural } from '../../format/messages.ts';

/** `backup`; `cc1, 37 processes`; `make, children that ended`. */
export function processName({ name, count, ended_children }: ProcessRow): string {
  if (ended_children) return `${name}, children that ended`;
  return count === 1 ? name : plural(count, `${name}, ${count} process`, `${name}, ${count} processes`);
}

/**
 * The names that use most, in one line: `ffmpeg 42 %, node 7.3 %`. `by`: of several of one name the sum of their shares,
 * or their highest peak.
 */
export function busiestInWords({ rows }: ProcessReport, by: 'cpu' | 'cpu_peak' = 'cpu', count = 3): string {
  const shares = new Map<string, number>();
  for (const row of rows) {
    const before = shares.get(row.name) ?? 0;
    shares.set(row.name, by === 'cpu' ? before + row.cpu : Math.max(before, row.cpu_peak));
  }
  return [...shares]
    .filter(([, share]) => share >= 0.05)
    .sort(([, one], [, other]) => other - one)
    .slice(0, count)
    .map(([name, share]) => `${name} ${text(percent(Math.min(100, share)))}`)
    .join(', ');
}

/** The kernel's letters. */
const STATES: Readonly<Record<string, string>> = {
  R: 'runs',
  S: 'sleeps',
  D: 'waits for a disk',
  Z: 'has ended',
  T: 'is stopped',
  t: 'is stopped',
  I: 'is idle',
};

export const stateInWords = (letter: string) => STATES[letter] ?? letter;

/** What the rows leave out, and what the agent may not read. */
export function restInWords(report: ProcessReport): string[] {
  const { rows, total, hidden } = report;
  const listed = rows.reduce((sum, row) => sum + (row.ended_children ? 0 : row.count), 0);
  const others = Math.max(0, total - listed);
  const cpu = unlistedCpu(report);
  const more =
    cpu === null
      ? plural(others, `${others} more process.`, `${others} more processes.`)
      : plural(
          others,
          `${others} more process and the kernel: ${text(percent(cpu))} CPU.`,
          `${others} more processes and the kernel: ${text(percent(cpu))} CPU.`,
        );
  return [
    more,
    ...(hidden.includes('processes') ? ['This agent may not see the processes of other users.'] : []),
    ...(hidden.includes('io')
      ? ['This agent may not know what processes of other users read and write.']
      : []),
  ];
}
