/**
 * The paths of boards, their pictures, playlists, display links and displays. Every method rejects as those of
 * `api.ts`.
 */
import {
  board,
  boardsReply,
  boardVersionsReply,
  PICTURE_TYPES,
  pictureCreated,
  type boardCreate,
  type boardPatch,
  type PictureType,
} from '#protocol/boards.ts';
import {
  displayLink,
  displayLinkCreated,
  displayLinksReply,
  playlist,
  playlistsReply,
  wallProgram,
  type displayLinkCreate,
  type displayLinkPatch,
  type playlistCreate,
  type playlistPatch,
} from '#protocol/walls.ts';
import type { z } from 'zod';
import { parsed, type Send } from './request.ts';

export type NewBoard = z.input<typeof boardCreate>;
export type BoardPatch = z.input<typeof boardPatch>;
export type NewPlaylist = z.input<typeof playlistCreate>;
type PlaylistPatch = z.input<typeof playlistPatch>;
export type NewDisplayLink = z.input<typeof displayLinkCreate>;
type DisplayLinkPatch = z.input<typeof displayLinkPatch>;

const id = encodeURIComponent;

export function boardsApi(send: Send) {
  return {
    async list(signal?: AbortSignal) {
      return parsed(boardsReply, await send({ method: 'GET', path: '/boards', signal })).boards;
    },
    async get(boardId: string, signal?: AbortSignal) {
      return parsed(board, await send({ method: 'GET', path: `/boards/${id(boardId)}`, signal }));
    },
    async create(newBoard: NewBoard) {
      return parsed(board, await send({ method: 'POST', path: '/boards', body: newBoard }));
    },
    /** Rejects with the code `board_changed` where somebody else has changed the board since `patch.version`. */
    async patch(boardId: string, patch: BoardPatch) {
      return parsed(board, await send({ method: 'PATCH', path: `/boards/${id(boardId)}`, body: patch }));
    },
    async remove(boardId: string) {
      await send({ method: 'DELETE', path: `/boards/${id(boardId)}` });
    },
    /** Earlier versions, newest first. */
    async versions(boardId: string, signal?: AbortSignal) {
      const reply = await send({ method: 'GET', path: `/boards/${id(boardId)}/versions`, signal });
      return parsed(boardVersionsReply, reply).versions;
    },
  };
}

/** Whether a file's type is one that a board can show. */
export function isPictureType(type: string): type is PictureType {
  return PICTURE_TYPES.some((each) => each === type);
}

/** The bytes as base64, in pieces that an argument list takes. */
function base64(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += 0x8000)
    pieces.push(String.fromCharCode(...bytes.subarray(at, at + 0x8000)));
  return btoa(pieces.join(''));
}

/** Where an `<img>` gets a picture from. `as`: whose session the page uses. */
export function pictureUrl(pictureId: string, as: 'person' | 'display'): string {
  return `/pictures/${id(pictureId)}${as === 'display' ? '?as=display' : ''}`;
}

export function picturesApi(send: Send) {
  return {
    /** Resolves with the picture's id. */
    async upload(type: PictureType, bytes: Uint8Array) {
      const body = { type, data: base64(bytes) };
      return parsed(pictureCreated, await send({ method: 'POST', path: '/pictures', body })).id;
    },
  };
}

export function playlistsApi(send: Send) {
  return {
    async list(signal?: AbortSignal) {
      return parsed(playlistsReply, await send({ method: 'GET', path: '/playlists', signal })).playlists;
    },
    async create(newPlaylist: NewPlaylist) {
      return parsed(playlist, await send({ method: 'POST', path: '/playlists', body: newPlaylist }));
    },
    async patch(playlistId: string, patch: PlaylistPatch) {
      const path = `/playlists/${id(playlistId)}`;
      return parsed(playlist, await send({ method: 'PATCH', path, body: patch }));
    },
    async remove(playlistId: string) {
      await send({ method: 'DELETE', path: `/playlists/${id(playlistId)}` });
    },
  };
}

export function displayLinksApi(send: Send) {
  return {
    async list(signal?: AbortSignal) {
      const reply = await send({ method: 'GET', path: '/display-links', signal });
      return parsed(displayLinksReply, reply).display_links;
    },
    /** The only reply with the link's path, besides that of `newSecret`. */
    async create(link: NewDisplayLink) {
      return parsed(displayLinkCreated, await send({ method: 'POST', path: '/display-links', body: link }));
    },
    async patch(linkId: string, patch: DisplayLinkPatch) {
      const path = `/display-links/${id(linkId)}`;
      return parsed(displayLink, await send({ method: 'PATCH', path, body: patch }));
    },
    async remove(linkId: string) {
      await send({ method: 'DELETE', path: `/display-links/${id(linkId)}` });
    },
    /** Resolves with the link and its new path; screens that have the old one open go dark. */
    async newSecret(linkId: string) {
      const reply = await send({ method: 'POST', path: `/display-links/${id(linkId)}/secret` });
      return parsed(displayLinkCreated, reply);
    },
  };
}

/** What a screen asks that a display link opened, of an API with `as: 'display'`. */
export function displayApi(send: Send) {
  return {
    /** Exchanges the secret of a display link for the display's cookie. `version`: of this page. */
    async open(secret: string, version: string) {
      await send({ method: 'POST', path: '/display-links/open', body: { secret, version } });
    },
    /** What the wall shows now. `version`: of this page. */
    async program(version: string, signal?: AbortSignal) {
      const path = `/display?version=${id(version)}`;
      return parsed(wallProgram, await send({ method: 'GET', path, signal }));
    },
  };
}
