import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Alert } from '#protocol/alerts.ts';
import { Attention, type Call } from '../../../web/src/alerts/attention.svelte.ts';
import { firing } from '../../protocol/firing-alert.ts';
import { stubRunes } from '../stores/runes.ts';

beforeEach(stubRunes);
afterEach(() => void vi.unstubAllGlobals());

const alert = (id: string, more: Partial<Alert> = {}): Alert => ({ ...firing, id, ...more });

function open(kept = '', allowed = true) {
  const calls: Call[] = [];
  const sounds: boolean[] = [];
  const clock = { at: 0 };
  const memory = {
    kept,
    getItem: () => memory.kept,
    setItem: (_: string, text: string) => void (memory.kept = text),
  };
  const attention = new Attention({
    memory,
    now: () => clock.at,
    signals: {
      beep: (critical) => sounds.push(critical),
      notify: (call) => calls.push(call),
      ask: () => Promise.resolve(allowed),
    },
  });
  return { attention, calls, sounds, clock, memory };
}

it('a browser is silent until somebody turns its sound and notifications on, and remembers that', async () => {
  const { attention, calls, sounds, memory } = open();
  attention.changed([alert('a')]);
  expect([calls, sounds]).toEqual([[], []]);
  attention.setSound(true);
  expect(await attention.setDesktop(true)).toBe(true);
  expect(memory.kept).toBe('sound desktop');
  expect(open(memory.kept).attention).toMatchObject({ sound: true, desktop: true });
});

it('a browser that does not allow notifications leaves them off', async () => {
  const { attention } = open('', false);
  expect(await attention.setDesktop(true)).toBe(false);
  expect(attention.desktop).toBe(false);
});

it('[A6] each alert calls once, unless it is acknowledged or muted, or was there before the page was opened', () => {
  const { attention, calls } = open('desktop');
  attention.know([alert('old')]);
  const mute = { by: 'silence' as const, id: 's', name: 's', until: null };
  attention.changed([
    alert('old'),
    alert('new', { severity: 'critical' }),
    alert('muted', { muted: mute }),
    alert('taken', { state: 'acknowledged' }),
  ]);
  attention.changed([alert('new')]);
  expect(calls).toMatchObject([{ critical: true, title: 'Critical: web-1', alertId: 'new' }]);
  attention.changed([alert('new', { state: 'resolved' })]);
  attention.changed([alert('new')]);
  expect(calls).toHaveLength(2);
});

it('an outage is one notification with the number of its alerts, and one sound in three seconds', () => {
  const { attention, calls, sounds, clock } = open('sound desktop');
  attention.changed([alert('a'), alert('b'), alert('c'), alert('d')]);
  expect(calls).toMatchObject([{ title: 'Warning: 4 alerts', alertId: '' }]);
  expect(calls[0]?.text.split('\n')).toHaveLength(3);
  clock.at = 2999;
  attention.changed([alert('e')]);
  clock.at = 3000;
  attention.changed([alert('f')]);
  expect(sounds).toEqual([false, false]);
});
