/**
 * [S3] Sessions: a signed cookie that names a record the server can take back. A session that is used is prolonged,
 * so that a wall stays signed in; one that is not ends after its days.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { jwtVerify, SignJWT, errors } from 'jose';
import writeFileAtomic from 'write-file-atomic';
import { errorCode } from '#protocol/errors.ts';
import type { Collection } from '../state/collection.ts';
import type { SessionRecord, UserRecord } from '../state/records.ts';
import type { SignedIn } from '../types.ts';

/** `__Host-`: Secure, this host only, path /. */
export const COOKIE = '__Host-watchfloor';
const DAY_MS = 86_400_000;
const ISSUER = 'watchfloor';

export interface SessionParts {
  readonly sessions: Collection<SessionRecord>;
  readonly users: Collection<UserRecord>;
  readonly key: Uint8Array;
  readonly days: number;
  readonly now: () => number;
  /** [L5] Told of each session that was ended before its time. */
  readonly onEnd: (sessionId: string) => void;
}

export interface Sessions {
  /** A new session and its Set-Cookie value. */
  begin(
    username: string,
    from: { readonly address: string; readonly agent: string },
  ): Promise<{ record: SessionRecord; cookie: string }>;
  /** The session of a Cookie header; undefined when there is none that is valid. */
  find(cookieHeader: string): Promise<SignedIn | undefined>;
  /** A Set-Cookie value when the session has passed half its time; undefined before. */
  prolong(sessionId: string): Promise<string | undefined>;
  alive(sessionId: string): boolean;
  end(sessionId: string): Promise<void>;
  /** All of a user's, but the one named. */
  endAll(username: string, except?: string): Promise<void>;
  /** Not ended, oldest first. */
  list(): readonly SessionRecord[];
}

export const CLEAR_COOKIE = `${COOKIE}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict`;

function cookieValue(header: string): string | undefined {
  for (const part of header.split(';')) {
    const at = part.indexOf('=');
    if (part.slice(0, at).trim() === COOKIE) return part.slice(at + 1).trim();
  }
  return undefined;
}

/** Reads the signing key, or makes one (0600). */
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

  function current(sessionId: string): SignedIn | undefined {
    const record = sessions.get(sessionId);
    if (!record || record.expires_at <= now()) return undefined;
    const user = users.get(record.username);
    return user && { sessionId, username: user.id, role: user.role, expiresAt: record.expires_at };
  }

  async function end(sessionId: string): Promise<void> {
    const saved = sessions.remove(sessionId);
    onEnd(sessionId);
    await saved;
  }

  async function forgetOver(): Promise<void> {
    await Promise.all(
      sessions
        .all()
        .filter((record) => record.expires_at <= now())
        .map((record) => sessions.remove(record.id)),
    );
  }

  return {
    async begin(username, { address, agent }) {
      const record = {
        id: randomUUID(),
        username,
        created_at: now(),
        expires_at: now() + lifeMs,
        address,
        agent: agent.slice(0, 200),
      };
      await forgetOver();
      await sessions.put(record);
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
        return payload.jti === undefined ? undefined : current(payload.jti);
      } catch (error) {
        // Forged, cut or past its time: no session, whatever is wrong with it.
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
    async prolong(sessionId) {
      const record = sessions.get(sessionId);
      if (!record || record.expires_at - now() > lifeMs / 2) return undefined;
      const prolonged = { ...record, expires_at: now() + lifeMs };
      await sessions.put(prolonged);
      return cookieFor(prolonged);
    },
    alive: (sessionId) => current(sessionId) !== undefined,
    end,
    async endAll(username, except) {
      const mine = sessions.all().filter((record) => record.username === username && record.id !== except);
      await Promise.all(mine.map((record) => end(record.id)));
    },
    list: () => sessions.all().filter((record) => record.expires_at > now()),
  };
}
