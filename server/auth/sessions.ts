/**
 * [S3] Sessions: a signed cookie names a session record, which the server can remove at any time. A session
 * in use is prolonged, so that a wall stays signed in; an unused one ends after the configured number of
 * days.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { jwtVerify, SignJWT, errors } from 'jose';
import writeFileAtomic from 'write-file-atomic';
import { errorCode } from '#protocol/errors.ts';
import { cleanText } from '#protocol/text.ts';
import type { Collection } from '../state/collection.ts';
import type { SessionRecord, UserRecord } from '../state/records.ts';
import type { SignedIn } from '../types.ts';

/** The prefix `__Host-` makes browsers require Secure, the path / and no Domain. */
export const COOKIE = '__Host-watchfloor';
const DAY_MS = 86_400_000;
const ISSUER = 'watchfloor';
/** Sessions of one user; a further sign-in ends the one that would expire first. */
const MAX_SESSIONS = 100;

export interface SessionParts {
  readonly sessions: Collection<SessionRecord>;
  readonly users: Collection<UserRecord>;
  /** Signs the cookies. */
  readonly key: Uint8Array;
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

/** The Set-Cookie value that removes the session cookie. */
export const CLEAR_COOKIE = `${COOKIE}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict`;

function cookieValue(header: string): string | undefined {
  for (const part of header.split(';')) {
    const equals = part.indexOf('=');
    if (part.slice(0, equals).trim() === COOKIE) return part.slice(equals + 1).trim();
  }
  return undefined;
}

/** Reads the signing key, or makes one in a file of mode 0600. @throws Error when the file is damaged */
export async function openSessionKey(path: string): Promise<Uint8Array> {
  try {
    const key = Buffer.from((await readFile(path, 'utf8')).trim(), 'base64url');
    if (key.length < 32)
      throw new Error(`${path} is damaged: delete it to have a new one made; everybody then signs in again`);
    return key;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    const key = randomBytes(32);
    await writeFileAtomic(path, key.toString('base64url'), { mode: 0o600 });
    return key;
  }
}

export function createSessions({ sessions, users, key, days, now, onEnd }: SessionParts): Sessions {
  const lifeMs = days * DAY_MS;

  async function cookieFor(record: SessionRecord): Promise<string> {
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(ISSUER)
      .setJti(record.id)
      .setSubject(record.username)
      .setExpirationTime(Math.floor(record.expires_at / 1000))
      .sign(key);
    const seconds = Math.floor((record.expires_at - now()) / 1000);
    return `${COOKIE}=${token}; Path=/; Max-Age=${seconds}; HttpOnly; Secure; SameSite=Strict`;
  }

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
      return { record, cookie: await cookieFor(record) };
    },
    async find(cookieHeader) {
      const token = cookieValue(cookieHeader);
      if (token === undefined) return undefined;
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: ['HS256'],
          issuer: ISSUER,
          currentDate: new Date(now()),
        });
        return payload.jti === undefined ? undefined : findValid(payload.jti);
      } catch (error) {
        // The cookie is forged, cut or expired.
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
    async prolong(sessionId) {
      const record = sessions.get(sessionId);
      if (!record || record.expires_at - now() > lifeMs / 2) return undefined;
      const prolonged = { ...record, expires_at: now() + lifeMs };
      sessions.keep(prolonged);
      return cookieFor(prolonged);
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
