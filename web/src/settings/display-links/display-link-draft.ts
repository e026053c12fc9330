/** A display link as its form holds it, and as it is sent. */
import type { BoardSummary } from '#protocol/boards.ts';
import type { DisplayLink, Playlist, Shows } from '#protocol/walls.ts';
import type { NewDisplayLink } from '../../api/boards.ts';
import { newPage, wallDraftOf, wallOf, type WallDraft } from '../playlists/wall-draft.ts';

export interface DisplayLinkDraft {
  name: string;
  /** Of a playlist; empty: pages of its own. */
  playlistId: string;
  wall: WallDraft;
  /** When it stops working: `never`, `kept` as it is, or milliseconds from now. */
  lasting: string;
  /** One address or network a line. */
  networks: string;
}

export function displayLinkDraftOf(link: DisplayLink | undefined, timeZone: string): DisplayLinkDraft {
  const pages = link?.shows.kind === 'pages' ? link.shows : undefined;
  return {
    name: link?.name ?? '',
    playlistId: link?.shows.kind === 'playlist' ? link.shows.playlist_id : '',
    wall: wallDraftOf(pages, timeZone),
    lasting: link === undefined || link.expires_at === null ? 'never' : 'kept',
    networks: link?.networks.join('\n') ?? '',
  };
}

/** A new link, of a board where one was chosen before. */
export function newDisplayLinkDraft(board: BoardSummary | undefined, timeZone: string): DisplayLinkDraft {
  const draft = displayLinkDraftOf(undefined, timeZone);
  if (board === undefined) return draft;
  return { ...draft, name: board.name, wall: { ...draft.wall, pages: [newPage(board.id)] } };
}

/**
 * What is sent; the server says what is wrong with it.
 * @param now the server's clock
 */
export function displayLinkOf(
  draft: DisplayLinkDraft,
  { now, expiresAt }: { now: number; /** As it was before. */ expiresAt: number | null },
): NewDisplayLink {
  const { name, playlistId, wall, lasting, networks } = draft;
  const shows: Shows =
    playlistId === '' ? { kind: 'pages', ...wallOf(wall) } : { kind: 'playlist', playlist_id: playlistId };
  const ends = lasting === 'kept' ? expiresAt : Math.round(now + Number(lasting));
  return {
    name,
    shows,
    expires_at: lasting === 'never' ? null : ends,
    networks: networks.split(/[\s,]+/).filter((network) => network !== ''),
  };
}

/** The name of the playlist that a link shows; undefined where it shows pages of its own. */
export function playlistOf({ shows }: DisplayLink, playlists: readonly Playlist[]): Playlist | undefined {
  return shows.kind === 'playlist' ? playlists.find(({ id }) => id === shows.playlist_id) : undefined;
}
