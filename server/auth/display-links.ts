/** [W1] Display links, which open a wall without a login. The server stores only the hashes of their secrets. */
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { ApiError } from '#protocol/errors.ts';
import { MOST_DISPLAY_LINKS, type displayLinkCreate, type displayLinkPatch } from '#protocol/walls.ts';
import type { Collection } from '../state/collection.ts';
import type { DisplayLinkRecord } from '../state/records.ts';
import { newSecret, secretHash } from './secrets.ts';

/** Why a link may not be used now; undefined: it may. */
export type LinkRefusal = 'display_link_expired' | 'address_not_allowed';

export interface DisplayLinks {
  list(): readonly DisplayLinkRecord[];
  /** @throws ApiError unknown_item */
  get(linkId: string): DisplayLinkRecord;
  /** The link with this secret, whether or not it may be used now. */
  find(secret: string): DisplayLinkRecord | undefined;
  refusalOf(link: DisplayLinkRecord, address: string): LinkRefusal | undefined;
  hasExpired(link: DisplayLinkRecord): boolean;
  /** `secret` is the link's secret, which is not stored. Rejects with ApiError too_many_items. */
  create(
    by: string,
    wanted: z.output<typeof displayLinkCreate>,
  ): Promise<{ link: DisplayLinkRecord; secret: string }>;
  /** Rejects with ApiError unknown_item. */
  change(linkId: string, patch: z.output<typeof displayLinkPatch>): Promise<DisplayLinkRecord>;
  /** The old secret stops working. Rejects with ApiError unknown_item. */
  renew(linkId: string): Promise<{ link: DisplayLinkRecord; secret: string }>;
  /** Rejects with ApiError unknown_item. */
  remove(linkId: string): Promise<DisplayLinkRecord>;
}

export interface DisplayLinksParts {
  readonly links: Collection<DisplayLinkRecord>;
  /** Whether an address is in one of the networks; no network holds every address. */
  readonly isWithin: (networks: readonly string[], address: string) => boolean;
  readonly now: () => number;
}

export function createDisplayLinks({ links, isWithin, now }: DisplayLinksParts): DisplayLinks {
  function get(linkId: string): DisplayLinkRecord {
    const link = links.get(linkId);
    if (link === undefined) throw new ApiError('unknown_item');
    return link;
  }

  const hasExpired = ({ expires_at }: DisplayLinkRecord) => expires_at !== null && expires_at <= now();

  return {
    list: () => links.all(),
    get,
    find(secret) {
      const hash = secretHash(secret);
      return links.all().find(({ secret_hash }) => secret_hash === hash);
    },
    refusalOf(link, address) {
      if (!isWithin(link.networks, address)) return 'address_not_allowed';
      return hasExpired(link) ? 'display_link_expired' : undefined;
    },
    hasExpired,
    async create(by, wanted) {
      if (links.all().length >= MOST_DISPLAY_LINKS) throw new ApiError('too_many_items');
      const secret = newSecret('display');
      const link = {
        id: randomUUID(),
        ...wanted,
        secret_hash: secretHash(secret),
        created_at: now(),
        created_by: by,
        seen: null,
      };
      await links.put(link);
      return { link, secret };
    },
    async change(linkId, { name, shows, expires_at, networks }) {
      const link = get(linkId);
      const changed = {
        ...link,
        name: name ?? link.name,
        shows: shows ?? link.shows,
        expires_at: expires_at === undefined ? link.expires_at : expires_at,
        networks: networks ?? link.networks,
      };
      await links.put(changed);
      return changed;
    },
    async renew(linkId) {
      const secret = newSecret('display');
      const link = { ...get(linkId), secret_hash: secretHash(secret) };
      await links.put(link);
      return { link, secret };
    },
    async remove(linkId) {
      const link = get(linkId);
      await links.remove(linkId);
      return link;
    },
  };
}
