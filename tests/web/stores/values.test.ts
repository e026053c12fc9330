import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SubscribeReply, Target } from '#protocol/live.ts';
import { ALL_MACHINES } from '#protocol/machine-scope.ts';
import type { ValuesChange, ValuesQuery } from '#protocol/values.ts';
import type { WireEvents } from '../../../web/src/live/dial.ts';
import { App } from '../../../web/src/stores/app.svelte.ts';
import { machineViews } from '../../../web/src/stores/machine-views.ts';
import { stubRunes } from './runes.ts';

const T = 1_700_000_000_000;
const QUERY: ValuesQuery = { scope: ALL_MACHINES, fields: ['cpu', 'ram'] };
const MINUTE = 60_000;

function deviceOf(id: string) {
  return {
    ...{ device_id: id, name: id, tags: [], interval_s: 5 },
    ...{ status: 'online' as const, last_seen: T },
  };
}
const shown = (id: string, cpu: number) => ({
  device: deviceOf(id),
  samples: { t: [T], fields: { cpu: [cpu] } },
});

function setUp() {
  const asked: { target: Target; reply: (answer: SubscribeReply) => void }[] = [];
  const left: unknown[] = [];
  const wires: WireEvents[] = [];
  const app = new App({
    fetch: () => Promise.resolve(new Response('{}')),
    dial(events) {
      wires.push(events);
      return {
        subscribe: (target, reply) => asked.push({ target, reply }),
        part: () => undefined,
        unsubscribe: (room) => left.push(room),
        close: () => undefined,
      };
    },
  });
  const stop = app.live.start();
  const [wire] = wires;
  if (!wire) throw new Error('nothing was dialled');
  wire.open();
  const snapshot = (...ids: string[]) =>
    asked.at(-1)?.reply({
      ok: true,
      snapshot: { room: 'values:7', seq: 0, at: T, data: { shown: ids.map((id) => shown(id, 1)) } },
    });
  const change = (seq: number, data: ValuesChange) =>
    wire.change({ room: 'values:7', seq, at: T + seq * 1000, data });
  return { views: machineViews(app), asked, left, snapshot, change, stop };
}

beforeEach(() => {
  vi.useFakeTimers({ now: T });
  stubRunes();
  vi.stubGlobal('window', new EventTarget());
  vi.stubGlobal('document', new EventTarget());
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the values of several machines', () => {
  it('views with the same query share one subscription, which ends soon after the last one', () => {
    const { views, asked, left, snapshot, stop } = setUp();
    const view = views.values(QUERY);
    expect(views.values({ ...QUERY, fields: ['ram', 'cpu'] })).toBe(view);
    const [leave, leaveOther] = [view.follow(), view.follow()];
    expect(asked.map(({ target }) => target)).toEqual([{ values: QUERY }]);
    snapshot('a', 'b');
    leave();
    leaveOther();
    vi.advanceTimersByTime(1000);
    expect([left, view.state]).toEqual([[], 'ready']);
    vi.advanceTimersByTime(2000);
    expect([left, view.state, view.machines]).toEqual([['values:7'], 'loading', []]);
    stop();
  });

  it('each machine has its newest values, and what it no longer sends is no value of it', () => {
    const { views, snapshot, change, stop } = setUp();
    const view = views.values(QUERY);
    view.follow();
    snapshot('a', 'b');
    expect(view.machines.map(({ id, latest }) => [id, latest])).toEqual([
      ['a', { cpu: 1 }],
      ['b', { cpu: 1 }],
    ]);
    const { version } = view;
    change(1, { values: [{ id: 'a', t: [T + 1000], fields: { ram: [40] } }] });
    expect(view.get('a')).toMatchObject({ latest: { ram: 40 }, sampledAt: T + 1000, seenAt: T + 1000 });
    expect(view.get('b')).toMatchObject({ latest: { cpu: 1 }, seenAt: T });
    expect(view.version).toBe(version + 1);
    stop();
  });

  it('machines come into the scope, change, and leave it', () => {
    const { views, snapshot, change, stop } = setUp();
    const view = views.values(QUERY);
    view.follow();
    snapshot('a', 'b');
    const before = view.machines;
    change(1, { shown: [{ device: { ...deviceOf('a'), status: 'offline' } }] });
    expect(view.machines).toBe(before);
    expect([view.get('a')?.device.status, view.get('a')?.latest]).toEqual(['offline', { cpu: 1 }]);
    change(2, { removed: ['a'], shown: [shown('c', 3)] });
    expect(view.machines.map(({ id }) => id)).toEqual(['b', 'c']);
    expect(view.get('c')?.latest).toEqual({ cpu: 3 });
    stop();
  });

  it('samples are kept as far back as the view that asks for most, and none where no view asks', () => {
    const { views, snapshot, change, stop } = setUp();
    const view = views.values(QUERY);
    view.follow();
    snapshot('a');
    change(1, { values: [{ id: 'a', t: [T + 1000], fields: { cpu: [2] } }] });
    expect(view.get('a')?.samples.t).toEqual([]);
    view.follow({ windowMs: MINUTE });
    view.follow({ windowMs: 1000 });
    for (let seq = 2; seq < 200; seq++)
      change(seq, { values: [{ id: 'a', t: [T + seq * 1000], fields: { cpu: [seq] } }] });
    const { t = [] } = view.get('a')?.samples ?? {};
    expect(t.at(-1)).toBe(T + 199_000);
    expect(t.length).toBeGreaterThanOrEqual(60);
    expect(t.length).toBeLessThan(75);
    stop();
  });

  it('[L4] a machine is shown as live only while its samples and the link are fresh', () => {
    const { views, snapshot, stop } = setUp();
    const view = views.values(QUERY);
    view.follow();
    snapshot('a');
    const [machine] = view.machines;
    if (machine === undefined) throw new Error('there is no machine');
    expect(view.freshness(machine)).toBe('live');
    vi.advanceTimersByTime(20_000);
    expect(view.freshness(machine)).toBe('stale');
    stop();
  });

  it('a query that the server refuses says why', () => {
    const { views, asked, stop } = setUp();
    const view = views.values(QUERY);
    view.follow();
    asked[0]?.reply({ ok: false, code: 'too_large' });
    expect(view.state).toBe('too_large');
    stop();
  });
});
