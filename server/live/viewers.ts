/** The open connections and the sessions they live by. [L5] */
import type { Socket } from 'socket.io';
import type { ByeReason, ClientToServer, ServerToClient } from '#protocol/live.ts';
import type { SignedIn } from '../types.ts';

/** Events between servers: there is one. */
export type NoPeers = Record<string, never>;
/** What is kept with a connection. */
export interface SocketData {
  session: SignedIn;
}
export type LiveSocket = Socket<ClientToServer, ServerToClient, NoPeers, SocketData>;

export interface Viewer {
  readonly socket: LiveSocket;
  readonly session: SignedIn;
}

/** Tells a viewer why, then closes. */
function dismiss({ socket }: Viewer, reason: ByeReason): void {
  socket.emit('bye', reason);
  socket.disconnect(true);
}

export interface Viewers {
  readonly size: number;
  add(viewer: Viewer): void;
  remove(viewer: Viewer): void;
  sessionEnded(sessionId: string): void;
  /** Dismisses those whose session ran out or is known no more. */
  sweep(at: number, alive: (sessionId: string) => boolean): void;
  dismissAll(reason: ByeReason): void;
}

export function createViewers(): Viewers {
  const viewers = new Set<Viewer>();
  const where = (is: (viewer: Viewer) => boolean) => [...viewers].filter(is);

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
      for (const viewer of where(({ session }) => session.sessionId === sessionId))
        dismiss(viewer, 'session_ended');
    },
    sweep(at, alive) {
      for (const viewer of where(({ session }) => session.expiresAt <= at || !alive(session.sessionId)))
        dismiss(viewer, 'session_ended');
    },
    dismissAll(reason) {
      for (const viewer of [...viewers]) dismiss(viewer, reason);
    },
  };
}
