/** What a client may ask for: to enter and to leave rooms. Its messages are parsed here. */
import { z } from 'zod';
import { roomName, type RoomName, type SubscribeReply } from '#protocol/live.ts';
import type { Rooms } from './rooms.ts';
import type { LiveSocket } from './viewers.ts';

/** What one connection may cost. */
export interface LiveLimits {
  readonly roomsPerViewer: number;
  readonly subscribesPerSecond: number;
  /**
   * [L3] Bytes that wait for a slow viewer before changes to it are dropped. Must be larger than a fleet's
   * snapshot, or a viewer behind a slow line would lose the change after each and ask for another.
   */
  readonly maxBackpressure: number;
}

/** How often something may be asked for: a bucket that holds one second's worth and fills steadily. */
interface Allowance {
  /** False where it is used up. */
  take(): boolean;
}

/** `now` in milliseconds. */
function createAllowance(perSecond: number, now: () => number): Allowance {
  let left = perSecond;
  let filled = now();
  return {
    take() {
      const at = now();
      left = Math.min(perSecond, left + (Math.max(0, at - filled) / 1000) * perSecond);
      filled = at;
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
}

type Reply = (answer: SubscribeReply) => void;
const subscribeArguments = z.tuple([z.string(), z.custom<Reply>((value) => typeof value === 'function')]);

export interface SubscriptionParts {
  readonly rooms: Rooms;
  readonly limits: LiveLimits;
  readonly now: () => number;
}

function enter(socket: LiveSocket, name: RoomName, { rooms, limits }: SubscriptionParts): SubscribeReply {
  // A socket is always in one more room, of its own.
  if (!socket.rooms.has(name) && socket.rooms.size > limits.roomsPerViewer)
    return { ok: false, code: 'forbidden' };
  const snapshot = rooms.enter(name);
  return snapshot === undefined ? { ok: false, code: 'not_found' } : { ok: true, snapshot };
}

/** [L1] The reply goes out and the viewer joins in one tick: no change can fall between. */
function onSubscribe(socket: LiveSocket, room: string, reply: Reply, parts: SubscriptionParts): void {
  const name = roomName.safeParse(room);
  if (!name.success) return reply({ ok: false, code: 'unknown_room' });
  const answer = enter(socket, name.data, parts);
  reply(answer);
  if (answer.ok) void socket.join(name.data);
}

/** Until the connection closes. */
export function serveSubscriptions(socket: LiveSocket, parts: SubscriptionParts): void {
  const allowance = createAllowance(parts.limits.subscribesPerSecond, parts.now);
  socket.on('subscribe', (...args: unknown[]) => {
    const parsed = subscribeArguments.safeParse(args);
    // Without a function there is nobody to answer to.
    if (!parsed.success) return;
    const [room, reply] = parsed.data;
    if (!allowance.take()) return reply({ ok: false, code: 'forbidden' });
    onSubscribe(socket, room, reply, parts);
  });
  socket.on('unsubscribe', (room: unknown) => {
    const name = roomName.safeParse(room);
    if (name.success) void socket.leave(name.data);
  });
}
