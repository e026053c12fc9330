/** Handles the messages of a client: `subscribe` to enter a room and `unsubscribe` to leave it. */
import { z } from 'zod';
import { roomName, type RoomName, type SubscribeReply } from '#protocol/live.ts';
import type { Rooms } from './rooms.ts';
import type { LiveSocket } from './viewers.ts';

/** Limits of one connection. */
export interface LiveLimits {
  readonly roomsPerViewer: number;
  readonly subscribesPerSecond: number;
  /**
   * [L3] Bytes that may wait for a slow viewer; past it, uWS drops the changes for this viewer. MUST be
   * larger than a fleet snapshot: otherwise a viewer on a slow line would lose the change after each snapshot
   * and ask for another.
   */
  readonly maxBackpressureBytes: number;
}

/** How often a client may subscribe: a token bucket that holds as many tokens as it gets in one second. */
interface Allowance {
  /** Takes one token; false where there is none left. */
  spend(): boolean;
}

/** `now`: epoch milliseconds. */
function createAllowance(perSecond: number, now: () => number): Allowance {
  let tokens = perSecond;
  let filledAt = now();
  return {
    spend() {
      const at = now();
      tokens = Math.min(perSecond, tokens + (Math.max(0, at - filledAt) / 1000) * perSecond);
      filledAt = at;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}

type Reply = (answer: SubscribeReply) => void;
const subscribeArguments = z.tuple([z.string(), z.custom<Reply>((value) => typeof value === 'function')]);

export interface SubscriptionParts {
  readonly rooms: Rooms;
  readonly limits: LiveLimits;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

function enter(socket: LiveSocket, name: RoomName, { rooms, limits }: SubscriptionParts): SubscribeReply {
  // `socket.rooms` also holds the socket's own room, so that `>` allows exactly `roomsPerViewer` rooms.
  if (!socket.rooms.has(name) && socket.rooms.size > limits.roomsPerViewer)
    return { ok: false, code: 'forbidden' };
  const snapshot = rooms.enter(name);
  return snapshot === undefined ? { ok: false, code: 'not_found' } : { ok: true, snapshot };
}

/** [L1] Sends the reply and joins the viewer to the room in one tick, so that it misses no change between. */
function onSubscribe(socket: LiveSocket, room: string, reply: Reply, parts: SubscriptionParts): void {
  const name = roomName.safeParse(room);
  if (!name.success) return reply({ ok: false, code: 'unknown_room' });
  const answer = enter(socket, name.data, parts);
  reply(answer);
  if (answer.ok) void socket.join(name.data);
}

/** Handles the socket's messages until it closes. */
export function serveSubscriptions(socket: LiveSocket, parts: SubscriptionParts): void {
  const allowance = createAllowance(parts.limits.subscribesPerSecond, parts.now);
  socket.on('subscribe', (...args: unknown[]) => {
    const parsed = subscribeArguments.safeParse(args);
    // A message without a reply function cannot be answered.
    if (!parsed.success) return;
    const [room, reply] = parsed.data;
    if (!allowance.spend()) return reply({ ok: false, code: 'forbidden' });
    onSubscribe(socket, room, reply, parts);
  });
  socket.on('unsubscribe', (room: unknown) => {
    const name = roomName.safeParse(room);
    if (name.success) void socket.leave(name.data);
  });
}
