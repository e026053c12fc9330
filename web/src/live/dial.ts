/** The wire: one socket.io connection over a websocket. Its messages are checked here, once, as they arrive. */
import type { io } from 'socket.io-client';
import {
  envelope,
  LIVE_PATH,
  subscribeReply,
  type ByeReason,
  type Envelope,
  type RoomName,
  type SessionOf,
  type SubscribeReply,
  type Target,
} from '#protocol/live.ts';

/** What one connection reports. After `close()` of its wire it reports nothing more. */
export interface WireEvents {
  open(): void;
  /** The attempt failed or the connection ended. */
  closed(): void;
  change(envelope: Envelope<unknown>): void;
  /** `at`: the server's clock, epoch milliseconds. */
  pulse(at: number): void;
  bye(reason: ByeReason): void;
}

export interface Wire {
  /** Asks for a snapshot of the target and, from then on, its changes, which come under the name in the reply. */
  subscribe(target: Target, reply: (answer: SubscribeReply) => void): void;
  /** Asks for the next part of the room's snapshot. */
  part(room: RoomName, reply: (answer: SubscribeReply) => void): void;
  /** The target where no reply has told the room's name. */
  unsubscribe(room: RoomName | Target): void;
  close(): void;
}

/** Begins a connection. MUST NOT call `events` before it returns. */
export type Dial = (events: WireEvents) => Wire;

function pulseTime(pulse: unknown): number | undefined {
  if (typeof pulse !== 'object' || pulse === null || !('at' in pulse)) return undefined;
  return typeof pulse.at === 'number' ? pulse.at : undefined;
}

const isBye = (reason: unknown): reason is ByeReason =>
  reason === 'session_ended' || reason === 'server_stopping';

/**
 * Connects to the server this page came from. [W1] `as`: whose cookie counts, as a browser may have that of a person and
 * that of a display. `path`: where the server has it. The code of socket.io is fetched with the first connection: the page to sign in needs none.
 */
export const dialServer =
  (as: SessionOf, path: string = LIVE_PATH): Dial =>
  (events) => {
    let wire: Wire | undefined;
    let isClosed = false;
    import('socket.io-client').then(
      (client) => {
        if (!isClosed) wire = connect(client.io, { as, path }, events);
      },
      () => {
        if (!isClosed) events.closed();
      },
    );
    return {
      // Nothing is subscribed to before `events.open()`, and by then there is a connection.
      subscribe: (target, reply) => wire?.subscribe(target, reply),
      part: (room, reply) => wire?.part(room, reply),
      unsubscribe: (room) => wire?.unsubscribe(room),
      close() {
        isClosed = true;
        wire?.close();
      },
    };
  };

/** socket.io's own retries are off: `Link` decides when to try again. */
function connect(
  open: typeof io,
  { as, path }: { readonly as: SessionOf; readonly path: string },
  events: WireEvents,
): Wire {
  const socket = open({
    path,
    query: as === 'display' ? { as } : {},
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    multiplex: false,
  });
  socket.on('connect', () => events.open());
  socket.on('connect_error', () => events.closed());
  socket.on('disconnect', () => events.closed());
  socket.on('pulse', (pulse: unknown) => {
    const at = pulseTime(pulse);
    if (at !== undefined) events.pulse(at);
  });
  socket.on('change', (message: unknown) => {
    const parsed = envelope.safeParse(message);
    if (parsed.success) events.change(parsed.data);
  });
  socket.on('bye', (reason: unknown) => {
    if (isBye(reason)) events.bye(reason);
  });
  const parsed = (reply: (answer: SubscribeReply) => void) => (answer: unknown) => {
    const reading = subscribeReply.safeParse(answer);
    if (reading.success) reply(reading.data);
  };
  return {
    subscribe(target, reply) {
      socket.emit('subscribe', target, parsed(reply));
    },
    part(room, reply) {
      socket.emit('part', room, parsed(reply));
    },
    unsubscribe(room) {
      socket.emit('unsubscribe', room);
    },
    close() {
      socket.off();
      socket.disconnect();
      // On a half-open connection `disconnect` waits until its last packet is sent, which never happens.
      socket.io.engine.close();
    },
  };
}
