/** The wire itself: one socket.io connection over a websocket, with its messages parsed at the edge. */
import { io } from 'socket.io-client';
import { envelope, LIVE_PATH, subscribeReply, type ByeReason } from '#protocol/live.ts';
import type { Dial } from './link.ts';

function pulseTime(pulse: unknown): number | undefined {
  if (typeof pulse !== 'object' || pulse === null || !('at' in pulse)) return undefined;
  return typeof pulse.at === 'number' ? pulse.at : undefined;
}

const isBye = (reason: unknown): reason is ByeReason =>
  reason === 'session_ended' || reason === 'server_stopping';

/** Dials the server this page came from. `Link` decides when to try again, so the client's own retries are off. */
export const dialServer: Dial = (events) => {
  const socket = io({
    path: LIVE_PATH,
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
  return {
    subscribe(room, reply) {
      socket.emit('subscribe', room, (answer: unknown) => {
        const parsed = subscribeReply.safeParse(answer);
        if (parsed.success) reply(parsed.data);
      });
    },
    unsubscribe(room) {
      socket.emit('unsubscribe', room);
    },
    close() {
      socket.off();
      socket.disconnect();
      // A half-open connection would wait for its last words to be taken.
      socket.io.engine.close();
    },
  };
};
