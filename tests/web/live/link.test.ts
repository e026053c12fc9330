import { describe, expect, it } from 'vitest';
import { PULSE_MS, SILENCE_MS, type RoomName } from '#protocol/live.ts';
import { Link, retryDelay, type LinkState, type WireEvents } from '../../../web/src/live/link.ts';
import type { SubscribeAnswer } from '../../../web/src/live/room.ts';
import { FakeTime } from './fake-time.ts';

interface Dialled {
  readonly events: WireEvents;
  readonly asked: { room: RoomName; reply: (answer: SubscribeAnswer) => void }[];
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
      const one: Dialled = { events, asked: [], closed: false };
      dialled.push(one);
      return {
        subscribe: (room, reply) => one.asked.push({ room, reply }),
        unsubscribe: () => undefined,
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
  it('is live once open, and stays so while pulses come', () => {
    const { link, last, time, states } = setUp();
    link.start();
    last().events.open();
    for (let i = 0; i < 60; i++) {
      time.pass(PULSE_MS);
      last().events.pulse(time.now());
    }
    expect(states).toEqual(['live']);
  });

  it('[L4] is stale after SILENCE_MS without a word, and dials anew at once', () => {
    const { link, last, time, dialled } = setUp();
    link.start();
    last().events.open();
    time.pass(SILENCE_MS - 1);
    expect(link.state).toBe('live');
    time.pass(100);
    expect(link.state).toBe('stale');
    expect(dialled).toHaveLength(2);
    expect(dialled[0]?.closed).toBe(true);
    last().events.open();
    expect(link.state).toBe('live');
  });

  it('[L4] after the machine slept, the first timer that runs says stale', () => {
    const { link, last, time } = setUp();
    link.start();
    last().events.open();
    time.pass(1000);
    last().events.pulse(time.now());
    time.sleep(8 * 3_600_000);
    time.pass(0);
    expect(link.state).toBe('stale');
  });

  it('[L4] a clock set back does not hide a silence', () => {
    const { link, last, time } = setUp();
    link.start();
    last().events.open();
    time.set(-3_600_000);
    link.nudge();
    time.pass(SILENCE_MS + 100);
    expect(link.state).toBe('stale');
  });

  it('[L4] dials for ever, soon at first, then every 10 s at most', () => {
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

  it('[L4] an attempt that hangs is given up', () => {
    const { link, time, dialled } = setUp();
    link.start();
    time.pass(60_000);
    expect(dialled.length).toBeGreaterThan(3);
    expect(dialled.slice(0, -1).every(({ closed }) => closed)).toBe(true);
    expect(link.state).toBe('lost');
  });

  it('[L4] a nudge ends the waiting', () => {
    const { link, last, dialled } = setUp();
    link.start();
    last().events.closed();
    link.nudge();
    expect(dialled).toHaveLength(2);
    link.nudge();
    expect(dialled).toHaveLength(2);
  });

  it('[L1] asks for a new snapshot of every room on every new connection', () => {
    const { link, last, time } = setUp();
    const shown: unknown[] = [];
    link.subscribe('fleet', {
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

  it('[L5] a session that ended, or a handshake that failed, makes it doubt the session; a stopping server does not', () => {
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

  it('leaves nothing behind when stopped', () => {
    const { link, last, time, dialled } = setUp();
    link.subscribe('alerts', { snapshot: () => undefined, change: () => undefined });
    link.start();
    last().events.open();
    link.stop();
    expect(last().closed).toBe(true);
    expect(time.pending).toBe(0);
    time.pass(60_000);
    expect(dialled).toHaveLength(1);
  });

  it('knows the time of the server by its fastest pulse', () => {
    const { link, last, time } = setUp();
    link.start();
    last().events.open();
    const ahead = 90_000;
    for (const delay of [400, 20, 900]) last().events.pulse(time.now() + ahead - delay);
    expect(link.clock.at(time.now())).toBe(time.now() + ahead - 20);
  });
});

describe('the wait before the next attempt', () => {
  it('[L4] starts at 1 s at most and never passes 10 s', () => {
    expect(retryDelay(0, 1)).toBe(1000);
    expect(retryDelay(0, 0)).toBe(500);
    expect(retryDelay(50, 1)).toBe(10_000);
    expect(retryDelay(50, 0)).toBe(5000);
  });
});
