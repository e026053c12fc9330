import { describe, expect, it } from 'vitest';
import { PULSE_MS, STALE_AFTER_MS, type SubscribeReply, type Target } from '#protocol/live.ts';
import type { WireEvents } from '../../../web/src/live/dial.ts';
import { Link, retryDelay, type LinkState } from '../../../web/src/live/link.ts';
import { FakeTime } from './fake-time.ts';

interface Dialled {
  readonly events: WireEvents;
  readonly asked: { room: Target; reply: (answer: SubscribeReply) => void }[];
  readonly left: unknown[];
  closed: boolean;
}

function setUp() {
  const time = new FakeTime();
  const dialled: Dialled[] = [];
  const states: LinkState[] = [];
  let doubts = 0;
  const link = new Link({
    now: time.now,
    after: time.after,
    random: () => 1,
    changed: (state) => states.push(state),
    doubted: () => doubts++,
    dial(events) {
      const one: Dialled = { events, asked: [], left: [], closed: false };
      dialled.push(one);
      return {
        subscribe: (room, reply) => one.asked.push({ room, reply }),
        part: () => undefined,
        unsubscribe: (room) => one.left.push(room),
        close: () => {
          one.closed = true;
        },
      };
    },
  });
  const last = () => {
    const one = dialled.at(-1);
    if (!one) throw new Error('nothing was dialled');
    return one;
  };
  return { time, dialled, states, link, last, doubts: () => doubts };
}

describe('the link', () => {
  it('the link is live once it is open, and stays live while pulses come', () => {
    const { link, last, time, states } = setUp();
    link.start();
    last().events.open();
    for (let i = 0; i < 60; i++) {
      time.pass(PULSE_MS);
      last().events.pulse(time.now());
    }
    expect(states).toEqual(['live']);
  });

  it('[L4] the link is stale after STALE_AFTER_MS without a message, and dials again at once', () => {
    const { link, last, time, dialled } = setUp();
    link.start();
    last().events.open();
    time.pass(STALE_AFTER_MS - 1);
    expect(link.state).toBe('live');
    time.pass(100);
    expect(link.state).toBe('stale');
    expect(dialled).toHaveLength(2);
    expect(dialled[0]?.closed).toBe(true);
    last().events.open();
    expect(link.state).toBe('live');
  });

  it("[L4] after the viewer's machine slept, the first timer that runs makes the link stale", () => {
    const { link, last, time } = setUp();
    link.start();
    last().events.open();
    time.pass(1000);
    last().events.pulse(time.now());
    time.sleep(8 * 3_600_000);
    time.pass(0);
    expect(link.state).toBe('stale');
  });

  it("[L4] the link goes stale in time although the viewer's clock was set back", () => {
    const { link, last, time } = setUp();
    link.start();
    last().events.open();
    time.set(-3_600_000);
    link.nudge();
    time.pass(STALE_AFTER_MS + 100);
    expect(link.state).toBe('stale');
  });

  it('[L4] a lost link dials for ever: within 2 s at first, then at least every 10 s', () => {
    const { link, last, time, dialled } = setUp();
    link.start();
    last().events.open();
    last().events.closed();
    expect(link.state).toBe('lost');
    time.pass(2000);
    expect(dialled).toHaveLength(2);
    for (let i = 0; i < 200; i++) {
      last().events.closed();
      const before = dialled.length;
      time.pass(10_000);
      expect(dialled.length).toBeGreaterThan(before);
    }
    last().events.open();
    expect(link.state).toBe('live');
  });

  it('[L4] an attempt to connect that hangs is given up and made again', () => {
    const { link, time, dialled } = setUp();
    link.start();
    time.pass(60_000);
    expect(dialled.length).toBeGreaterThan(3);
    expect(dialled.slice(0, -1).every(({ closed }) => closed)).toBe(true);
    expect(link.state).toBe('lost');
  });

  it('[L4] a nudge makes a lost link dial at once, and only once', () => {
    const { link, last, dialled } = setUp();
    link.start();
    last().events.closed();
    link.nudge();
    expect(dialled).toHaveLength(2);
    link.nudge();
    expect(dialled).toHaveLength(2);
  });

  it('[L1] the link asks for a new snapshot of every room on every new connection', () => {
    const { link, last, time } = setUp();
    const shown: unknown[] = [];
    link.follow('fleet', {
      snapshot: (data) => shown.push(data),
      change: (data) => shown.push(data),
    });
    link.start();
    last().events.open();
    last().asked[0]?.reply({ ok: true, snapshot: { room: 'fleet', seq: 3, at: 0, data: 'a' } });
    last().events.change({ room: 'fleet', seq: 4, at: 0, data: 'b' });
    const old = last();
    last().events.closed();
    time.pass(2000);
    last().events.open();
    old.events.change({ room: 'fleet', seq: 5, at: 0, data: 'of the old connection' });
    last().asked[0]?.reply({ ok: true, snapshot: { room: 'fleet', seq: 1, at: 0, data: 'c' } });
    expect(shown).toEqual(['a', 'b', 'c']);
  });

  it('[L1] a room that is followed while the link is open is asked for at once, and left at the server', () => {
    const { link, last } = setUp();
    link.start();
    last().events.open();
    const leave = link.follow('fleet', { snapshot: () => undefined, change: () => undefined });
    expect(last().asked.map(({ room }) => room)).toEqual(['fleet']);
    leave();
    leave();
    expect(last().left).toEqual(['fleet']);
  });

  it('a room has one follower: a second one is refused until the first left', () => {
    const { link } = setUp();
    const handlers = { snapshot: () => undefined, change: () => undefined };
    const leave = link.follow('fleet', handlers);
    expect(() => link.follow('fleet', handlers)).toThrow('fleet is followed already.');
    leave();
    link.follow('fleet', handlers);
  });

  it('[L5] the link asks for the session to be checked when the server says it ended or refuses a handshake, not when the server stops', () => {
    const { link, last, time, doubts } = setUp();
    link.start();
    last().events.open();
    last().events.bye('server_stopping');
    expect(doubts()).toBe(0);
    time.pass(2000);
    last().events.closed();
    expect(doubts()).toBe(1);
    time.pass(5000);
    last().events.open();
    last().events.bye('session_ended');
    expect(doubts()).toBe(2);
  });

  it('a stopped link has closed its connection, has no timer left and dials no more', () => {
    const { link, last, time, dialled } = setUp();
    link.follow('alerts', { snapshot: () => undefined, change: () => undefined });
    link.start();
    last().events.open();
    link.stop();
    expect(last().closed).toBe(true);
    expect(time.pending).toBe(0);
    time.pass(60_000);
    expect(dialled).toHaveLength(1);
  });

  it("the link knows the server's time from the pulse that travelled fastest", () => {
    const { link, last, time } = setUp();
    link.start();
    last().events.open();
    const ahead = 90_000;
    for (const delay of [400, 20, 900]) last().events.pulse(time.now() + ahead - delay);
    expect(link.clock.at(time.now())).toBe(time.now() + ahead - 20);
  });
});

describe('the wait before the next attempt', () => {
  it('[L4] the wait before the next attempt is at most 1 s at first and never more than 10 s', () => {
    expect(retryDelay(0, 1)).toBe(1000);
    expect(retryDelay(0, 0)).toBe(500);
    expect(retryDelay(50, 1)).toBe(10_000);
    expect(retryDelay(50, 0)).toBe(5000);
  });
});
