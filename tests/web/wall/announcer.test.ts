import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Alert } from '#protocol/alerts.ts';
import type { WallSettings } from '#protocol/walls.ts';
import { FRAMED_MS, REPEAT_MS, type Announcer } from '../../../web/src/wall/announcer.svelte.ts';
import { stubRunes } from '../stores/runes.ts';

const silent: WallSettings['sound'] = { warning: 'off', critical: 'off' };

function alertOf(id: string, changes: Partial<Alert> = {}): Alert {
  return {
    ...{ id, rule_id: 'r', rule_name: 'CPU', device_id: `d-${id}`, device_name: `web-${id}`, metric: 'cpu' },
    ...{ value: 97, threshold: 90, others: 0, severity: 'critical', state: 'firing', timestamp: 0 },
    ...{ resolved_at: null, resolution: null, acknowledged: null, comments: [], events: [], reopened: 0 },
    ...{ flapping: false, quiet_since: null, muted: null },
    ...changes,
  };
}

describe('what a wall announces', () => {
  let make: () => { announcer: Announcer; heard: boolean[] };
  beforeAll(async () => {
    stubRunes();
    const loaded = await import('../../../web/src/wall/announcer.svelte.ts');
    make = () => {
      const heard: boolean[] = [];
      return { heard, announcer: new loaded.Announcer({ beep: (critical) => void heard.push(critical) }) };
    };
  });
  afterAll(() => void vi.unstubAllGlobals());

  it('a machine that becomes critical is framed once and for some seconds; those from before are not', () => {
    const { announcer } = make();
    announcer.update([alertOf('1')], silent, 0);
    expect(announcer.fresh).toEqual([]);
    announcer.update([alertOf('1'), alertOf('2'), alertOf('3', { severity: 'warning' })], silent, 1000);
    expect(announcer.fresh).toEqual(['d-2']);
    announcer.update([alertOf('1'), alertOf('2')], silent, 1000 + FRAMED_MS);
    expect(announcer.fresh).toEqual([]);
  });

  it('with "once", each new alert is heard once, by the severities that are switched on', () => {
    const { announcer, heard } = make();
    const sound = { warning: 'off', critical: 'once' } as const;
    announcer.update([], sound, 0);
    announcer.update([alertOf('1', { severity: 'warning' })], sound, 10_000);
    expect(heard).toEqual([]);
    for (let now = 20_000; now < 200_000; now += 1000) announcer.update([alertOf('2')], sound, now);
    expect(heard).toEqual([true]);
  });

  it('[A6] with "until acknowledged", an alert is heard again and again until somebody takes it on', () => {
    const { announcer, heard } = make();
    const sound = { warning: 'off', critical: 'until_acknowledged' } as const;
    announcer.update([], sound, 0);
    for (let now = 1000; now <= 1000 + 3 * REPEAT_MS; now += 1000)
      announcer.update([alertOf('1')], sound, now);
    expect(heard).toHaveLength(4);
    const taken = alertOf('1', { state: 'acknowledged' });
    for (let now = 100_000; now < 200_000; now += 1000) announcer.update([taken], sound, now);
    expect(heard).toHaveLength(4);
  });

  it('[A6] an alert that is muted, as in maintenance, is neither framed nor heard', () => {
    const { announcer, heard } = make();
    const sound = { warning: 'once', critical: 'until_acknowledged' } as const;
    announcer.update([], sound, 0);
    const muted = { by: 'maintenance', id: 's', name: 'Update', until: null } as const;
    for (let now = 1000; now < 60_000; now += 1000) announcer.update([alertOf('1', { muted })], sound, now);
    expect([heard, announcer.fresh]).toEqual([[], []]);
  });
});
