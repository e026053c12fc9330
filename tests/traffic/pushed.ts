/** The body of a push with these samples, in the agent's columns. */
import type { Sample } from '#protocol/sample.ts';
import { inColumns } from '../../agent/outgoing/push.ts';

export const asPush = (samples: readonly Sample[]) => ({
  interval_s: 5,
  sent_at: Date.now(),
  ...inColumns(samples.map(({ t, values }) => ({ t, fields: { ...values } }))),
});
