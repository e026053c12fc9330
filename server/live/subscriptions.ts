/**
 * Handles the messages of a client: `subscribe` to enter a room, `part` for the rest of its snapshot, and
 * `unsubscribe` to leave it.
 */
import { z } from 'zod';
import { roomName, type RoomName, type SubscribeReply } from '#protocol/live.ts';
import { Allowance } from './allowance.ts';
import { JsonReply } from './packets.ts';
import type { Entry, Rooms } from './rooms.ts';
import type { LiveSocket } from './viewers.ts';

/** Limits of one connection. */
export interface LiveLimits {
  readonly roomsPerViewer: number;
  readonly subscribesPerSecond: number;
  /**
   * [L3] Bytes that may wait for a slow viewer; past it, uWS drops the changes for this viewer. MUST be
   * larger than a part of a snapshot: otherwise a viewer on a slow line would lose the change after each snapshot
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

/** The rooms that a socket has asked for and not entered yet, each with the reply to its last message about it. */
type Asked = Map<RoomName, Reply>;

/** By room, the replies with the parts of a snapshot that the viewer has not asked for yet. */
type Left = Map<RoomName, readonly string[]>;

/** [L1] Sends the first reply and joins the viewer to the room in one tick, so that it misses no change between. */
function admit(
  socket: LiveSocket,
  left: Left,
  name: RoomName,
  { replies, missed }: Entry,
  reply: Reply,
  ration: Allowance,
): void {
  // Others of the session may have used it up since this viewer asked.
  if (!ration.isLeft()) return;
  ration.take(replies.reduce((chars, { length }) => chars + length, 0));
  left.set(name, replies);
  sendNext(left, name, reply);
  for (const change of missed) socket.emit('change', change);
  void socket.join(name);
}

/** Sends the next part of a snapshot. */
function sendNext(left: Left, name: RoomName, reply: Reply): void {
  const [next, ...rest] = left.get(name) ?? [];
  if (rest.length > 0) left.set(name, rest);
  else left.delete(name);
  reply(next === undefined ? { ok: false, code: 'not_found' } : new JsonReply(next));
}

function onSubscribe(
  socket: LiveSocket,
  asked: Asked,
  left: Left,
  room: string,
  reply: Reply,
  { rooms, limits, ration }: SubscriptionParts,
): void {
  const parsed = roomName.safeParse(room);
  if (!parsed.success) return reply({ ok: false, code: 'unknown_room' });
  const name = parsed.data;
  if (!ration().isLeft()) return;
  const isWaiting = asked.has(name);
  // `socket.rooms` also holds the socket's own room, so that `>` allows exactly `roomsPerViewer` rooms.
  if (!isWaiting && !socket.rooms.has(name) && socket.rooms.size + asked.size > limits.roomsPerViewer)
    return reply({ ok: false, code: 'forbidden' });
  asked.set(name, reply);
  if (isWaiting) return;
  rooms.enter(name, (entry) => {
    const lastReply = asked.get(name);
    asked.delete(name);
    // The viewer has gone or left the room while it waited.
    if (lastReply === undefined || !socket.connected || entry === 'failed') return;
    if (entry === undefined) return lastReply({ ok: false, code: 'not_found' });
    admit(socket, left, name, entry, lastReply, ration());
  });
}

/** Handles the socket's messages until it closes. */
export function serveSubscriptions(socket: LiveSocket, parts: SubscriptionParts): void {
  const { limits, now } = parts;
  const perSecond = limits.subscribesPerSecond;
  const asked: Asked = new Map();
  const left: Left = new Map();
  const subscribes = new Allowance({ perSecond, burst: perSecond }, now);
  socket.on('subscribe', (...args: unknown[]) => {
    const parsed = subscribeArguments.safeParse(args);
    // A message without a reply function cannot be answered.
    if (!parsed.success) return;
    const [room, reply] = parsed.data;
    if (!subscribes.isLeft()) return reply({ ok: false, code: 'forbidden' });
    subscribes.take(1);
    onSubscribe(socket, asked, left, room, reply, parts);
  });
  socket.on('part', (...args: unknown[]) => {
    const parsed = subscribeArguments.safeParse(args);
    if (!parsed.success) return;
    const [room, reply] = parsed.data;
    const name = roomName.safeParse(room);
    if (name.success) sendNext(left, name.data, reply);
    else reply({ ok: false, code: 'unknown_room' });
  });
  socket.on('unsubscribe', (room: unknown) => {
    const name = roomName.safeParse(room);
    if (!name.success) return;
    asked.delete(name.data);
    left.delete(name.data);
    void socket.leave(name.data);
  });
}
