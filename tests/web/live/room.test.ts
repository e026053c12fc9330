import { describe, expect, it } from 'vitest';
import type { Envelope } from '#protocol/live.ts';
import { ANSWER_MS, RoomFollower, type RoomWire, type SubscribeAnswer } from '../../../web/src/live/room.ts';
import { FakeTime } from './fake-time.ts';

const message = (seq: number): Envelope<unknown> => ({ room: 'fleet', seq, at: seq * 10, data: `#${seq}` });
const snapshot = (seq: number): SubscribeAnswer => ({ ok: true, snapshot: message(seq) });

function setUp() {
  const time = new FakeTime();
  const heard: string[] = [];
  const asked: ((answer: SubscribeAnswer) => void)[] = [];
  const left: string[] = [];
  const wire: RoomWire = {
    subscribe: (_room, reply) => asked.push(reply),
    unsubscribe: (room) => left.push(room),
  };
  const follower = new RoomFollower(
    'fleet',
    {
      snapshot: (data) => heard.push(`snapshot ${String(data)}`),
      change: (data) => heard.push(`change ${String(data)}`),
      missing: (code) => heard.push(`missing ${code}`),
    },
    time,
  );
  return { time, heard, asked, left, wire, follower };
}

describe('a room', () => {
  it('[L1] hands on a snapshot, then the changes that follow it by number', () => {
    const { follower, wire, asked, heard } = setUp();
    follower.connected(wire);
    asked[0]?.(snapshot(4));
    follower.change(message(5));
    follower.change(message(6));
    expect(heard).toEqual(['snapshot #4', 'change #5', 'change #6']);
  });

  it('[L1] a gap makes the client resync, once, and nothing is shown in between', () => {
    const { follower, wire, asked, heard } = setUp();
    follower.connected(wire);
    asked[0]?.(snapshot(1));
    follower.change(message(3));
    follower.change(message(4));
    follower.change(message(6));
    expect(asked).toHaveLength(2);
    expect(heard).toEqual(['snapshot #1']);
    asked[1]?.(snapshot(6));
    follower.change(message(7));
    expect(heard).toEqual(['snapshot #1', 'snapshot #6', 'change #7']);
  });

  it('[L1] an old number is a gap too', () => {
    const { follower, wire, asked } = setUp();
    follower.connected(wire);
    asked[0]?.(snapshot(5));
    follower.change(message(5));
    expect(asked).toHaveLength(2);
  });

  it('[L1] changes that overtake the snapshot are applied after it, older ones left out', () => {
    const { follower, wire, asked, heard } = setUp();
    follower.connected(wire);
    for (const seq of [7, 8, 9]) follower.change(message(seq));
    asked[0]?.(snapshot(7));
    expect(heard).toEqual(['snapshot #7', 'change #8', 'change #9']);
  });

  it('[L1] gaps in close succession are resynced ever slower', () => {
    const { follower, wire, asked, time } = setUp();
    follower.connected(wire);
    asked[0]?.(snapshot(1));
    follower.change(message(9));
    asked[1]?.(snapshot(10));
    follower.change(message(19));
    expect(asked).toHaveLength(2);
    time.pass(250);
    expect(asked).toHaveLength(3);
    asked[2]?.(snapshot(20));
    time.pass(10_000);
    follower.change(message(29));
    expect(asked).toHaveLength(4);
  });

  it('[L1] an answer that does not come is asked for again; when it comes late it is ignored', () => {
    const { follower, wire, asked, heard, time } = setUp();
    follower.connected(wire);
    time.pass(ANSWER_MS);
    expect(asked).toHaveLength(2);
    asked[0]?.(snapshot(1));
    expect(heard).toEqual([]);
    asked[1]?.(snapshot(2));
    expect(heard).toEqual(['snapshot #2']);
  });

  it('says when a room is missing, and asks again on the next connection', () => {
    const { follower, wire, asked, heard, time } = setUp();
    follower.connected(wire);
    asked[0]?.({ ok: false, code: 'not_found' });
    time.pass(60_000);
    expect(asked).toHaveLength(1);
    follower.disconnected();
    follower.connected(wire);
    asked[1]?.(snapshot(1));
    expect(heard).toEqual(['missing not_found', 'snapshot #1']);
  });

  it('ignores what was on its way when the connection went', () => {
    const { follower, wire, asked, heard, time } = setUp();
    follower.connected(wire);
    follower.disconnected();
    asked[0]?.(snapshot(1));
    follower.change(message(2));
    time.pass(60_000);
    expect(heard).toEqual([]);
    expect(asked).toHaveLength(1);
  });

  it('is left at the server too', () => {
    const { follower, wire, left, time } = setUp();
    follower.connected(wire);
    follower.leave();
    expect(left).toEqual(['fleet']);
    expect(time.pending).toBe(0);
  });
});
