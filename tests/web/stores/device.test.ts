import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RoomName, SubscribeReply } from '#protocol/live.ts';
import type { WireEvents } from '../../../web/src/live/dial.ts';
import { App } from '../../../web/src/stores/app.svelte.ts';
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
  metrics: { cpu: 1 },
  registered_at: 0,
  inventory: {},
  token: { issued_at: 0, revoked_at: null },
  dropped: 0,
  parent: null,
  parent_of_tag: null,
  ignored: null,
  conflict: null,
};
const series = { device_id: 'd', from: T, to: T, step_ms: 1000, series: {} };

function setUp() {
  const asked: { room: RoomName; reply: (answer: SubscribeReply) => void }[] = [];
  const left: RoomName[] = [];
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
        subscribe: (room, reply) => asked.push({ room, reply }),
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
  return { app, asked, left, wire, fetched, stop };
}

const snapshot = (seq: number): SubscribeReply => ({
  ok: true,
  snapshot: { room: 'device:d', seq, at: T, data: { device: detail } },
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
    const { app, asked, wire, stop } = setUp();
    const [page, tile] = [app.device('d'), app.device('d')];
    expect(tile).toBe(page);
    page.follow();
    tile.follow();
    expect(asked.map(({ room }) => room)).toEqual(['device:d']);
    asked[0]?.reply(snapshot(1));
    const samples = { t: [T + 1000], fields: { cpu: [42] } };
    wire.change({ room: 'device:d', seq: 2, at: T + 1100, data: { samples } });
    expect(tile.latest).toEqual({ cpu: 42 });
    expect(tile.samples.t).toEqual([T + 1000]);
    stop();
  });

  it('[F3] the values that came last are shown, also when the clock was set back', () => {
    const { app, asked, wire, stop } = setUp();
    const device = app.device('d');
    device.follow();
    asked[0]?.reply(snapshot(1));
    const push = (seq: number, t: number, cpu: number) => {
      const samples = { t: [t], fields: { cpu: [cpu] } };
      wire.change({ room: 'device:d', seq, at: T + seq * 1000, data: { samples } });
    };
    push(2, T + 240_000, 10);
    push(3, T + 1000, 99);
    expect(device.latest).toEqual({ cpu: 99 });
    expect(device.sampledAt).toBe(T + 1000);
    expect(device.samples.t).toEqual([T + 1000]);
    stop();
  });

  it('[L6] only the fields that are drawn are fetched, once for two views, and again after a gap', () => {
    const { app, asked, wire, fetched, stop } = setUp();
    const device = app.device('d');
    device.follow();
    device.drawn.draw(['cpu', 'mount:/a,b:used']);
    device.drawn.draw(['cpu']);
    asked[0]?.reply(snapshot(1));
    vi.advanceTimersByTime(1);
    expect(fetched.map(fieldsIn)).toEqual([['cpu', 'mount:/a,b:used']]);
    wire.change({ room: 'device:d', seq: 7, at: T + 1100, data: {} });
    asked[1]?.reply(snapshot(8));
    vi.advanceTimersByTime(1);
    expect(fetched.map(fieldsIn)).toEqual([
      ['cpu', 'mount:/a,b:used'],
      ['cpu', 'mount:/a,b:used'],
    ]);
    stop();
  });

  it('a device goes on while one of its views is there, and is left and forgotten after the last', () => {
    const { app, asked, left, wire, stop } = setUp();
    const device = app.device('d');
    const [closePage, closeTile] = [device.follow(), device.follow()];
    asked[0]?.reply(snapshot(1));
    closePage();
    vi.advanceTimersByTime(1);
    wire.pulse(T);
    expect(left).toEqual([]);
    expect(device.state).toBe('ready');
    closeTile();
    vi.advanceTimersByTime(1);
    expect(left).toEqual(['device:d']);
    expect(device.state).toBe('loading');
    expect(device.samples.t).toEqual([]);
    device.follow();
    expect(asked).toHaveLength(2);
    stop();
  });

  it('a page that opens as another of the same device closes keeps the subscription', () => {
    const { app, asked, left, stop } = setUp();
    const close = app.device('d').follow();
    close();
    app.device('d').follow();
    vi.advanceTimersByTime(1000);
    expect(asked).toHaveLength(1);
    expect(left).toEqual([]);
    stop();
  });
});
