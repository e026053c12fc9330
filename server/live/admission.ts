/**
 * Who may connect: a page of this very server, with a session. Where it comes from is decided before the websocket
 * opens, at once; the session, which takes longer to check, before the client is told that it is connected.
 *
 * Not in one step: uWS (before its fix 1929) reads a response that became a websocket outside of its handler, and by
 * what it finds in that freed memory closes the connection or does not.
 */
import type { IncomingMessage } from 'node:http';
import type { Log, SignedIn } from '../types.ts';
import type { LiveSocket } from './viewers.ts';

export interface AdmissionParts {
  /** Undefined: no valid session. */
  readonly authenticate: (cookieHeader: string) => Promise<SignedIn | undefined>;
  /** `peer`: the address at the other end of the connection, as uWS writes it. */
  readonly allowAddress: (peer: string, forwardedFor: string) => boolean;
  /** `origin` is empty where a client sent none: not a browser. */
  readonly allowOrigin: (origin: string, host: string) => boolean;
  readonly log: Log;
}

/** Why a connection is refused: the message of a 403, or of socket.io's `connect_error`. */
export type Refusal = 'foreign_origin' | 'address_not_allowed' | 'unauthenticated';

export interface Admission {
  /** Before the websocket opens. Undefined: not refused. */
  refuse(request: IncomingMessage): Refusal | undefined;
  /** The session of an open websocket, found by its cookie; undefined: refused as `unauthenticated`. */
  sessionOf(socket: LiveSocket): Promise<SignedIn | undefined>;
}

export function createAdmission({ authenticate, allowAddress, allowOrigin, log }: AdmissionParts): Admission {
  return {
    refuse({ headers, connection }) {
      const { origin = '', host = '' } = headers;
      if (!allowOrigin(origin, host)) {
        log.warn({ origin, host }, 'A live connection from a foreign origin was refused.');
        return 'foreign_origin';
      }
      const forwardedFor = String(headers['x-forwarded-for'] ?? '');
      return allowAddress(connection.remoteAddress ?? '', forwardedFor) ? undefined : 'address_not_allowed';
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
