import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { MOST_LIVE_ALERTS, worstAlerts, type Alert } from '#protocol/alerts.ts';
import type { SubscribeReply } from '#protocol/live.ts';
import type { WireEvents } from '../../../web/src/live/dial.ts';
import { App } from '../../../web/src/stores/app.svelte.ts';
import { firing } from '../../protocol/firing-alert.ts';
import { stubRunes } from './runes.ts';

beforeEach(() => {
  stubRunes();
  vi.stubGlobal('window', new EventTarget());
  vi.stubGlobal('document', new EventTarget());
});
afterEach(() => vi.unstubAllGlobals());

const alertOf = (id: string, device_id = 'a'): Alert => ({ ...firing, id, device_id, severity: 'warning' });
const many = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, i) => alertOf(`${prefix}${i}`));

it('[L3] a page keeps a bounded number of the active alerts, one of each machine among them, and counts the others', () => {
  const asked: ((answer: SubscribeReply) => void)[] = [];
  const wires: WireEvents[] = [];
  const app = new App({
    fetch: () => Promise.resolve(new Response('{}')),
    dial(events) {
      wires.push(events);
      return {
        subscribe: (_, reply) => asked.push(reply),
        part: () => undefined,
        unsubscribe: () => undefined,
        close: () => undefined,
      };
    },
  });
  const stop = app.live.start();
  const leave = app.alerts.follow();
  wires[0]?.open();
  const envelope = { room: 'alerts' as const, at: 1 };
  const alerts = many(MOST_LIVE_ALERTS, 'first');
  asked[0]?.({ ok: true, snapshot: { ...envelope, seq: 0, data: { alerts, total: 100_000 } } });
  expect([app.alerts.active.length, app.alerts.more]).toEqual([MOST_LIVE_ALERTS, 95_000]);
  const change = { alerts: [...many(MOST_LIVE_ALERTS, 'next'), alertOf('other', 'b')], total: 105_001 };
  wires[0]?.change({ ...envelope, seq: 1, data: change });
  expect(app.alerts.active.length + app.alerts.more).toBe(105_001);
  expect(app.alerts.active).toHaveLength(MOST_LIVE_ALERTS);
  expect(app.alerts.active.some(({ id }) => id === 'other')).toBe(true);
  leave();
  stop();
});

it('[L4] where the alerts are too many, each machine keeps its worst one, and critical ones come before warnings', () => {
  const critical: Alert = { ...alertOf('critical'), severity: 'critical' };
  const taken: Alert = { ...critical, id: 'taken', state: 'acknowledged' };
  const all = [alertOf('w1'), alertOf('w2', 'b'), taken, critical, alertOf('w3', 'b')];
  expect(worstAlerts(all, 3).map(({ id }) => id)).toEqual(['critical', 'w2', 'taken']);
  expect(worstAlerts(all, 1).map(({ id }) => id)).toEqual(['critical', 'w2']);
  expect(worstAlerts(all, 5)).toBe(all);
});
