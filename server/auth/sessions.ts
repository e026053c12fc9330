/**
 * [S3] Sessions: a signed cookie names a session record, which the server can remove at any time. A session
 * in use is prolonged, so that a wall stays signed in; an unused one ends after the configured number of
 * days.
 */
import { randomUUID } from 'node:crypto';
import { cleanText } from '#protocol/text.ts';
import type { Collection } from '../state/collection.ts';
import type { SessionRecord, UserRecord } from '../state/records.ts';
import type { SignedIn } from '../types.ts';
import type { SessionCookie } from './session-cookie.ts';

const DAY_MS = 86_400_000;
/** Sessions of one user; a further sign-in ends the one that would expire first. */
const MAX_SESSIONS = 100;

export interface SessionParts {
  readonly sessions: Collection<SessionRecord>;
  readonly users: Collection<UserRecord>;
  readonly cookie: SessionCookie;
  /** How long an unused session lasts, in days. */
  readonly days: number;
  readonly now: () => number;
  /** [L5] Called for each session that is ended before it expires. */
  readonly onEnd: (sessionId: string) => void;
}

export interface Sessions {
  /** Starts a session; `cookie` is the Set-Cookie value. */
  begin(
    username: string,
    client: { readonly address: string; readonly agent: string },
  ): Promise<{ record: SessionRecord; cookie: string }>;
  /** The valid session of a Cookie header, else undefined. */
  find(cookieHeader: string): Promise<SignedIn | undefined>;
  /** Prolongs a session with less than half its time left and returns a Set-Cookie value; else undefined. */
  prolong(sessionId: string): Promise<string | undefined>;
  isAlive(sessionId: string): boolean;
  end(sessionId: string): void;
  /** Ends all sessions of a user, except the one with the id `exceptId`. */
  endAll(username: string, exceptId?: string): void;
  /** All sessions that have not ended, oldest first. */
  list(): readonly SessionRecord[];
}

export function createSessions({ sessions, users, cookie, days, now, onEnd }: SessionParts): Sessions {
  const lifeMs = days * DAY_MS;

  function findValid(sessionId: string): SignedIn | undefined {
    const record = sessions.get(sessionId);
    if (!record || record.expires_at <= now()) return undefined;
    const user = users.get(record.username);
    return user && { sessionId, username: user.id, role: user.role, expiresAt: record.expires_at };
  }

  function end(sessionId: string): void {
    sessions.drop(sessionId);
    onEnd(sessionId);
  }

  function removeExpired(): void {
    for (const { id, expires_at } of sessions.all()) if (expires_at <= now()) sessions.drop(id);
  }

  /** Ends sessions of a user until there is room for one more. */
  function makeRoom(username: string): void {
    const own = sessions
      .all()
      .filter((record) => record.username === username)
      .sort((a, b) => a.expires_at - b.expires_at);
    for (const { id } of own.slice(0, Math.max(0, own.length - MAX_SESSIONS + 1))) end(id);
  }

  return {
    async begin(username, { address, agent }) {
      const record = {
        id: randomUUID(),
        username,
        created_at: now(),
        expires_at: now() + lifeMs,
        address,
        agent: cleanText(agent.slice(0, 200)),
      };
      removeExpired();
      makeRoom(username);
      sessions.keep(record);
      return { record, cookie: await cookie.make(record.id, record.expires_at) };
    },
    async find(cookieHeader) {
      const sessionId = await cookie.read(cookieHeader);
      return sessionId === undefined ? undefined : findValid(sessionId);
    },
    async prolong(sessionId) {
      const record = sessions.get(sessionId);
      if (!record || record.expires_at - now() > lifeMs / 2) return undefined;
      const prolonged = { ...record, expires_at: now() + lifeMs };
      sessions.keep(prolonged);
      return cookie.make(sessionId, prolonged.expires_at);
    },
    isAlive: (sessionId) => findValid(sessionId) !== undefined,
    end,
    endAll(username, exceptId) {
      const ending = sessions
        .all()
        .filter((record) => record.username === username && record.id !== exceptId);
      for (const { id } of ending) end(id);
    },
    list: () => sessions.all().filter((record) => record.expires_at > now()),
  };
}
