import { describe, expect, it } from 'vitest';
import { alertReading } from '#protocol/alert-words.ts';
import { alertRuleCreate, type AlertRule } from '#protocol/alerts.ts';
import { DAY, HOUR, MINUTE } from '#protocol/span.ts';
import { forecastWords } from '../../server/alerts/reading-words.ts';
import { baselineOf, deviationOf, forecastOf } from '../../server/alerts/trend.ts';
import { createTrends, type RuleHistory } from '../../server/alerts/trends.ts';
import { T0 } from './stage.ts';
import { openTimeline } from './timeline.ts';

const ignore = () => undefined;
const log = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** A history in which the field's value is a function of the time. */
function historyOf(field: string, valueAt: (t: number) => number): RuleHistory {
  return {
    fields: () => Promise.resolve(['cpu', field]),
    query({ from, to, step }) {
      const t: number[] = [];
      for (let at = Math.ceil(from / step) * step; at < to; at += step) t.push(at);
      return Promise.resolve({ step, series: new Map([[field, { t, mean: t.map(valueAt) }]]) });
    },
  };
}

/** Alerts whose trends are read from the history; `look` lets them look at it. */
function openTrends(rules: readonly AlertRule[], history: RuleHistory) {
  const timeline = openTimeline(rules);
  const { stage } = timeline;
  const create = () =>
    createTrends({
      history,
      deviceIds: () => ['a'],
      needsOf: (id) => stage.alerts.trendsNeeded(id),
      found: (id, what, found) => stage.alerts.trendsFound(id, what, found),
      clock: {
        now: () => stage.clock.at,
        after: (_ms, job) => {
          queueMicrotask(job);
          return ignore;
        },
        every: () => ignore,
      },
      log,
    });
  let trends = create();
  return {
    timeline,
    look: () => trends.round(),
    /** The server is off for so many seconds; what was read of the history is lost. */
    restart(downS: number) {
      trends.stop();
      timeline.restart(downS);
      trends = create();
    },
  };
}

const points = (values: readonly number[]) => ({
  t: values.map((_, i) => T0 + i * 15 * MINUTE),
  value: values,
});
const END = T0 + 96 * 15 * MINUTE;
const steady = points(Array.from({ length: 96 }, (_, i) => 50 + i / 8));

describe('a forecast', () => {
  it('[A1] a field that rises steadily reaches its level when the line says, with no uncertainty', () => {
    const forecast = forecastOf(steady, { reaches: 100, rising: true }, END);
    expect(forecast?.hours).toBeCloseTo((100 - 61.875) / 0.5, 5);
    expect(forecast?.soonest).toBeCloseTo(forecast?.latest ?? 0, 3);
  });

  it('a field that scatters reaches its level within a time, not at one', () => {
    const scattered = points(steady.value.map((value, i) => value + 6 * Math.sin(i * 37.7)));
    const forecast = forecastOf(scattered, { reaches: 100, rising: true }, END);
    expect(forecast?.soonest).toBeLessThan(forecast?.hours ?? 0);
    expect(forecast?.latest).toBeGreaterThan(forecast?.hours ?? 0);
  });

  it('a field that does not rise never reaches its level, and too short a history says nothing', () => {
    const flat = points(Array<number>(96).fill(50));
    expect(forecastOf(flat, { reaches: 100, rising: true }, END)?.hours).toBe(Infinity);
    expect(forecastOf(steady, { reaches: 0, rising: false }, END)?.hours).toBe(Infinity);
    expect(forecastOf(points([1, 2, 3]), { reaches: 100, rising: true }, END)).toBeUndefined();
  });

  it('a forecast is written with its uncertainty', () => {
    const full = { metric: 'mount:/:used', reaches: 100, rising: true };
    expect(forecastWords({ hours: 18.2, soonest: 12.1, latest: 30.4 }, full)).toBe(
      'full in about 18 h (12–30 h)',
    );
    expect(forecastWords({ hours: 18, soonest: 9, latest: Infinity }, full)).toBe(
      'full in about 18 h (9 h or more)',
    );
    expect(forecastWords({ hours: 0, soonest: 0, latest: 0 }, full)).toBe('full now');
  });
});

describe('what is usual', () => {
  it('[A1] a single peak in past weeks changes neither the median nor the usual deviation much', () => {
    const quiet = Array.from({ length: 16 }, (_, i) => 10 + (i % 4));
    const usual = baselineOf([...quiet.slice(1), 100]);
    expect(usual?.median).toBe(12);
    expect(usual?.spread).toBeLessThan(3);
  });

  it('a difference below the least one is never unusual, and a flat line has no infinite deviation', () => {
    const flat = { kind: 'baseline', median: 10, spread: 0 } as const;
    expect(deviationOf(flat, 12, 5)).toBe(0);
    expect(deviationOf(flat, 20, 5)).toBe(999);
    expect(deviationOf(flat, 10, 0)).toBe(0);
  });
});

describe('rules that read the history', () => {
  const make = (condition: object): AlertRule => ({
    id: 'r',
    ...alertRuleCreate.parse({ name: 'r', severity: 'warning', condition }),
  });
  const disk = (used: number) => ({ quick: () => ({ cpu: 1 }), slow: () => ({ 'mount:/:used': used }) });

  it('an alert is raised when a disk will be full soon, becomes critical, and goes on after a restart', async () => {
    let perHour = 0.1;
    const { timeline, look, restart } = openTrends(
      [
        make({
          kind: 'forecast',
          metric: 'mount:*:used',
          reaches: 100,
          threshold: 24,
          clear: 36,
          for_s: 0,
          clear_for_s: 0,
          critical: { threshold: 4, clear: 6 },
        }),
      ],
      historyOf('mount:/:used', (t) => 90 + ((t - T0) / HOUR) * perHour),
    );
    timeline.run(10, disk(90));
    await look();
    timeline.run(10, disk(90));
    expect(timeline.log).toEqual([]);
    perHour = 0.5;
    await look();
    timeline.run(10, disk(90));
    const alert = timeline.newest();
    expect(alert && alertReading(alert)).toBe('full in about 20 h');
    restart(30);
    timeline.run(30, disk(90));
    perHour = 4;
    await look();
    timeline.run(10, disk(90));
    expect(timeline.log).toEqual(['25 mount:/:used warning firing', '95 mount:/:used critical firing']);
    perHour = 0;
    await look();
    timeline.run(10, disk(90));
    expect(timeline.stage.alerts.active()).toEqual([]);
    expect(timeline.stage.stored.all()).toHaveLength(1);
  });

  it('an alert is raised when a value is far from that of the same hour in past weeks, and goes on after a restart', async () => {
    const hourly = (t: number) => 20 + 10 * Math.sin((2 * Math.PI * t) / DAY) + ((t / (15 * MINUTE)) % 3);
    const { timeline, look, restart } = openTrends(
      [make({ kind: 'deviation', metric: 'cpu', threshold: 4, clear: 2, for_s: 10, clear_for_s: 0 })],
      historyOf('cpu', hourly),
    );
    const usual = hourly(T0);
    timeline.run(30, { quick: () => ({ cpu: usual + 60 }) });
    expect(timeline.log).toEqual([]);
    await look();
    timeline.run(30, { quick: () => ({ cpu: usual + 1 }) });
    expect(timeline.log).toEqual([]);
    timeline.run(30, { quick: () => ({ cpu: usual + 60 }) });
    const alert = timeline.newest();
    expect(alert && alertReading(alert)).toMatch(/^8\d %, usually 2\d % ± \d\.\d % at this hour$/);
    // [A3] A restart does not know the past weeks until it has looked: the alert goes on, and is not raised again.
    restart(10);
    timeline.run(20, { quick: () => ({ cpu: usual + 60 }) });
    await look();
    timeline.run(20, { quick: () => ({ cpu: usual + 60 }) });
    expect(timeline.stage.reported).toEqual([]);
    expect(timeline.stage.alerts.active()).toHaveLength(1);
    timeline.run(10, { quick: () => ({ cpu: usual + 1 }) });
    expect(timeline.stage.alerts.active()).toEqual([]);
    expect(timeline.stage.stored.all()).toHaveLength(1);
  });

  it('a history that cannot be read leaves alerts as they are', async () => {
    const { timeline, look } = openTrends(
      [make({ kind: 'forecast', metric: 'mount:*:used', reaches: 100, threshold: 24, clear: 36 })],
      { fields: () => Promise.reject(new Error('away')), query: () => Promise.reject(new Error('away')) },
    );
    await look();
    timeline.run(30, disk(99));
    expect(timeline.log).toEqual([]);
  });
});
