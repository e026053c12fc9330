/** Machines counted by state, all together or for each tag with a prefix. */
import type { State } from '../ui/state.ts';

interface Counted {
  readonly tags: readonly string[];
  readonly state: State;
}

export interface SummaryGroup {
  /** The tag without the prefix; empty for all machines together. */
  readonly name: string;
  readonly tag: string;
  readonly total: number;
  readonly counts: Readonly<Record<State, number>>;
  readonly worst: State;
}

/** The states that are counted, in the order in which they are shown. */
export const SUMMARY_STATES: readonly State[] = [
  'good',
  'critical',
  'warning',
  'offline',
  'stale',
  'waiting',
];
const WORST_FIRST: readonly State[] = ['critical', 'warning', 'offline', 'stale', 'waiting', 'good'];

function groupOf(name: string, tag: string, machines: readonly Counted[]): SummaryGroup {
  const counts = { good: 0, warning: 0, critical: 0, offline: 0, stale: 0, waiting: 0 };
  for (const { state } of machines) counts[state]++;
  const worst = WORST_FIRST.find((state) => counts[state] > 0) ?? 'good';
  return { name, tag, total: machines.length, counts, worst };
}

/** One group for all where the prefix is empty, else one for each tag that begins with it, by name. */
export function summaryGroups(machines: readonly Counted[], prefix: string): SummaryGroup[] {
  if (prefix === '') return [groupOf('', '', machines)];
  const tags = new Set(machines.flatMap((machine) => machine.tags.filter((tag) => tag.startsWith(prefix))));
  return [...tags].sort().map((tag) =>
    groupOf(
      tag.slice(prefix.length) || tag,
      tag,
      machines.filter((one) => one.tags.includes(tag)),
    ),
  );
}
