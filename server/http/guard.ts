/**
 * Decides whether a request may use a route: by its address, its Origin, its session cookie and the session's
 * role.
 */
import type { Role } from '#protocol/api.ts';
import { ApiError } from '#protocol/errors.ts';
import { isIn, type Networks } from './address.ts';
import { isSameOrigin } from './origin.ts';
import type { SignedIn } from '../types.ts';
import type { Request } from './request.ts';
import { needsSession, NOBODY, type Access, type Route } from './route.ts';

const RANK: Readonly<Record<Role, number>> = { display: 0, viewer: 1, operator: 2, admin: 3 };

const NO_DISPLAY =
  'This screen has no valid display link: it was revoked, replaced or has expired. Open a link on it.';

export interface GuardParts {
  /**
   * The valid session of a Cookie header, else undefined. [W1] `as`: whose session counts, as a browser may have one of
   * a person and one of a display link. Rejects with ApiError address_not_allowed.
   */
  readonly authenticate: (
    cookie: string,
    as: 'person' | 'display',
    address: string,
  ) => Promise<SignedIn | undefined>;
  /** Where agents may push from; empty: everywhere. */
  readonly allowAgents: Networks;
  /** Where people may come from; empty: everywhere. */
  readonly allowPeople: Networks;
}

/**
 * Returns who makes the request, NOBODY where the route needs no session. Throws or rejects with an ApiError:
 * address_not_allowed, foreign_origin, not_signed_in or forbidden.
 */
export type Guard = (
  route: Pick<Route, 'access' | 'method' | 'path' | 'forDisplayLinks'>,
  request: Request,
) => SignedIn | Promise<SignedIn>;

/**
 * Whether the address may use a route of this access: agents' routes and people's have a list of networks each; what
 * anyone may use, both may.
 */
export function allows(
  parts: Pick<GuardParts, 'allowAgents' | 'allowPeople'>,
  access: Access,
  from: { readonly address: string },
): boolean {
  // The address is worked out when it is read, which takes 5 % of the time of a push: only a list needs it.
  const isAllowedFrom = (networks: Networks) => networks.length === 0 || isIn(networks, from.address);
  if (access === 'anyone') return isAllowedFrom(parts.allowAgents) || isAllowedFrom(parts.allowPeople);
  return isAllowedFrom(access === 'device' ? parts.allowAgents : parts.allowPeople);
}

export function createGuard(parts: GuardParts): Guard {
  async function requireRole(access: Role, request: Request): Promise<SignedIn> {
    const person = await parts.authenticate(request.header('cookie'), 'person', request.address);
    if (!person) throw new ApiError('not_signed_in');
    if (RANK[person.role] < RANK[access]) throw new ApiError('forbidden');
    return person;
  }

  async function requireDisplay(isAllowed: boolean, request: Request): Promise<SignedIn> {
    const display = await parts.authenticate(request.header('cookie'), 'display', request.address);
    if (!display) throw new ApiError('not_signed_in', { message: NO_DISPLAY });
    if (!isAllowed) throw new ApiError('forbidden', { message: 'A display link may not do this.' });
    return display;
  }

  return ({ access, method, path, forDisplayLinks = false }, request) => {
    if (path === '/healthz' || path === '/readyz') return NOBODY;
    if (!allows(parts, access, request)) throw new ApiError('address_not_allowed');
    if (access === 'device' || access === 'anyone') return NOBODY;
    // Browsers send the cookie for requests of any site's page, so only our own pages may change state.
    if (method !== 'GET' && !isSameOrigin(request.header('origin'), request.host))
      throw new ApiError('foreign_origin');
    if (!needsSession(access)) return NOBODY;
    const isDisplay = request.query.get('as') === 'display';
    return isDisplay ? requireDisplay(forDisplayLinks, request) : requireRole(access, request);
  };
}
