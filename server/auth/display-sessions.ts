/**
 * [W1] The sessions of displays: each browser exchanges the secret of a display link once for a cookie of its own. A
 * session ends with its link, and with the link's secret, expiry or networks. When a screen last asked, and from where,
 * is kept in memory and written once in a while.
 */
import { randomUUID } from 'node:crypto';
import { ApiError } from '#protocol/errors.ts';
import { cleanText } from '#protocol/text.ts';
import { DISPLAY_ASKS_MS } from '#protocol/walls.ts';
import type { Collection } from '../state/collection.ts';
import type { DisplayLinkRecord, DisplaySessionRecord } from '../state/records.ts';
import type { Sight, SignedIn } from '../types.ts';
import type { DisplayLinks } from './display-links.ts';
import type { SessionCookie } from './session-cookie.ts';

/** Sessions of one link; another one ends the one that was used least recently. */
const SESSIONS_PER_LINK = 50;
/** A screen is open while it asked within this time. */
const OPEN_MS = 3 * DISPLAY_ASKS_MS;
/** Only the time of a link's newest request is written so seldom; what else is new of it is written soon. */
const SAVE_SEEN_MS = 3_600_000;
/** Addresses that are remembered of one session; a screen usually has one. */
const ADDRESSES_KEPT = 16;
const DAY_MS = 86_400_000;

/** What a screen tells of itself with a request. */
export interface Visit {
  readonly address: string;
  readonly agent: string;
  /** Of the page that it runs. */
  readonly version: string;
}

export interface DisplaySessions {
  /**
   * Begins a session of the link, or goes on with that of the cookie where it is one of this link. Resolves with the
   * Set-Cookie value. Rejects with ApiError invalid_display_link, display_link_expired or address_not_allowed.
   */
  begin(link: DisplayLinkRecord, visit: Visit, cookieHeader: string): Promise<string>;
  /** The valid session of a Cookie header, else undefined. Rejects with ApiError address_not_allowed. */
  find(cookieHeader: string, address: string): Promise<SignedIn | undefined>;
  isAlive(sessionId: string): boolean;
  /**
   * Notes that a screen asked for what it shows. Prolongs a session with less than half its time left: resolves with a
   * Set-Cookie value then, else with undefined.
   */
  asked(sessionId: string, visit: Visit): Promise<string | undefined>;
  /** [L5] Ends all sessions of a link. */
  endAll(linkId: string): void;
  /** [L5] Ends the sessions of a link that were used from where it may not be used any more. */
  endElsewhere(link: DisplayLinkRecord): void;
  /** How many screens have the link open now, and which one asked last. */
  seen(link: DisplayLinkRecord): { readonly open: number; readonly last: DisplayLinkRecord['seen'] };
  /** Writes what is only in memory. */
  stop(): void;
}

export interface DisplaySessionsParts {
  readonly sessions: Collection<DisplaySessionRecord>;
  readonly links: Collection<DisplayLinkRecord>;
  /** What a link's end and its networks allow. */
  readonly terms: Pick<DisplayLinks, 'refusalOf' | 'hasExpired'>;
  readonly cookie: SessionCookie;
  readonly sightOf: (linkId: string) => Sight;
  /** How long an unused session lasts, in days. */
  readonly days: number;
  readonly now: () => number;
  /** [L5] Called for each session that is ended before it expires. */
  readonly onEnd: (sessionId: string) => void;
}

/** What is known of a session since the server's start. */
interface Use {
  at: number;
  readonly addresses: Set<string>;
}

export function addressRefused(address: string): ApiError {
  return new ApiError('address_not_allowed', {
    message: `This display link may not be used from the address ${address}. Whoever made it can add your network to it.`,
  });
}

export function createDisplaySessions(parts: DisplaySessionsParts): DisplaySessions {
  const { sessions, links, terms, cookie, sightOf, now, onEnd } = parts;
  const lifeMs = parts.days * DAY_MS;
  const uses = new Map<string, Use>();
  /** The newest request of each link. */
  const newest = new Map<string, NonNullable<DisplayLinkRecord['seen']>>();

  function valid(
    sessionId: string,
  ): { readonly session: DisplaySessionRecord; readonly link: DisplayLinkRecord } | undefined {
    const session = sessions.get(sessionId);
    if (session === undefined || session.expires_at <= now()) return undefined;
    const link = links.get(session.link_id);
    return link === undefined || terms.hasExpired(link) ? undefined : { session, link };
  }

  const sessionsOf = (linkId: string) => sessions.all().filter(({ link_id }) => link_id === linkId);
  const lastUse = ({ id, created_at }: DisplaySessionRecord) => uses.get(id)?.at ?? created_at;

  function end(sessionId: string): void {
    sessions.drop(sessionId);
    uses.delete(sessionId);
    onEnd(sessionId);
  }

  function makeRoom(linkId: string): void {
    for (const { id } of sessions.all()) if (valid(id) === undefined) end(id);
    const own = sessionsOf(linkId).toSorted((a, b) => lastUse(a) - lastUse(b));
    for (const { id } of own.slice(0, Math.max(0, own.length - SESSIONS_PER_LINK + 1))) end(id);
  }

  function use(sessionId: string, address: string): void {
    const known = uses.get(sessionId) ?? { at: 0, addresses: new Set<string>() };
    known.at = now();
    known.addresses.add(address);
    const [oldest] = known.addresses;
    if (oldest !== undefined && known.addresses.size > ADDRESSES_KEPT) known.addresses.delete(oldest);
    uses.set(sessionId, known);
  }

  function note(link: DisplayLinkRecord, { address, agent, version }: Visit): void {
    const seen = {
      at: now(),
      address,
      agent: cleanText(agent.slice(0, 200)),
      version: cleanText(version.slice(0, 64)),
    };
    newest.set(link.id, seen);
    const saved = link.seen;
    const isNew = saved?.address !== address || saved.agent !== seen.agent || saved.version !== seen.version;
    if (isNew || Math.abs(seen.at - saved.at) > SAVE_SEEN_MS) links.putSoon({ ...link, seen });
  }

  /** Until when a cookie is made that begins now. */
  const endOf = ({ expires_at }: DisplayLinkRecord) => Math.min(now() + lifeMs, expires_at ?? Infinity);

  return {
    async begin({ id, secret_hash }, visit, cookieHeader) {
      const earlier = valid((await cookie.read(cookieHeader)) ?? '');
      // Meanwhile the link may have been removed or changed. What ended its sessions must not begin one.
      const link = links.get(id);
      if (link?.secret_hash !== secret_hash) throw new ApiError('invalid_display_link');
      const refusal = terms.refusalOf(link, visit.address);
      if (refusal === 'address_not_allowed') throw addressRefused(visit.address);
      if (refusal !== undefined) throw new ApiError(refusal);
      const isOfLink = earlier?.link.id === link.id;
      if (!isOfLink) makeRoom(link.id);
      const session: DisplaySessionRecord = isOfLink
        ? { ...earlier.session, expires_at: endOf(link) }
        : { id: randomUUID(), link_id: link.id, created_at: now(), expires_at: endOf(link) };
      sessions.keep(session);
      use(session.id, visit.address);
      note(link, visit);
      return cookie.make(session.id, session.expires_at);
    },
    async find(cookieHeader, address) {
      const found = valid((await cookie.read(cookieHeader)) ?? '');
      if (found === undefined) return undefined;
      const { session, link } = found;
      if (terms.refusalOf(link, address) !== undefined) throw addressRefused(address);
      use(session.id, address);
      return {
        sessionId: session.id,
        // No user has such a name.
        username: `display:${link.name}`,
        role: 'display',
        expiresAt: Math.min(session.expires_at, link.expires_at ?? Infinity),
        sight: sightOf(link.id),
      };
    },
    isAlive: (sessionId) => valid(sessionId) !== undefined,
    async asked(sessionId, visit) {
      const found = valid(sessionId);
      if (found === undefined) return undefined;
      const { session, link } = found;
      note(link, visit);
      if (session.expires_at - now() > lifeMs / 2 || session.expires_at >= endOf(link)) return undefined;
      const prolonged = { ...session, expires_at: endOf(link) };
      sessions.keep(prolonged);
      return cookie.make(sessionId, prolonged.expires_at);
    },
    endAll(linkId) {
      for (const { id } of sessionsOf(linkId)) end(id);
      if (links.get(linkId) === undefined) newest.delete(linkId);
    },
    endElsewhere(link) {
      for (const { id } of sessionsOf(link.id)) {
        const addresses = [...(uses.get(id)?.addresses ?? [])];
        const isElsewhere = (address: string) => terms.refusalOf(link, address) === 'address_not_allowed';
        // Of one that was used from very many addresses, the first ones are forgotten.
        const isUnsure = link.networks.length > 0 && addresses.length >= ADDRESSES_KEPT;
        if (isUnsure || addresses.some(isElsewhere)) end(id);
      }
    },
    seen(link) {
      const open = sessionsOf(link.id).filter(({ id }) => now() - (uses.get(id)?.at ?? -Infinity) < OPEN_MS);
      return { open: open.length, last: newest.get(link.id) ?? link.seen };
    },
    stop() {
      for (const [linkId, seen] of newest) {
        const link = links.get(linkId);
        if (link !== undefined) links.keep({ ...link, seen });
      }
    },
  };
}
