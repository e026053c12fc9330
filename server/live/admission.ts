/**
 * Decides who may connect: a page of this server (or a client that is no browser) with a valid session.
 * Origin and address are checked at once, before the websocket opens. The session takes longer to check: this
 * happens in the open websocket, before socket.io tells the client that it is connected.
 *
 * The session cannot be checked before the websocket opens: uWS before its fix 1929 reads freed memory when a
 * response becomes a websocket outside of the upgrade handler, and may then close the connection.
 */
import type { IncomingMessage } from 'node:http';
import type { Log, SignedIn } from '../types.ts';
import type { LiveSocket } from './viewers.ts';

export interface AdmissionParts {
  /** Resolves with the session of a Cookie header; with undefined where there is no valid one. */
  readonly authenticate: (cookieHeader: string) => Promise<SignedIn | undefined>;
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

export function createAdmission({ authenticate, refuse, log }: AdmissionParts): Admission {
  return {
    refuse({ headers, connection }) {
      const { origin = '', host = '' } = headers;
      const header: UpgradeRequest['header'] = (name) => String(headers[name] ?? '');
      const refusal = refuse({ peer: connection.remoteAddress ?? '', header });
      if (refusal === 'foreign_origin')
        log.warn({ origin, host }, 'A live connection from a foreign origin was refused.');
      return refusal;
    },
    async sessionOf({ request }) {
      try {
        return await authenticate(request.headers.cookie ?? '');
      } catch (error) {
        log.error({ err: error }, 'A session could not be checked; the live connection was refused.');
        return undefined;
      }
    },
  };
}
