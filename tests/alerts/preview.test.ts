import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { alertRuleCreate, type AlertRule } from '#protocol/alerts.ts';
import type { condition } from '#protocol/conditions.ts';
import { onlineWindowMs } from '#protocol/gaps.ts';
import type { Sample } from '#protocol/sample.ts';
import { observe, verdictOf, type MetricState } from '../../server/alerts/evaluate.ts';
import { previewRule, type PreviewAsked, type PreviewParts } from '../../server/alerts/preview.ts';
import { watchOf } from '../../server/alerts/watch.ts';
import { createLog } from '../../server/app/log.ts';
import { openEmbeddedHistory } from '../../server/history/embedded/embedded.ts';
import type { History } from '../../server/history/history.ts';
import { asPushed } from './timeline.ts';

const DAY = 86_400_000;
/** Now, as retention counts from there; at a full hour, so that the series is the same in each run. */
const NOW = Date.now() - (Date.now() % 3_600_000);

/** A number from 0 to 1 that depends on nothing but `n`. */
const noise = (n: number) => {
  const x = Math.sin(n * 12.9898) * 43_758.5453;
  return x - Math.floor(x);
};
const wave = (t: number, periodS: number) => 0.5 + 0.5 * Math.sin((2 * Math.PI * t) / (periodS * 1000));

/** What a device's collectors found at `t`: load that comes and goes, and a disk that fills. */
const found = (t: number, phase: number) => ({
  cpu: 100 * wave(t + phase * 1e6, 5400) * (0.8 + 0.2 * noise(t / 1000 + phase)),
  ram: 40 + 30 * wave(t, 86_400),
  uptime_s: Math.round((t % (3 * DAY)) / 1000),
  'mount:/:used': 60 + ((t - NOW + 8 * DAY) / DAY) * 4,
  'mount:/srv:used': 20,
});

/** Samples every `everyS` seconds in [from, to), as the agent pushes them. */
function* pushes(from: number, to: number, everyS: number, phase: number): Generator<readonly Sample[]> {
  let batch: { t: number; fields: Record<string, number> }[] = [];
  for (let t = from; t < to; t += everyS * 1000) {
    batch.push({ t, fields: found(t, phase) });
    if (batch.length < 300) continue;
    yield asPushed(batch);
    batch = [];
  }
  if (batch.length > 0) yield asPushed(batch);
}

function made(asked: z.input<typeof condition>): AlertRule {
  return { id: 'r', ...alertRuleCreate.parse({ name: 'r', severity: 'warning', condition: asked }) };
}

const devices = [
  { id: 'a', name: 'Alpha', intervalS: 5 },
  { id: 'b', name: 'Beta', intervalS: 5 },
];

describe('the preview of a rule', () => {
  let dir: string;
  let history: History;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'preview-'));
    history = await openEmbeddedHistory({ dir, log: createLog('warn') });
    let position = 1;
    for (const [phase, { id: deviceId }] of devices.entries()) {
      // Minutes for seven days, and each second for the last three hours, with an outage in between.
      for (const samples of pushes(NOW - 8 * DAY, NOW - 2 * DAY, 30, phase))
        await history.write([{ deviceId, samples }], position++);
      for (const samples of pushes(NOW - 2 * DAY + 1_800_000, NOW - 10_800_000, 30, phase))
        await history.write([{ deviceId, samples }], position++);
      for (const samples of pushes(NOW - 10_800_000, NOW, 1, phase))
        await history.write([{ deviceId, samples }], position++);
    }
  }, 60_000);
  afterAll(async () => {
    await history.close();
    await rm(dir, { recursive: true, force: true });
  });

  const preview = (
    asked: Partial<PreviewAsked> & Pick<PreviewAsked, 'rule'>,
    parts: Partial<PreviewParts> = {},
  ) =>
    previewRule({ history, now: () => NOW, goOn: () => undefined, ...parts }, { devices, days: 7, ...asked });

  /** Counts the alerts of a threshold rule by going through the same history value by value. */
  async function bruteForce(rule: AlertRule, days: number, step: number): Promise<number> {
    const [{ held, limit }] = watchOf(rule, rule.condition).tiers;
    const metric = 'metric' in rule.condition ? rule.condition.metric : '';
    let raised = 0;
    for (const { id: deviceId } of devices) {
      const from = Math.ceil((NOW - days * DAY) / step) * step;
      const { series, step: read } = await history.query({ deviceId, from, to: NOW, step, fields: [metric] });
      expect(read).toBe(step);
      let state: MetricState;
      const { t, mean } = series.get(metric) ?? { t: [], mean: [] };
      for (const [i, at] of t.entries()) {
        const gapMs = onlineWindowMs(Math.max(5, step / 1000));
        const next = observe(held, state, at, verdictOf(limit, mean[i] ?? NaN), gapMs);
        state = next.state;
        if (next.event === 'raised') raised++;
      }
    }
    return raised;
  }

  const busy = (change: object = {}) =>
    made({
      kind: 'threshold',
      metric: 'cpu',
      threshold: 80,
      clear: 60,
      for_s: 120,
      clear_for_s: 60,
      ...change,
    });

  it('[A1] the count of a preview is that of a brute-force evaluation, over seconds and over minutes', async () => {
    for (const rule of [
      busy(),
      busy({ for_s: 600 }),
      busy({ of_last: { count: 4, last: 10 } }),
      busy({ threshold: 97 }),
    ]) {
      const week = await preview({ rule });
      expect(week).toMatchObject({ tier: 'minutes', step_ms: 60_000, looked_at: 2 });
      expect(week.count).toBe(await bruteForce(rule, 7, 60_000));
      const hours = await preview({ rule, days: 0.1 });
      expect(hours).toMatchObject({ tier: 'samples', step_ms: 1000 });
      expect(hours.count).toBe(await bruteForce(rule, 0.1, 1000));
    }
    expect((await preview({ rule: busy() })).count).toBeGreaterThan(50);
  }, 60_000);

  it('a preview tells when and on which machines the rule would have fired', async () => {
    const { machines, firings, count, shown } = await preview({ rule: busy() });
    expect(machines.map(({ device_name }) => device_name).toSorted()).toEqual(['Alpha', 'Beta']);
    expect(machines.reduce((sum, machine) => sum + machine.count, 0)).toBe(count);
    expect(firings[0]).toMatchObject({ metric: 'cpu', severity: 'warning' });
    expect(firings.every(({ from, to }) => to === null || to > from)).toBe(true);
    expect(shown).toMatchObject({ field: 'cpu' });
  });

  it('a preview counts outages, restarts, fields that stopped and disks that will be full', async () => {
    const offline = await preview({ rule: made({ kind: 'offline' }) });
    expect(offline.count).toBe(2);
    const restarts = await preview({ rule: made({ kind: 'rebooted' }) });
    expect(restarts.count).toBeGreaterThanOrEqual(4);
    const full = await preview({
      rule: made({
        kind: 'forecast',
        metric: 'mount:*:used',
        reaches: 90,
        threshold: 24,
        clear: 36,
        for_s: 0,
      }),
    });
    expect(full.firings.map(({ metric, to }) => `${metric} ${to}`)).toEqual([
      'mount:/:used null',
      'mount:/:used null',
    ]);
    expect(full.firings[0]?.reading).toBe('reaches 90 % in about 24 h');
    const change = await preview({
      rule: made({ kind: 'change', metric: 'cpu', over_s: 600, threshold: 30, clear: 0, for_s: 0 }),
    });
    expect(change.count).toBeGreaterThan(50);
  });

  it('a preview of what is unusual at an hour compares with the weeks before', async () => {
    const rule = made({
      kind: 'deviation',
      metric: 'ram',
      threshold: 3,
      clear: 2,
      weeks: 2,
      least: 5,
    });
    expect(await preview({ rule, days: 1 })).toMatchObject({ count: 0 });
  });

  it('a preview is bounded: it reads a coarser part of the history, then fewer machines, and says so', async () => {
    const coarse = await preview({ rule: busy() }, { mostPoints: 5000 });
    expect(coarse).toMatchObject({ tier: 'quarters', looked_at: 2 });
    expect(coarse.notes).toEqual([{ kind: 'peaks_flatter' }]);
    const few = await preview({ rule: busy() }, { mostPoints: 700 });
    expect(few.looked_at).toBe(1);
    expect(few.notes).toContainEqual({ kind: 'machines_left_out', count: 1 });
  });

  it('a preview ends when nobody waits for it, and when the history cannot be read', async () => {
    let slices = 0;
    const goOn = () => {
      if (++slices > 2) throw new Error('gone');
    };
    await expect(preview({ rule: busy() }, { goOn })).rejects.toThrow('gone');
    const away = { query: () => Promise.reject(new Error('away')), fields: () => Promise.resolve(['cpu']) };
    await expect(preview({ rule: busy() }, { history: away })).rejects.toThrow('away');
  });
});
