import { describe, expect, it } from 'vitest';
import type { Envelope, SubscribeReply } from '#protocol/live.ts';
import type { Wire } from '../../../web/src/live/dial.ts';
import { ANSWER_MS, REFUSED_MS, RoomFollower } from '../../../web/src/live/room.ts';
import { FakeTime } from './fake-time.ts';

const message = (seq: number): Envelope<unknown> => ({ room: 'fleet', seq, at: seq * 10, data: `#${seq}` });
const snapshot = (seq: number): SubscribeReply => ({ ok: true, snapshot: message(seq) });

function setUp(text: (data: unknown) => string = String) {
  const time = new FakeTime();
  const heard: string[] = [];
  const asked: ((answer: SubscribeReply) => void)[] = [];
  const left: unknown[] = [];
  const wire: Wire = {
    subscribe: (_room, reply) => asked.push(reply),
    part: (_room, reply) => asked.push(reply),
    unsubscribe: (room) => left.push(room),
    close: () => undefined,
  };
  const follower = new RoomFollower(
    'fleet',
    {
      snapshot: (data) => heard.push(`snapshot ${text(data)}`),
      change: (data) => heard.push(`change ${String(data)}`),
      missing: () => heard.push('missing'),
    },
    time.after,
  );
  return { time, heard, asked, left, wire, follower };
}

describe('a room', () => {
  it("[L1] a room's follower hears a snapshot, then the changes whose numbers follow it", () => {
    const { follower, wire, asked, heard } = setUp();
    follower.connected(wire);
    asked[0]?.(snapshot(4));
    follower.change(message(5));
    follower.change(message(6));
    expect(heard).toEqual(['snapshot #4', 'change #5', 'change #6']);
  });

  it("[L1] a gap in a room's numbers makes it ask for one new snapshot, and no change is handed on before that", () => {
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

  it('[L1] a number that came before is a gap too', () => {
    const { follower, wire, asked } = setUp();
    follower.connected(wire);
    asked[0]?.(snapshot(5));
    follower.change(message(5));
    expect(asked).toHaveLength(2);
  });

  it('[L1] a snapshot in parts is handed on whole, and then the changes that came meanwhile', () => {
    const { follower, wire, asked, heard } = setUp((data) => JSON.stringify(data));
    const part = (left: number, id: string): SubscribeReply => ({
      ok: true,
      snapshot: { ...message(7), left, data: { devices: [id], recent: { [id]: 1 } } },
    });
    follower.connected(wire);
    asked[0]?.(part(1, 'a'));
    follower.change(message(8));
    expect(heard).toEqual([]);
    asked[1]?.(part(0, 'b'));
    expect(asked).toHaveLength(2);
    expect(heard).toEqual(['snapshot {"devices":["a","b"],"recent":{"a":1,"b":1}}', 'change #8']);
  });

  it('[L1] a snapshot whose next part does not come, or that the server does not know any more, is asked for again', () => {
    const { follower, wire, asked, time, heard } = setUp();
    const begun: SubscribeReply = { ok: true, snapshot: { ...message(7), left: 1 } };
    follower.connected(wire);
    asked[0]?.(begun);
    time.pass(ANSWER_MS);
    asked[2]?.(begun);
    asked[3]?.({ ok: false, code: 'not_found' });
    time.pass(250);
    asked[4]?.(snapshot(9));
    expect(heard).toEqual(['snapshot #9']);
  });

  it('[L1] changes that arrive before the snapshot are applied after it, without those the snapshot contains', () => {
    const { follower, wire, asked, heard } = setUp();
    follower.connected(wire);
    for (const seq of [7, 8, 9]) follower.change(message(seq));
    asked[0]?.(snapshot(7));
    expect(heard).toEqual(['snapshot #7', 'change #8', 'change #9']);
  });

  it('[L1] gaps in close succession ask for snapshots at growing intervals', () => {
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

  it('[L1] a snapshot that does not arrive is asked for again, and ignored when it arrives late', () => {
    const { follower, wire, asked, heard, time } = setUp();
    follower.connected(wire);
    time.pass(ANSWER_MS);
    expect(asked).toHaveLength(2);
    asked[0]?.(snapshot(1));
    expect(heard).toEqual([]);
    asked[1]?.(snapshot(2));
    expect(heard).toEqual(['snapshot #2']);
  });

  it('a follower hears that its room is missing, and asks for it again on the next connection', () => {
    const { follower, wire, asked, heard } = setUp();
    follower.connected(wire);
    asked[0]?.({ ok: false, code: 'not_found' });
    expect(asked).toHaveLength(1);
    follower.disconnected();
    follower.connected(wire);
    asked[1]?.(snapshot(1));
    expect(heard).toEqual(['missing', 'snapshot #1']);
  });

  it('[L4] a room that was refused is shown by itself once it is not refused any more', () => {
    const { follower, wire, asked, heard, time } = setUp();
    follower.connected(wire);
    asked[0]?.({ ok: false, code: 'forbidden' });
    time.pass(REFUSED_MS);
    expect(asked).toHaveLength(2);
    asked[1]?.(snapshot(3));
    follower.change(message(4));
    expect(heard).toEqual(['missing', 'snapshot #3', 'change #4']);
    follower.leave();
    expect(time.pending).toBe(0);
  });

  it('an answer and changes of a connection that is gone are ignored', () => {
    const { follower, wire, asked, heard, time } = setUp();
    follower.connected(wire);
    follower.disconnected();
    asked[0]?.(snapshot(1));
    follower.change(message(2));
    time.pass(60_000);
    expect(heard).toEqual([]);
    expect(asked).toHaveLength(1);
  });

  it('a room that is left is unsubscribed at the server', () => {
    const { follower, wire, left, time } = setUp();
    follower.connected(wire);
    follower.leave();
    expect(left).toEqual(['fleet']);
    expect(time.pending).toBe(0);
  });
});
