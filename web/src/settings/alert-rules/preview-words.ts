/** The preview of a rule as text. */
import type { PreviewNote, PreviewReply } from '#protocol/rule-preview.ts';
import { span } from '#protocol/span.ts';
import { plural } from '../../format/messages.ts';

const machinesWords = (n: number) => plural(n, `${n} machine`, `${n} machines`);

/** `Would have fired 3 times in the last 7 days, on 2 of 12 machines.` */
export function firesWords({ count, covered, looked_at, machines }: PreviewReply, days: number): string {
  const time = days === 1 ? 'the last day' : `the last ${days} days`;
  if (covered === 0) return 'Covers no machine now.';
  if (looked_at === 0) return `Nothing can be said about ${time}.`;
  if (count === 0) return `Would not have fired in ${time}.`;
  const times = count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`;
  // The list of machines is bounded.
  const where =
    machines.length < 50 ? `${machines.length} of ${machinesWords(looked_at)}` : 'very many machines';
  return `Would have fired ${times} in ${time}, on ${where}.`;
}

const TIERS = {
  samples: 'every sample',
  minutes: 'the mean of each minute',
  quarters: 'the mean of each quarter of an hour',
} as const;

/** What the preview was read from: `Read from every sample of 12 machines.` */
export function tierWords({ tier, looked_at }: PreviewReply): string {
  return looked_at === 0 ? '' : `Read from ${TIERS[tier]} of ${machinesWords(looked_at)}.`;
}

/** What the preview cannot say, as a sentence. */
export function noteWords(note: PreviewNote): string {
  switch (note.kind) {
    case 'clocks_not_kept':
      return 'The history does not keep how wrong clocks were, so it cannot be said how often this would have fired.';
    case 'machines_left_out':
      return plural(
        note.count,
        `${note.count} machine was not looked at, which would take too long. Choose fewer days.`,
        `${note.count} machines were not looked at, which would take too long. Choose fewer days.`,
      );
    case 'short_outages_unseen':
      return `Outages shorter than ${span(note.shorter_than_ms)} cannot be seen this far back.`;
    case 'peaks_flatter':
      return 'Short peaks are flatter in means than they were.';
  }
}

/** The colours of fields by how their names begin, as on the pages of machines. */
const TOKENS: readonly (readonly [RegExp, string])[] = [
  [/^(cpu|core:|load)/, '--chart-cpu'],
  [/^(ram|mem_|swap)/, '--chart-memory'],
  [/^(disk|mount:)/, '--chart-disk'],
  [/(^net_|:)rx$/, '--chart-in'],
  [/(^net_|:)tx$/, '--chart-out'],
];

/** The token of a field's colour. */
export function tokenOf(field: string): string {
  return TOKENS.find(([begin]) => begin.test(field))?.[1] ?? '--chart-plain';
}
