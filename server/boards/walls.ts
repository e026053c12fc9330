/** What a display link shows: the pages of its own or of its playlist, with their boards as they are now. */
import { hash } from 'node:crypto';
import { isKnownTile, type AnyTile, type Board } from '#protocol/boards.ts';
import { ApiError } from '#protocol/errors.ts';
import type { MachineScope } from '#protocol/machine-scope.ts';
import {
  DEFAULT_WALL_SETTINGS,
  type DisplayLink,
  type Playlist,
  type ResolvedPage,
  type Shows,
  type WallPage,
  type WallProgram,
  type WallSettings,
} from '#protocol/walls.ts';
import type { Collection } from '../state/collection.ts';
import { picturesOf } from './pictures.ts';

export interface Walls {
  /** @throws ApiError unknown_item */
  program(linkId: string): WallProgram;
  /** Each scope of a page or of a tile, once; none of a link that is gone. A tile of an unknown kind has no scope. */
  scopes(linkId: string): readonly MachineScope[];
  hasPicture(linkId: string, pictureId: string): boolean;
}

export interface WallsParts {
  readonly links: Pick<Collection<Pick<DisplayLink, 'id' | 'name' | 'shows' | 'expires_at'>>, 'get'>;
  readonly boards: Pick<Collection<Board>, 'get'>;
  readonly playlists: Pick<Collection<Playlist>, 'get'>;
}

/** [W1] Without the names of those who made the boards: they are none of a wall's business. */
function withoutAuthors(page: ResolvedPage): ResolvedPage {
  if (page.kind === 'fleet' || page.board === null) return page;
  return { ...page, board: { ...page.board, created_by: '', updated_by: '' } };
}

export function createWalls({ links, boards, playlists }: WallsParts): Walls {
  /** A playlist that was removed has no pages. */
  function shownBy(shows: Shows): { readonly pages: readonly WallPage[]; readonly settings: WallSettings } {
    if (shows.kind === 'pages') return shows;
    return playlists.get(shows.playlist_id) ?? { pages: [], settings: DEFAULT_WALL_SETTINGS };
  }

  const resolved = (page: WallPage): ResolvedPage =>
    page.kind === 'fleet'
      ? page
      : { kind: 'board', board: boards.get(page.board_id) ?? null, seconds: page.seconds };

  function pagesOf(linkId: string): readonly ResolvedPage[] {
    const link = links.get(linkId);
    return link === undefined ? [] : shownBy(link.shows).pages.map(resolved);
  }

  const tilesOf = (page: ResolvedPage): readonly AnyTile[] =>
    page.kind === 'board' ? (page.board?.tiles ?? []) : [];

  return {
    program(linkId) {
      const link = links.get(linkId);
      if (link === undefined) throw new ApiError('unknown_item');
      const program = {
        name: link.name,
        pages: pagesOf(linkId).map(withoutAuthors),
        settings: shownBy(link.shows).settings,
        expires_at: link.expires_at,
      };
      return { ...program, revision: hash('sha256', JSON.stringify(program), 'hex').slice(0, 16) };
    },
    scopes(linkId) {
      const pages = pagesOf(linkId);
      const scopes = [
        ...pages.flatMap((page) => (page.kind === 'fleet' ? [page.scope] : [])),
        ...pages
          .flatMap(tilesOf)
          .flatMap((tile) => (isKnownTile(tile) && 'scope' in tile ? [tile.scope] : [])),
      ];
      return [...new Map(scopes.map((scope) => [JSON.stringify(scope), scope])).values()];
    },
    hasPicture: (linkId, pictureId) =>
      pagesOf(linkId).some((page) => picturesOf(tilesOf(page)).includes(pictureId)),
  };
}
