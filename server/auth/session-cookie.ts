/**
 * [S3] Signed cookies that name a session: one for the sessions of people, another for those of displays, so that who
 * opens a display link in their own browser stays signed in.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { jwtVerify, SignJWT, errors } from 'jose';
import writeFileAtomic from 'write-file-atomic';
import { errorCode } from '#protocol/errors.ts';
import type { SessionOf } from '#protocol/live.ts';

/** The prefix `__Host-` makes browsers require Secure, the path / and no Domain. */
export const PERSON_COOKIE = '__Host-watchfloor';
export const DISPLAY_COOKIE = '__Host-watchfloor-display';

const NAMES = { person: PERSON_COOKIE, display: DISPLAY_COOKIE } as const;
/** A cookie of one kind is not one of the other under another name. */
const ISSUERS = { person: 'watchfloor', display: 'watchfloor-display' } as const;
const FLAGS = 'HttpOnly; Secure; SameSite=Strict';

export interface SessionCookie {
  /** A Set-Cookie value that names the session until it ends. */
  make(sessionId: string, expiresAt: number): Promise<string>;
  /** The id of the session that a Cookie header names; undefined where it has no valid cookie of this kind. */
  read(cookieHeader: string): Promise<string | undefined>;
  /** The Set-Cookie value that removes the cookie. */
  readonly clear: string;
}

export interface SessionCookieParts {
  readonly of: SessionOf;
  /** Signs the cookies. */
  readonly key: Uint8Array;
  readonly now: () => number;
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

function cookieValue(header: string, name: string): string | undefined {
  for (const part of header.split(';')) {
    const equals = part.indexOf('=');
    if (part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim();
  }
  return undefined;
}

export function createSessionCookie({ of, key, now }: SessionCookieParts): SessionCookie {
  const name = NAMES[of];
  return {
    async make(sessionId, expiresAt) {
      const token = await new SignJWT({})
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuer(ISSUERS[of])
        .setJti(sessionId)
        .setExpirationTime(Math.floor(expiresAt / 1000))
        .sign(key);
      const seconds = Math.floor((expiresAt - now()) / 1000);
      return `${name}=${token}; Path=/; Max-Age=${seconds}; ${FLAGS}`;
    },
    async read(cookieHeader) {
      const token = cookieValue(cookieHeader, name);
      if (token === undefined) return undefined;
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: ['HS256'],
          issuer: ISSUERS[of],
          currentDate: new Date(now()),
        });
        return payload.jti;
      } catch (error) {
        // The cookie is forged, cut or expired.
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
    clear: `${name}=; Path=/; Max-Age=0; ${FLAGS}`,
  };
}
