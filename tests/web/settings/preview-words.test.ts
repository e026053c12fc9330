import { expect, it } from 'vitest';
import type { PreviewReply } from '#protocol/rule-preview.ts';
import { firesWords, noteWords, tierWords } from '../../../web/src/settings/alert-rules/preview-words.ts';

const reply: PreviewReply = {
  from: 0,
  to: 1,
  tier: 'minutes',
  step_ms: 60_000,
  count: 3,
  covered: 12,
  looked_at: 12,
  machines: [
    { device_id: 'a', device_name: 'a', count: 2 },
    { device_id: 'b', device_name: 'b', count: 1 },
  ],
  firings: [],
  notes: [],
  warnings: [],
  chart: null,
};

it('a preview says how often the rule would have fired, where, and what it was read from', () => {
  expect(firesWords(reply, 7)).toBe('Would have fired 3 times in the last 7 days, on 2 of 12 machines.');
  expect(firesWords({ ...reply, count: 1, looked_at: 1, machines: reply.machines.slice(1) }, 1)).toBe(
    'Would have fired once in the last day, on 1 of 1 machine.',
  );
  expect(firesWords({ ...reply, count: 0 }, 30)).toBe('Would not have fired in the last 30 days.');
  expect(firesWords({ ...reply, covered: 0 }, 7)).toBe('Covers no machine now.');
  expect(tierWords(reply)).toBe('Read from the mean of each minute of 12 machines.');
});

it('what a preview cannot say is a sentence', () => {
  expect(noteWords({ kind: 'machines_left_out', count: 3 })).toContain('3 machines were not looked at');
  expect(noteWords({ kind: 'short_outages_unseen', shorter_than_ms: 180_000 })).toContain(
    'shorter than 3 min',
  );
});
