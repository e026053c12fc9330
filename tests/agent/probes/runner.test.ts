import { expect, it } from 'vitest';
import type { ListedProbe } from '#protocol/probes.ts';
import { RefusedError, type Outcome } from '../../../agent/probes/attempt.ts';
import { createRunner, MOST_AT_ONCE, MOST_PER_SECOND, type TryOnce } from '../../../agent/probes/runner.ts';
import { manualClock } from '../sampling/clock.ts';
import { aProbe } from './targets.ts';

const UP: Outcome = { problem: undefined, values: { ms: 12 } };
const DOWN: Outcome = { problem: 'connection refused', values: { ms: 1, status: 500 } };

const named = (name: string, given: object = {}) =>
  aProbe({ kind: 'tcp', target: 'a:1', id: name, name, interval_s: 30, ...given });

/** A runner whose tries end as `end` says; by default they are up. */
function running(end: (probe: ListedProbe, nth: number) => Promise<Outcome> = () => Promise.resolve(UP)) {
  const clock = manualClock();
  const tries: { readonly name: string; readonly at: number }[] = [];
  const signals: AbortSignal[] = [];
  const tryOnce: TryOnce = (probe, { signal, doing }) => {
    tries.push({ name: probe.name, at: clock.monotonic() });
    signals.push(signal);
    doing('the answer of a:1');
    return end(probe, tries.filter(({ name }) => name === probe.name).length);
  };
  const runner = createRunner({ tryOnce, clock, random: () => 0 });
  const fields = () => runner.fields(clock.monotonic());
  return { clock, runner, tries, signals, fields };
}

it('a probe runs at its interval, and the samples in between repeat what it found', async () => {
  const { clock, runner, tries, fields } = running();
  runner.take([named('a')]);
  await clock.advance(0);
  expect(fields()).toEqual({ 'probe:a:up': 1, 'probe:a:ms': 12 });
  await clock.advance(29_999);
  expect(tries).toHaveLength(1);
  expect(fields()).toEqual({ 'probe:a:up': 1, 'probe:a:ms': 12 });
  await clock.advance(60_001);
  expect(tries.map(({ at }) => at)).toEqual([0, 30_000, 60_000, 90_000]);
});

it('a probe is down only after its tries have all failed, and says why from the first one on', async () => {
  const { clock, runner, fields } = running((_, nth) => Promise.resolve(nth >= 2 && nth <= 4 ? DOWN : UP));
  runner.take([named('a', { tries: 3 })]);
  await clock.advance(30_000);
  expect(fields()).toEqual({ 'probe:a:up': 1, 'probe:a:status': 500 });
  expect(runner.reports()).toMatchObject([{ state: 'failing', reason: 'connection refused' }]);
  await clock.advance(5000);
  expect(fields()['probe:a:up']).toBe(1);
  await clock.advance(5000);
  expect(fields()).toEqual({ 'probe:a:up': 0, 'probe:a:status': 500 });
  expect(runner.reports()).toMatchObject([{ state: 'down' }]);
  await clock.advance(30_000);
  expect(fields()).toEqual({ 'probe:a:up': 1, 'probe:a:ms': 12 });
  expect(runner.reports()).toMatchObject([{ state: 'up', reason: '' }]);
});

it('what is said of a probe is the same object until its state or its reason changes', async () => {
  const { clock, runner } = running((_, nth) => Promise.resolve(nth < 4 ? UP : DOWN));
  runner.take([named('a')]);
  await clock.advance(0);
  const said = runner.reports();
  await clock.advance(60_000);
  expect(runner.reports()).toBe(said);
  await clock.advance(30_000);
  expect(runner.reports()).not.toBe(said);
});

it('[G3] a target that hangs delays no other probe, and its try is ended', async () => {
  const { clock, runner, tries, signals } = running((probe) =>
    probe.name === 'hangs' ? new Promise(() => undefined) : Promise.resolve(UP),
  );
  runner.take([named('hangs', { tries: 1, timeout_s: 5 }), named('a', { interval_s: 5 })]);
  await clock.advance(4999);
  expect(runner.reports()).toMatchObject([{ name: 'a' }]);
  await clock.advance(1);
  expect(signals[0]?.aborted).toBe(true);
  expect(runner.reports()).toMatchObject([
    { state: 'down', reason: 'no answer within 5 s, waiting for the answer of a:1' },
    { state: 'up' },
  ]);
  await clock.advance(20_000);
  expect(tries.filter(({ name }) => name === 'a').map(({ at }) => at)).toEqual([
    0, 5000, 10_000, 15_000, 20_000, 25_000,
  ]);
});

it('so many tries begin within a second, and so many are under way at once, whatever the list asks for', async () => {
  const { clock, runner, tries } = running(() => new Promise(() => undefined));
  runner.take(Array.from({ length: 50 }, (_, i) => named(`p${i}`, { timeout_s: 30 })));
  await clock.advance(0);
  expect(tries).toHaveLength(MOST_PER_SECOND);
  await clock.advance(999);
  expect(tries).toHaveLength(MOST_PER_SECOND);
  await clock.advance(10_000);
  expect(tries).toHaveLength(MOST_AT_ONCE);
});

it('with 50 probes each second, all of them get their turn', async () => {
  const { clock, runner, tries } = running();
  runner.take(Array.from({ length: 50 }, (_, i) => named(`p${i}`, { interval_s: 5 })));
  await clock.advance(60_000);
  expect(new Set(tries.map(({ name }) => name)).size).toBe(50);
  for (let second = 0; second < 60; second++) {
    const within = tries.filter(({ at }) => at >= second * 1000 && at < (second + 1) * 1000);
    expect(within.length).toBeLessThanOrEqual(MOST_PER_SECOND + 1);
  }
});

it('what the agent may not do is said with its remedy, and is neither up nor down', async () => {
  const { clock, runner, fields } = running(() => Promise.reject(new RefusedError('not allowed', 'A=b')));
  runner.take([named('a')]);
  await clock.advance(60_000);
  expect(fields()).toEqual({});
  expect(runner.reports()).toMatchObject([{ state: 'refused', reason: 'not allowed', remedy: 'A=b' }]);
});

it('[S6] a reason is bounded and harmless', async () => {
  const { clock, runner } = running(() =>
    Promise.resolve({ problem: `a\u202eb\n${'x'.repeat(1000)}`, values: {} }),
  );
  runner.take([named('a')]);
  await clock.advance(0);
  const [{ reason } = { reason: '' }] = runner.reports();
  expect(reason).toMatch(/^ab x+$/);
  expect(reason.length).toBeLessThanOrEqual(300);
});

it('with another list, probes in both go on, changed ones begin anew, and the others end', async () => {
  const { clock, runner, tries, fields } = running();
  runner.take([named('same'), named('changed'), named('gone')]);
  await clock.advance(10_000);
  runner.take([named('same'), named('changed', { tries: 5 })]);
  expect(fields()).toEqual({ 'probe:same:up': 1, 'probe:same:ms': 12 });
  await clock.advance(25_000);
  expect(tries.map(({ name, at }) => `${name} ${at}`)).toEqual([
    'same 0',
    'changed 0',
    'gone 0',
    'changed 10000',
    'same 30000',
  ]);
  expect(runner.reports().map(({ name }) => name)).toEqual(['same', 'changed']);
});

it('what a try finds after its probe was taken away is dropped', async () => {
  let end: (outcome: Outcome) => void = () => undefined;
  const { clock, runner, fields } = running(() => new Promise((resolve) => (end = resolve)));
  runner.take([named('a')]);
  await clock.advance(0);
  runner.take([]);
  end(UP);
  await clock.advance(0);
  expect(fields()).toEqual({});
  expect(runner.reports()).toEqual([]);
});

it('a try that a person asks for comes at once, and its report answers that', async () => {
  const { clock, runner, tries } = running();
  runner.take([named('a', { interval_s: 3600 })]);
  await clock.advance(10_000);
  runner.take([named('a', { interval_s: 3600, asked_at: 77 })]);
  await clock.advance(0);
  expect(tries.map(({ at }) => at)).toEqual([0, 10_000]);
  expect(runner.reports()).toMatchObject([{ state: 'up', asked_at: 77 }]);
  await clock.advance(60_000);
  expect(tries).toHaveLength(2);
});

it('values are not repeated for ever while no try ends', async () => {
  const { clock, runner, fields } = running((_, nth) =>
    nth === 1 ? Promise.resolve(UP) : Promise.reject(new RefusedError('', '')),
  );
  runner.take([named('a', { interval_s: 5 })]);
  await clock.advance(0);
  runner.stop();
  await clock.advance(60_000);
  expect(fields()).toEqual({});
});

it('new probes are spread over the first seconds', async () => {
  const clock = manualClock();
  const begun: number[] = [];
  const tryOnce: TryOnce = () => {
    begun.push(clock.monotonic());
    return Promise.resolve(UP);
  };
  let next = 0;
  const runner = createRunner({ tryOnce, clock, random: () => (next++ % 4) / 4 });
  runner.take(Array.from({ length: 4 }, (_, i) => named(`p${i}`)));
  await clock.advance(5000);
  expect(begun).toEqual([0, 1250, 2500, 3750]);
});
