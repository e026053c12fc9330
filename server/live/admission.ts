/**
 * Decides who may connect: a page of this server (or a client that is no browser) with a valid session.
 * Origin and address are checked at once, before the websocket opens. The session takes longer to check: this
 * happens in the open websocket, before socket.io tells the client that it is connected.
 *
 * The session cannot be checked before the websocket opens: uWS before its fix 1929 reads freed memory when a
 * response becomes a websocket outside of the upgrade handler, and may then close the connection.
 */
import type { IncomingMessage } from 'node:http';
import type { SessionOf } from '#protocol/live.ts';
import type { Log, SignedIn } from '../types.ts';
import type { LiveSocket } from './viewers.ts';

export interface AdmissionParts {
  /**
   * Resolves with the session of a Cookie header; with undefined where there is no valid one. [W1] `as`: whose cookie
   * counts, as a browser may have that of a person and that of a display.
   */
  readonly authenticate: (
    cookieHeader: string,
    as: SessionOf,
    from: UpgradeRequest,
  ) => Promise<SignedIn | undefined>;
  /** Why a request may not open a live connection, by where it comes from; undefined: it may. */
  readonly refuse: (request: UpgradeRequest) => 'foreign_origin' | 'address_not_allowed' | undefined;
  readonly log: Log;
}

export interface UpgradeRequest {
  /** The remote address as uWS writes it. */
  readonly peer: string;
  /** The value of a header, '' when absent. Browsers always send an Origin. */
  readonly header: (name: 'host' | 'origin' | 'x-forwarded-for' | 'x-forwarded-host') => string;
}

/** Why a connection is refused: the message of the 403 reply, or of socket.io's `connect_error`. */
export type Refusal = 'foreign_origin' | 'address_not_allowed' | 'unauthenticated';

export interface Admission {
  /** Checks the upgrade request before the websocket opens; undefined: not refused. */
  refuse(request: IncomingMessage): Refusal | undefined;
  /**
   * Resolves with the session of an open websocket; with undefined (never rejects) where it has no valid one.
   */
  sessionOf(socket: LiveSocket): Promise<SignedIn | undefined>;
}

function upgradeOf({ headers, connection }: IncomingMessage): UpgradeRequest {
  return { peer: connection.remoteAddress ?? '', header: (name) => String(headers[name] ?? '') };
}

export function createAdmission({ authenticate, refuse, log }: AdmissionParts): Admission {
  return {
    refuse(request) {
      const { origin = '', host = '' } = request.headers;
      const refusal = refuse(upgradeOf(request));
      if (refusal === 'foreign_origin')
        log.warn({ origin, host }, 'A live connection from a foreign origin was refused.');
      return refusal;
    },
    async sessionOf({ request, handshake }) {
      try {
        const as = handshake.query['as'] === 'display' ? 'display' : 'person';
        return await authenticate(request.headers.cookie ?? '', as, upgradeOf(request));
      } catch (error) {
        log.error({ err: error }, 'A session could not be checked; the live connection was refused.');
        return undefined;
      }
    },
  };
}
