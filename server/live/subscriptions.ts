/**
 * Handles the messages of a client: `subscribe` to enter a room, `part` for the rest of its snapshot, and
 * `unsubscribe` to leave it.
 */
import { z } from 'zod';
import { roomName, type RoomName, type SubscribeReply, type Target } from '#protocol/live.ts';
import { target } from '#protocol/target.ts';
import { Allowance } from './allowance.ts';
import { JsonReply } from './packets.ts';
import type { Entry, Place, Rooms } from './rooms.ts';
import type { LiveSocket } from './viewers.ts';

/** Limits of one connection. */
export interface LiveLimits {
  readonly roomsPerViewer: number;
  readonly subscribesPerSecond: number;
  /** So many subscriptions may come at once, where none came before. */
  readonly subscribesAtOnce: number;
  /**
   * [L3] Bytes that may wait for a slow viewer; past it, uWS drops the changes for this viewer. MUST be
   * larger than a part of a snapshot: otherwise a viewer on a slow line would lose the change after each snapshot
   * and ask for another.
   */
  readonly maxBackpressureBytes: number;
}

type Answer = Extract<SubscribeReply, { ok: false }> | JsonReply;
type Reply = (answer: Answer) => void;
const reply = z.custom<Reply>((value) => typeof value === 'function');
const subscribeArguments = z.tuple([z.unknown(), reply]);
const partArguments = z.tuple([z.string(), reply]);

export interface SubscriptionParts {
  readonly rooms: Rooms;
  /** Where a target is shown to this viewer; undefined where it may not see it. */
  readonly place: (target: Target) => Place | undefined;
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
  wanted: unknown,
  reply: Reply,
  { rooms, place: placeOf, limits, ration }: SubscriptionParts,
): void {
  const parsed = target.safeParse(wanted);
  if (!parsed.success)
    return reply({ ok: false, code: typeof wanted === 'string' ? 'unknown_room' : 'invalid' });
  if (!ration().isLeft()) return;
  const place = placeOf(parsed.data);
  if (place === undefined) return reply({ ok: false, code: 'not_found' });
  const { name } = place;
  const isWaiting = asked.has(name);
  // `socket.rooms` also holds the socket's own room, so that `>` allows exactly `roomsPerViewer` rooms.
  if (!isWaiting && !socket.rooms.has(name) && socket.rooms.size + asked.size > limits.roomsPerViewer)
    return reply({ ok: false, code: 'forbidden' });
  asked.set(name, reply);
  if (isWaiting) return;
  rooms.enter(place, (entry) => {
    const lastReply = asked.get(name);
    asked.delete(name);
    // The viewer has gone or left the room while it waited.
    if (lastReply === undefined || !socket.connected || entry === 'failed') return;
    if (typeof entry === 'string') return lastReply({ ok: false, code: entry });
    admit(socket, left, name, entry, lastReply, ration());
  });
}

/** Handles the socket's messages until it closes. */
export function serveSubscriptions(socket: LiveSocket, parts: SubscriptionParts): void {
  const { limits, place, now } = parts;
  const asked: Asked = new Map();
  const left: Left = new Map();
  const rate = { perSecond: limits.subscribesPerSecond, burst: limits.subscribesAtOnce };
  const subscribes = new Allowance(rate, now);
  socket.on('subscribe', (...args: unknown[]) => {
    const parsed = subscribeArguments.safeParse(args);
    // A message without a reply function cannot be answered.
    if (!parsed.success) return;
    const [wanted, reply] = parsed.data;
    if (!subscribes.isLeft()) return reply({ ok: false, code: 'forbidden' });
    subscribes.take(1);
    onSubscribe(socket, asked, left, wanted, reply, parts);
  });
  socket.on('part', (...args: unknown[]) => {
    const parsed = partArguments.safeParse(args);
    if (!parsed.success) return;
    const [room, reply] = parsed.data;
    const name = roomName.safeParse(room);
    if (name.success) sendNext(left, name.data, reply);
    else reply({ ok: false, code: 'unknown_room' });
  });
  socket.on('unsubscribe', (room: unknown) => {
    const asTarget = target.safeParse(room);
    const named = asTarget.success ? place(asTarget.data)?.name : undefined;
    const name = named ?? roomName.safeParse(room).data;
    if (name === undefined) return;
    asked.delete(name);
    left.delete(name);
    void socket.leave(name);
  });
}
