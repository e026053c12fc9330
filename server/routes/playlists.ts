/** `/playlists`: what walls show one after the other, and how. */
import { randomUUID } from 'node:crypto';
import { ApiError } from '#protocol/errors.ts';
import {
  MOST_PLAYLISTS,
  playlist as playlistShape,
  playlistCreate,
  playlistPatch,
  playlistsReply,
  type Playlist,
} from '#protocol/walls.ts';
import { actorOf, type Audit } from '../auth/audit.ts';
import { firstParam, Reply, type Request } from '../http/request.ts';
import { route, routeWithBody, type Route } from '../http/route.ts';
import type { Collection } from '../state/collection.ts';
import type { SignedIn } from '../types.ts';

export interface PlaylistRouteParts {
  readonly playlists: Collection<Playlist>;
  /** Called after a playlist was added, changed or removed. */
  readonly changed: () => void;
  readonly audit: Audit;
  readonly now: () => number;
}

export function playlistRoutes({ playlists, changed, audit, now }: PlaylistRouteParts): Route[] {
  function requirePlaylist(request: Request): Playlist {
    const playlist = playlists.get(firstParam(request));
    if (playlist === undefined) throw new ApiError('unknown_item');
    return playlist;
  }

  function record(person: SignedIn, request: Request, act: string, { name }: Playlist): void {
    audit.record({ ...actorOf(person, request), action: `${act} the playlist`, target: name });
  }

  return [
    route({
      method: 'GET',
      path: '/playlists',
      access: 'display',
      summary: 'All playlists.',
      reply: playlistsReply,
      handle: () => ({ playlists: playlists.all() }),
    }),
    routeWithBody({
      method: 'POST',
      path: '/playlists',
      access: 'operator',
      summary: 'Add a playlist.',
      body: playlistCreate,
      reply: playlistShape,
      status: 201,
      errors: ['too_many_items'],
      async handle({ request, person, body }) {
        if (playlists.all().length >= MOST_PLAYLISTS) throw new ApiError('too_many_items');
        const made = { id: randomUUID(), ...body, created_at: now(), created_by: person.username };
        await playlists.put(made);
        changed();
        record(person, request, 'added', made);
        return new Reply(201, made);
      },
    }),
    routeWithBody({
      method: 'PATCH',
      path: '/playlists/:id',
      access: 'operator',
      summary: 'Change a playlist; its pages and its settings are replaced as a whole.',
      body: playlistPatch,
      reply: playlistShape,
      errors: ['unknown_item'],
      async handle({ request, person, body: { name, pages, settings } }) {
        const playlist = requirePlaylist(request);
        const next: Playlist = {
          ...playlist,
          name: name ?? playlist.name,
          pages: pages ?? playlist.pages,
          settings: settings ?? playlist.settings,
        };
        await playlists.put(next);
        changed();
        record(person, request, 'changed', next);
        return next;
      },
    }),
    route({
      method: 'DELETE',
      path: '/playlists/:id',
      access: 'operator',
      summary: 'Remove a playlist. Display links that show it show nothing then.',
      errors: ['unknown_item'],
      async handle({ request, person }) {
        const playlist = requirePlaylist(request);
        await playlists.remove(playlist.id);
        changed();
        record(person, request, 'removed', playlist);
        return new Reply(204);
      },
    }),
  ];
}
