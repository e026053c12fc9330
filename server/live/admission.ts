/** Who may connect: a page of this very server, with a session. Decided before the websocket opens. */
import type { IncomingMessage } from 'node:http';
import type { Role } from '#protocol/api.ts';
import type { Log } from '../log.ts';

/** The session that a connection lives by. */
export interface LiveSession {
  readonly sessionId: string;
  readonly expiresAt: number;
  readonly role: Role;
  readonly username: string;
}

export interface AdmissionParts {
  /** `remote`: the address at the other end of the connection. Undefined: no valid session. */
  readonly authenticate: (
    cookieHeader: string,
    remote: string,
  ) => Promise<LiveSession | undefined> | LiveSession | undefined;
  /** `origin` is empty where a client sent none: not a browser. */
  readonly allowOrigin: (origin: string, host: string) => boolean;
  readonly log: Log;
}

/** socket.io's way of asking: `decide(reason, false)` answers 403 with the reason as its message. */
type Decide = (reason: string | null, allowed: boolean) => void;

export interface Admission {
  ask(request: IncomingMessage, decide: Decide): void;
  /** The session an admitted request came with. */
  sessionOf(request: IncomingMessage): LiveSession | undefined;
}

/** What the engine leaves on the request of uWS's response; nothing may touch it once its client went away. */
interface Response {
  onAborted(handler: () => void): unknown;
  cork(run: () => void): unknown;
}

function isResponse(value: unknown): value is Response {
  return typeof value === 'object' && value !== null && 'onAborted' in value && 'cork' in value;
}

export function createAdmission({ authenticate, allowOrigin, log }: AdmissionParts): Admission {
  const sessions = new WeakMap<IncomingMessage, LiveSession>();

  function conclude(request: IncomingMessage, decide: Decide, session: LiveSession | undefined): void {
    if (session === undefined) return decide('unauthenticated', false);
    sessions.set(request, session);
    decide(null, true);
  }

  /** As `conclude`, when the answer comes after the engine's handler has returned. */
  async function later(
    request: IncomingMessage,
    found: Promise<LiveSession | undefined>,
    decide: Decide,
  ): Promise<void> {
    const response: unknown = 'res' in request ? request.res : undefined;
    if (!isResponse(response)) throw new Error('engine.io no longer leaves the response on its request');
    let aborted = false;
    response.onAborted(() => {
      aborted = true;
    });
    const session = await found.catch((error: unknown): undefined => {
      log.error({ err: error }, 'A session could not be checked; the live connection was refused.');
    });
    if (!aborted) response.cork(() => conclude(request, decide, session));
  }

  return {
    ask(request, decide) {
      const { origin = '', host = '', cookie = '' } = request.headers;
      if (!allowOrigin(origin, host)) {
        log.warn({ origin, host }, 'A live connection from a foreign origin was refused.');
        return decide('foreign_origin', false);
      }
      const found = authenticate(cookie, request.connection.remoteAddress ?? '');
      if (!(found instanceof Promise)) return conclude(request, decide, found);
      void later(request, found, decide);
    },
    sessionOf: (request) => sessions.get(request),
  };
}
