/** What is said of a machine's traffic while its section is closed. */
import { figure, text } from '#protocol/figure.ts';
import { forecastWords, untilWords, usedWords } from '../../settings/quotas/quota-words.ts';
import type { StandingQuota } from './machine-traffic.svelte.ts';

/** `3.21 TB of 20 TB, 16 %, until 13 Dec, forecast 9.10 TB`; empty without a quota. */
export function mostUsedInWords(quotas: readonly StandingQuota[]): string {
  const known = quotas.flatMap(({ quota, of: { standing } }) =>
    standing === null ? [] : [{ quota, standing }],
  );
  const most = known.toSorted((a, b) => b.standing.used_percent - a.standing.used_percent)[0];
  if (most === undefined) return '';
  const { quota, standing } = most;
  const percent = text(figure('quota:total:used', standing.used_percent));
  return [
    usedWords(standing, quota),
    percent,
    untilWords(standing, quota),
    forecastWords(standing, quota),
  ].join(', ');
}
