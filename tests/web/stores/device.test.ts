import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MAX_CLIENT_BYTES, type RoomName, type SubscribeReply, type Target } from '#protocol/live.ts';
import type { WireEvents } from '../../../web/src/live/dial.ts';
import { App } from '../../../web/src/stores/app.svelte.ts';
import { machineViews } from '../../../web/src/stores/machine-views.ts';
import { stubRunes } from './runes.ts';

const T = 1_700_000_000_000;
const detail = {
  device_id: 'd',
  name: 'web-1',
  hostname: 'web-1',
  ip: '10.0.0.7',
  os: 'Debian 13',
  tags: [],
  status: 'online',
  last_seen: T,
  sampled_at: T,
  interval_s: 5,
  clock_skew_ms: null,
  token_revoked_at: null,
  maintenance: null,
  metrics: {},
  registered_at: 0,
  inventory: {},
  token: { issued_at: 0, revoked_at: null },
  dropped: 0,
  parent: null,
  parent_of_tag: null,
  ignored: null,
};
const series = { device_id: 'd', from: T, to: T, step_ms: 1000, series: {} };

const fields = { version: 1, scalars: ['cpu'], kinds: {}, custom: 0 };

function setUp() {
  const asked: { target: Target; reply: (answer: SubscribeReply) => void }[] = [];
  const left: unknown[] = [];
  const wires: WireEvents[] = [];
  const fetched: string[] = [];
  const app = new App({
    async fetch(path) {
      fetched.push(path);
      return new Response(JSON.stringify(series));
    },
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
  /** What was asked for since the last call; waits until charts that come together have been gathered. */
  const targets = () => {
    vi.advanceTimersByTime(200);
    return asked.splice(0);
  };
  /** Answers a request with a snapshot. */
  const answer = (one: ReturnType<typeof targets>[number] | undefined, room: RoomName, seq: number) =>
    one?.reply({ ok: true, snapshot: { room, seq, at: T, data: dataOf(one.target) } });
  /** A push with these values arrives in the room. */
  const push = (room: RoomName, seq: number, t: number, values: Record<string, number>) => {
    const columns = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]]));
    const data = { values: [{ id: 'd', t: [t], fields: columns }] };
    wire.change({ room, seq, at: T + seq * 1000, data });
  };
  /** So many seconds pass, while the link stays alive. */
  const pass = (seconds: number) => {
    for (let s = 0; s < seconds; s++) {
      vi.advanceTimersByTime(1000);
      wire.pulse(T);
    }
  };
  return { views: machineViews(app), targets, answer, push, pass, left, wire, fetched, stop };
}

function dataOf(target: Target): unknown {
  if (typeof target === 'string') return { device: detail, fields };
  const columns = Object.fromEntries(target.values.fields.map((name) => [name, [1]]));
  return { shown: [{ device: detail, samples: { t: [T], fields: columns } }] };
}

const valuesOf = (names: string[]): Target => ({
  values: { scope: { devices: ['d'], tags: [], name: '' }, fields: names },
});

const fieldsIn = (path: string) => new URL(path, 'https://server').searchParams.getAll('field');

beforeEach(() => {
  vi.useFakeTimers();
  stubRunes();
  vi.stubGlobal('window', new EventTarget());
  vi.stubGlobal('document', new EventTarget());
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('one device in several views', () => {
  it('two views of one device share one subscription, and see the same changes', () => {
    const { views, targets, answer, push, stop } = setUp();
    const [page, tile] = [views.device('d'), views.device('d')];
    expect(tile).toBe(page);
    page.follow();
    tile.follow();
    page.show(['cpu']);
    tile.show(['cpu']);
    const asked = targets();
    expect(asked.map(({ target }) => target)).toEqual(['device:d', valuesOf(['cpu'])]);
    answer(asked[0], 'device:d', 1);
    answer(asked[1], 'values:1', 1);
    expect(tile.latest).toEqual({ cpu: 1 });
    push('values:1', 2, T + 1000, { cpu: 42 });
    expect(tile.latest).toEqual({ cpu: 42 });
    expect(tile.samples.t).toEqual([T + 1000]);
    stop();
  });

  it('[F3] the values that came last are shown, also when the clock was set back', () => {
    const { views, targets, answer, push, stop } = setUp();
    const device = views.device('d');
    device.follow();
    device.show(['cpu']);
    const asked = targets();
    answer(asked[0], 'device:d', 1);
    answer(asked[1], 'values:1', 1);
    push('values:1', 2, T + 240_000, { cpu: 10 });
    push('values:1', 3, T + 1000, { cpu: 99 });
    expect(device.latest).toEqual({ cpu: 99 });
    expect(device.sampledAt).toBe(T + 1000);
    expect(device.samples.t).toEqual([T + 1000]);
    stop();
  });

  it('[L6] only what is drawn is subscribed to and fetched, once for two views, and fetched again after a gap', () => {
    const { views, targets, answer, push, fetched, stop } = setUp();
    const device = views.device('d');
    device.follow();
    device.drawn.draw(['cpu', 'mount:/a,b:used']);
    device.drawn.draw(['cpu']);
    const [room, values, ...more] = targets();
    expect(values?.target).toEqual(valuesOf(['cpu', 'mount:/a,b:used']));
    expect(more).toEqual([]);
    answer(room, 'device:d', 1);
    vi.advanceTimersByTime(1);
    // What is fetched reaches to where the live samples begin.
    expect(fetched).toEqual([]);
    answer(values, 'values:1', 1);
    vi.advanceTimersByTime(1);
    expect(fetched.map(fieldsIn)).toEqual([['cpu', 'mount:/a,b:used']]);
    push('values:1', 7, T + 1100, {});
    answer(targets()[0], 'values:1', 8);
    vi.advanceTimersByTime(1);
    expect(fetched.map(fieldsIn)).toEqual([
      ['cpu', 'mount:/a,b:used'],
      ['cpu', 'mount:/a,b:used'],
    ]);
    stop();
  });

  it('[L6] charts that are scrolled to replace the subscription, without a sample missed, and others are left out', () => {
    const { views, targets, answer, push, pass, left, stop } = setUp();
    const device = views.device('d');
    device.follow();
    const hide = device.drawn.draw(['cpu']);
    const [room, first] = targets();
    answer(room, 'device:d', 1);
    answer(first, 'values:1', 0);
    hide();
    device.drawn.draw(['ram']);
    device.drawn.draw(['disk']);
    const [second, ...more] = targets();
    expect([second?.target, more]).toEqual([valuesOf(['cpu', 'disk', 'ram']), []]);
    push('values:1', 1, T + 1000, { cpu: 5 });
    expect(left).toEqual([]);
    answer(second, 'values:2', 0);
    expect(left).toEqual(['values:1']);
    expect(device.samples.fields.get('cpu')).toEqual([5]);
    // What was scrolled away stays for a moment, in case it is scrolled back to.
    pass(10);
    expect(targets().map(({ target }) => target)).toEqual([valuesOf(['disk', 'ram'])]);
    stop();
  });

  it('[L6] no sample is missed while other charts come on the screen before the last ones are answered', () => {
    const { views, targets, answer, push, left, stop } = setUp();
    const device = views.device('d');
    device.follow();
    device.drawn.draw(['cpu']);
    const [room, first] = targets();
    answer(room, 'device:d', 1);
    answer(first, 'values:1', 0);
    device.drawn.draw(['ram']);
    const [second] = targets();
    device.drawn.draw(['disk']);
    answer(second, 'values:2', 0);
    push('values:1', 1, T + 1000, { cpu: 5 });
    expect([left, device.samples.fields.get('cpu')]).toEqual([[], [5]]);
    answer(targets()[0], 'values:3', 0);
    expect(left).toEqual(['values:1', 'values:2']);
    stop();
  });

  it('[L6] a chart that is scrolled back to after a while has the samples fetched that it missed', () => {
    const { views, targets, answer, pass, fetched, stop } = setUp();
    const device = views.device('d');
    device.follow();
    const hide = device.drawn.draw(['cpu']);
    const [room, first] = targets();
    answer(room, 'device:d', 1);
    answer(first, 'values:1', 0);
    pass(1);
    hide();
    pass(11);
    answer(targets()[0], 'values:2', 0);
    device.drawn.draw(['cpu']);
    answer(targets()[0], 'values:3', 0);
    vi.advanceTimersByTime(1);
    expect(fetched.map(fieldsIn)).toEqual([['cpu'], ['cpu']]);
    stop();
  });

  it('[L6] fields with long names are subscribed to in as many queries as it takes', () => {
    const { views, targets, stop } = setUp();
    views.device('d').follow();
    const names = Array.from({ length: 200 }, (_, i) => `mount:/${'x'.repeat(200)}/${100 + i}:used`);
    views.device('d').show(names);
    const [, ...asked] = targets();
    const fields = asked.flatMap(({ target }) => (typeof target === 'object' ? target.values.fields : []));
    expect(fields).toEqual(names);
    for (const { target } of asked)
      expect(JSON.stringify(target).length).toBeLessThan(MAX_CLIENT_BYTES - 200);
    stop();
  });

  it('a device goes on while one of its views is there, and is left and forgotten after the last', () => {
    const { views, targets, answer, left, wire, stop } = setUp();
    const device = views.device('d');
    const [closePage, closeTile] = [device.follow(), device.follow()];
    const [room, values] = targets();
    expect(values?.target).toEqual(valuesOf([]));
    answer(room, 'device:d', 1);
    answer(values, 'values:1', 1);
    closePage();
    vi.advanceTimersByTime(1);
    wire.pulse(T);
    expect(left).toEqual([]);
    expect(device.state).toBe('ready');
    closeTile();
    vi.advanceTimersByTime(1);
    expect(left).toEqual(['device:d', 'values:1']);
    expect(device.state).toBe('loading');
    expect(device.samples.t).toEqual([]);
    device.follow();
    expect(targets()).toHaveLength(2);
    stop();
  });

  it('a page that opens as another of the same device closes keeps the subscription', () => {
    const { views, targets, left, stop } = setUp();
    const close = views.device('d').follow();
    targets();
    close();
    views.device('d').follow();
    expect(targets()).toHaveLength(0);
    expect(left).toEqual([]);
    stop();
  });
});
