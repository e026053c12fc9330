/** `/display-links`: links that open a wall without a login [W1]. Only the reply that makes a secret shows it. */
import type { z } from 'zod';
import { ApiError, errorText } from '#protocol/errors.ts';
import {
  displayLink as displayLinkShape,
  displayLinkCreate,
  displayLinkCreated,
  displayLinkPatch,
  displayLinksReply,
  displayOpen,
  type DisplayLink,
} from '#protocol/walls.ts';
import { actorOf, type Audit } from '../auth/audit.ts';
import type { DisplayLinks } from '../auth/display-links.ts';
import { addressRefused, type DisplaySessions, type Visit } from '../auth/display-sessions.ts';
import type { OpeningLimits } from '../auth/login-limits.ts';
import { parseNetworks } from '../http/address.ts';
import { firstParam, Reply, type Request } from '../http/request.ts';
import { route, routeWithBody, type Route } from '../http/route.ts';
import type { DisplayLinkRecord } from '../state/records.ts';
import type { SignedIn } from '../types.ts';

export interface DisplayLinkRouteParts {
  readonly links: DisplayLinks;
  readonly sessions: DisplaySessions;
  /** Called after a link was changed. */
  readonly changed: () => void;
  readonly removed: (linkId: string) => void;
  readonly limits: OpeningLimits;
  readonly audit: Audit;
  readonly now: () => number;
  /** What stands before the server's own paths; '' mostly. */
  readonly base: string;
}

export function visitOf(request: Request, version: string): Visit {
  return { address: request.address, agent: request.header('user-agent'), version };
}

const wrong = (path: string, message: string) =>
  new ApiError('invalid_body', { message: `${path}: ${message}`, details: [{ path, message }] });

/** @throws ApiError invalid_body naming the first text that is no network */
function checkNetworks(networks: readonly string[] = []): void {
  for (const [index, network] of networks.entries())
    try {
      parseNetworks([network]);
    } catch (error) {
      throw wrong(`networks.${index}`, errorText(error));
    }
}

export function displayLinkRoutes(parts: DisplayLinkRouteParts): Route[] {
  const { links, sessions, changed, removed, limits, audit, now, base } = parts;

  /** The page that a link opens. The secret stands in the fragment, which browsers send to nobody. */
  const pathOf = (secret: string) => `${base}/ui/wall/display#${secret}`;

  function view(link: DisplayLinkRecord): DisplayLink {
    const { secret_hash: _, seen: __, ...rest } = link;
    const { open, last } = sessions.seen(link);
    return {
      ...rest,
      open,
      last_seen: last?.at ?? null,
      address: last?.address ?? null,
      agent: last?.agent ?? null,
      version: last?.version ?? null,
    };
  }

  function record(person: SignedIn, request: Request, action: string, { name }: DisplayLinkRecord): void {
    audit.record({ ...actorOf(person, request), action, target: name });
  }

  /** An opening, or one that was refused, is an act of the display: whoever has the link made it. */
  function recordOpening({ address }: Request, action: string, { name }: DisplayLinkRecord): void {
    audit.record({ by: 'display', actor: name, address, action, target: name });
  }

  /** Rejects with the ApiError for a secret that no link has. */
  async function refuseStranger({ address }: Request): Promise<never> {
    await limits.wrongSecret(address);
    const target = 'an unknown display link';
    audit.record({ by: 'stranger', actor: 'stranger', address, action: 'was refused', target });
    throw new ApiError('invalid_display_link');
  }

  async function open(request: Request, { secret, version }: z.output<typeof displayOpen>): Promise<Reply> {
    const link = links.find(secret) ?? (await refuseStranger(request));
    const refusal = links.refusalOf(link, request.address);
    if (refusal === 'display_link_expired') {
      recordOpening(request, 'was refused after the end of the display link', link);
      throw new ApiError('display_link_expired');
    }
    if (refusal === 'address_not_allowed') {
      recordOpening(request, 'was refused from an address outside the networks of the display link', link);
      throw addressRefused(request.address);
    }
    await limits.opening(link.id);
    const cookie = await sessions.begin(link, visitOf(request, version), request.header('cookie'));
    recordOpening(request, 'opened the display link', link);
    return new Reply(204, undefined, { 'set-cookie': cookie });
  }

  return [
    route({
      method: 'GET',
      path: '/display-links',
      access: 'operator',
      summary: 'All display links, without their secrets.',
      reply: displayLinksReply,
      handle: () => ({ display_links: links.list().map(view) }),
    }),
    routeWithBody({
      method: 'POST',
      path: '/display-links',
      access: 'operator',
      summary: 'Make a display link. Only this reply has its path, which opens it.',
      body: displayLinkCreate,
      reply: displayLinkCreated,
      status: 201,
      errors: ['too_many_items'],
      async handle({ request, person, body }) {
        checkNetworks(body.networks);
        if (body.expires_at !== null && body.expires_at <= now())
          throw wrong('expires_at', 'has passed already');
        const { link, secret } = await links.create(person.username, body);
        record(person, request, 'made the display link', link);
        return new Reply(201, { ...view(link), path: pathOf(secret) });
      },
    }),
    routeWithBody({
      method: 'PATCH',
      path: '/display-links/:id',
      access: 'operator',
      summary:
        'Change a display link; what it shows and its networks are replaced as a whole. Screens outside of its networks ' +
        'lose it.',
      body: displayLinkPatch,
      reply: displayLinkShape,
      errors: ['unknown_item'],
      async handle({ request, person, body }) {
        checkNetworks(body.networks);
        const link = await links.change(firstParam(request), body);
        if (links.hasExpired(link)) sessions.endAll(link.id);
        else sessions.endElsewhere(link);
        changed();
        record(person, request, 'changed the display link', link);
        return view(link);
      },
    }),
    route({
      method: 'POST',
      path: '/display-links/:id/secret',
      access: 'operator',
      summary:
        'Give a display link another secret: the old link stops working, and screens that show it go dark.',
      reply: displayLinkCreated,
      errors: ['unknown_item'],
      async handle({ request, person }) {
        const { link, secret } = await links.renew(firstParam(request));
        sessions.endAll(link.id);
        record(person, request, 'made a new secret for the display link', link);
        return { ...view(link), path: pathOf(secret) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/display-links/:id',
      access: 'operator',
      summary: 'Remove a display link: screens that show it go dark.',
      errors: ['unknown_item'],
      async handle({ request, person }) {
        const link = await links.remove(firstParam(request));
        sessions.endAll(link.id);
        removed(link.id);
        record(person, request, 'removed the display link', link);
        return new Reply(204);
      },
    }),
    routeWithBody({
      method: 'POST',
      path: '/display-links/open',
      access: 'public',
      summary: "Exchange the secret of a display link for the display's cookie.",
      body: displayOpen,
      errors: ['invalid_display_link', 'display_link_expired', 'address_not_allowed', 'too_many_attempts'],
      handle: ({ request, body }) => open(request, body),
    }),
  ];
}
