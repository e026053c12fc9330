/** Handles the messages of a client: `subscribe` to enter a room and `unsubscribe` to leave it. */
import { z } from 'zod';
import { roomName, type RoomName, type SubscribeReply } from '#protocol/live.ts';
import { createAllowance, type Allowance } from './allowance.ts';
import { JsonReply } from './packets.ts';
import type { Entry, Rooms } from './rooms.ts';
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

type Answer = Extract<SubscribeReply, { ok: false }> | JsonReply;
type Reply = (answer: Answer) => void;
const subscribeArguments = z.tuple([z.string(), z.custom<Reply>((value) => typeof value === 'function')]);

export interface SubscriptionParts {
  readonly rooms: Rooms;
  readonly limits: LiveLimits;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** The bytes of snapshots that the socket's session may still get, as they are counted now. */
  readonly ration: () => Allowance;
}

type Refusal = Extract<SubscribeReply, { ok: false }>['code'];

function enter(socket: LiveSocket, name: RoomName, { rooms, limits }: SubscriptionParts): Entry | Refusal {
  // `socket.rooms` also holds the socket's own room, so that `>` allows exactly `roomsPerViewer` rooms.
  if (!socket.rooms.has(name) && socket.rooms.size > limits.roomsPerViewer) return 'forbidden';
  return rooms.enter(name) ?? 'not_found';
}

/** [L1] Sends the reply and joins the viewer to the room in one tick, so that it misses no change between. */
function onSubscribe(socket: LiveSocket, room: string, reply: Reply, parts: SubscriptionParts): void {
  const name = roomName.safeParse(room);
  if (!name.success) return reply({ ok: false, code: 'unknown_room' });
  const ration = parts.ration();
  if (!ration.isLeft()) return;
  const entry = enter(socket, name.data, parts);
  if (typeof entry === 'string') return reply({ ok: false, code: entry });
  ration.take(entry.reply.length);
  reply(new JsonReply(entry.reply));
  for (const change of entry.missed) socket.emit('change', change);
  void socket.join(name.data);
}

/** Handles the socket's messages until it closes. */
export function serveSubscriptions(socket: LiveSocket, parts: SubscriptionParts): void {
  const { limits, now } = parts;
  const perSecond = limits.subscribesPerSecond;
  const subscribes = createAllowance({ perSecond, burst: perSecond }, now);
  socket.on('subscribe', (...args: unknown[]) => {
    const parsed = subscribeArguments.safeParse(args);
    // A message without a reply function cannot be answered.
    if (!parsed.success) return;
    const [room, reply] = parsed.data;
    if (!subscribes.isLeft()) return reply({ ok: false, code: 'forbidden' });
    subscribes.take(1);
    onSubscribe(socket, room, reply, parts);
  });
  socket.on('unsubscribe', (room: unknown) => {
    const name = roomName.safeParse(room);
    if (name.success) void socket.leave(name.data);
  });
}
