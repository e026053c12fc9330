/** [L5] The open connections, each with the session it depends on. */
import type { Socket } from 'socket.io';
import type { ByeReason, ClientToServer, ServerToClient } from '#protocol/live.ts';
import type { SignedIn } from '../types.ts';

/** socket.io's events between servers: none, as there is one server. */
export type NoServerEvents = Record<string, never>;
/** What socket.io keeps with a connection. */
export interface SocketData {
  session: SignedIn;
}
export type LiveSocket = Socket<ClientToServer, ServerToClient, NoServerEvents, SocketData>;

export interface Viewer {
  readonly socket: LiveSocket;
  readonly session: SignedIn;
}

/** Tells a viewer the reason, then closes its connection. */
function dismiss({ socket }: Viewer, reason: ByeReason): void {
  socket.emit('bye', reason);
  socket.disconnect(true);
}

export interface Viewers {
  readonly size: number;
  add(viewer: Viewer): void;
  remove(viewer: Viewer): void;
  /** Dismisses the viewers of this session. */
  sessionEnded(sessionId: string): void;
  /**
   * Dismisses the viewers whose session has expired at `at` (epoch milliseconds) or is not alive any more.
   */
  sweep(at: number, sessionAlive: (sessionId: string) => boolean): void;
  dismissAll(reason: ByeReason): void;
}

export function createViewers(): Viewers {
  const viewers = new Set<Viewer>();
  const viewersWhere = (matches: (viewer: Viewer) => boolean) => [...viewers].filter(matches);

  return {
    get size() {
      return viewers.size;
    },
    add(viewer) {
      viewers.add(viewer);
    },
    remove(viewer) {
      viewers.delete(viewer);
    },
    sessionEnded(sessionId) {
      for (const viewer of viewersWhere(({ session }) => session.sessionId === sessionId))
        dismiss(viewer, 'session_ended');
    },
    sweep(at, sessionAlive) {
      for (const viewer of viewersWhere(
        ({ session }) => session.expiresAt <= at || !sessionAlive(session.sessionId),
      ))
        dismiss(viewer, 'session_ended');
    },
    dismissAll(reason) {
      for (const viewer of [...viewers]) dismiss(viewer, reason);
    },
  };
}
