/**
 * [S2] [S5] Limits of sign-in attempts per minute. Wrong passwords count per account and network together, so that a
 * stranger's guesses do not lock the owner out; per network over all accounts; and per wider IPv6 network, as a site
 * has thousands of networks. A place where the account signed in before is exempt from the last two.
 */
import type { SessionRecord } from '../state/records.ts';
import { createLimit } from './limit.ts';
import type { Place } from './turns.ts';

const WRONG_PER_ACCOUNT = 5;
const WRONG_PER_NETWORK = 30;
const WRONG_PER_SITE = 120;
/** The bits of an IPv6 address that are the same for one site, such as a company or a hosting customer. */
const SITE_BITS = 48;
/** Sign-ins of one account from one network, successful ones too: each writes a session. */
const ATTEMPTS_PER_ACCOUNT = 30;
/** Places that are remembered besides those of the present sessions. */
const MAX_PLACES = 1000;

export interface LoginLimits {
  /** Counts an attempt and returns where it comes from. Rejects with ApiError too_many_attempts. */
  attempt(username: string, address: string): Promise<Place>;
  /** Takes back the count of the attempt, and of earlier wrong passwords for this account from this network. */
  succeeded(username: string, address: string): Promise<void>;
}

export interface LoginLimitParts {
  /** All present sessions. */
  readonly sessions: () => readonly Pick<SessionRecord, 'username' | 'address'>[];
  /** The network of an address; `ipv6Bits` of an IPv6 address, or those of one subscriber. */
  readonly networkOf: (address: string, ipv6Bits?: number) => string;
}

export function createLoginLimits({ sessions, networkOf }: LoginLimitParts): LoginLimits {
  const attempts = createLimit(ATTEMPTS_PER_ACCOUNT);
  const perAccount = createLimit(WRONG_PER_ACCOUNT);
  const perNetwork = createLimit(WRONG_PER_NETWORK);
  const perSite = createLimit(WRONG_PER_SITE);
  const places = new Set<string>();
  const keyOf = (username: string, address: string) => `${networkOf(address)} ${username}`;

  function isKnown(username: string, address: string): boolean {
    const key = keyOf(username, address);
    if (places.has(key)) return true;
    return sessions().some((each) => each.username === username && keyOf(username, each.address) === key);
  }

  return {
    async attempt(username, address) {
      const known = isKnown(username, address);
      if (!known) {
        // The widest first: past its limit, no memory is used for the networks inside.
        await perSite.count(networkOf(address, SITE_BITS));
        await perNetwork.count(networkOf(address));
      }
      await attempts.count(keyOf(username, address));
      await perAccount.count(keyOf(username, address));
      return { known, network: networkOf(address) };
    },
    async succeeded(username, address) {
      const key = keyOf(username, address);
      await perAccount.forget(key);
      if (!isKnown(username, address)) {
        await perSite.takeBack(networkOf(address, SITE_BITS));
        await perNetwork.takeBack(networkOf(address));
      }
      places.delete(key);
      places.add(key);
      const [oldest] = places;
      if (oldest !== undefined && places.size > MAX_PLACES) places.delete(oldest);
    },
  };
}

const OPENINGS_PER_LINK = 60;
const WRONG_LINKS = 'Too many wrong display links came from this network. Wait a minute, then try again.';
const MANY_OPENINGS = 'This display link is opened too often. Wait a minute, then try again.';

/**
 * [W1] Limits of openings of display links per minute. Only wrong secrets count by where they come from: whatever a
 * stranger tries, a right one opens its wall.
 */
export interface OpeningLimits {
  /** Counts a wrong secret. Rejects with ApiError too_many_attempts. */
  wrongSecret(address: string): Promise<void>;
  /** Counts an opening of a link, as each writes a session. Rejects with ApiError too_many_attempts. */
  opening(linkId: string): Promise<void>;
}

export function createOpeningLimits({ networkOf }: Pick<LoginLimitParts, 'networkOf'>): OpeningLimits {
  const perNetwork = createLimit(WRONG_PER_NETWORK, WRONG_LINKS);
  const perSite = createLimit(WRONG_PER_SITE, WRONG_LINKS);
  const perLink = createLimit(OPENINGS_PER_LINK, MANY_OPENINGS);
  return {
    async wrongSecret(address) {
      await perSite.count(networkOf(address, SITE_BITS));
      await perNetwork.count(networkOf(address));
    },
    opening: (linkId) => perLink.count(linkId),
  };
}
