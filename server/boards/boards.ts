/**
 * Boards, their changes and their earlier versions. A change names the version that was edited, so that nobody
 * overwrites what somebody else has done since.
 */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import {
  MOST_BOARDS,
  VERSIONS_KEPT,
  type Board,
  type boardCreate,
  type boardPatch,
  type BoardSummary,
  type BoardVersion,
} from '#protocol/boards.ts';
import { ApiError } from '#protocol/errors.ts';
import type { Collection } from '../state/collection.ts';
import type { BoardVersionRecord } from '../state/records.ts';

/** The most characters of the earlier versions of all boards together; past it the oldest go. */
const VERSIONS_CHARACTERS = 16 * 1024 * 1024;

export interface Boards {
  /** In the order in which they were added. */
  list(): readonly BoardSummary[];
  /** @throws ApiError unknown_item */
  get(boardId: string): Board;
  /** Rejects with ApiError too_many_items. */
  create(by: string, wanted: z.output<typeof boardCreate>): Promise<Board>;
  /** Rejects with ApiError unknown_item or board_changed. A change that changes nothing makes no new version. */
  change(by: string, boardId: string, patch: z.output<typeof boardPatch>): Promise<Board>;
  /** Removes the board with its earlier versions. Rejects with ApiError unknown_item. */
  remove(boardId: string): Promise<Board>;
  /** The earlier versions, newest first. @throws ApiError unknown_item */
  versionsOf(boardId: string): readonly BoardVersion[];
}

export interface BoardsParts {
  readonly boards: Collection<Board>;
  readonly versions: Collection<BoardVersionRecord>;
  readonly now: () => number;
  /** Called after a board was added, changed or removed. */
  readonly onChange: () => void;
}

function versionOf({ id, version, name, updated_at, updated_by, tiles }: Board): BoardVersionRecord {
  return {
    id: `${id} ${version}`,
    board_id: id,
    version,
    name,
    updated_at,
    updated_by,
    tiles,
    characters: JSON.stringify(tiles).length,
  };
}

function changedMeanwhile({ version, updated_by, updated_at }: Board): ApiError {
  const at = new Date(updated_at).toISOString();
  return new ApiError('board_changed', {
    message: `${updated_by} has changed this board since it was opened (version ${version}, ${at}). Open it again to see what it is now.`,
    details: [
      { path: 'version', message: String(version) },
      { path: 'updated_by', message: updated_by },
      { path: 'updated_at', message: at },
    ],
  });
}

export function createBoards({ boards, versions, now, onChange }: BoardsParts): Boards {
  function get(boardId: string): Board {
    const board = boards.get(boardId);
    if (board === undefined) throw new ApiError('unknown_item');
    return board;
  }

  const versionsNewestFirst = (boardId: string) =>
    versions
      .all()
      .filter(({ board_id }) => board_id === boardId)
      .toSorted((a, b) => b.version - a.version);

  function forgetOldVersions(boardId: string): void {
    for (const { id } of versionsNewestFirst(boardId).slice(VERSIONS_KEPT)) versions.drop(id);
    const oldestFirst = versions.all().toSorted((a, b) => a.updated_at - b.updated_at);
    let characters = oldestFirst.reduce((sum, each) => sum + each.characters, 0);
    for (const each of oldestFirst) {
      if (characters <= VERSIONS_CHARACTERS) return;
      versions.drop(each.id);
      characters -= each.characters;
    }
  }

  return {
    list: () => boards.all().map((board) => ({ ...board, tiles: board.tiles.length })),
    get,
    async create(by, { name, tiles }) {
      if (boards.all().length >= MOST_BOARDS)
        throw new ApiError('too_many_items', {
          message: `There are ${MOST_BOARDS} boards, the most that the server keeps. Remove one first.`,
        });
      const at = now();
      const board: Board = {
        id: randomUUID(),
        name,
        version: 1,
        created_at: at,
        created_by: by,
        updated_at: at,
        updated_by: by,
        tiles,
      };
      await boards.put(board);
      onChange();
      return board;
    },
    async change(by, boardId, { version, name, tiles }) {
      const board = get(boardId);
      if (version !== board.version) throw changedMeanwhile(board);
      const wanted = { ...board, name: name ?? board.name, tiles: tiles ?? board.tiles };
      if (isDeepStrictEqual(wanted, board)) return board;
      const changed = { ...wanted, version: version + 1, updated_at: now(), updated_by: by };
      const before = versionOf(board);
      // Both are in effect before anything is awaited: another change meanwhile is one to this version.
      versions.keep(before);
      try {
        await boards.put(changed);
      } catch (error) {
        versions.drop(before.id);
        throw error;
      }
      forgetOldVersions(boardId);
      onChange();
      return changed;
    },
    async remove(boardId) {
      const board = get(boardId);
      await boards.remove(boardId);
      for (const { id } of versionsNewestFirst(boardId)) versions.drop(id);
      onChange();
      return board;
    },
    versionsOf(boardId) {
      const { version: current } = get(boardId);
      return versionsNewestFirst(boardId)
        .filter(({ version }) => version < current)
        .map(({ version, name, updated_at, updated_by, tiles }) => ({
          version,
          name,
          updated_at,
          updated_by,
          tiles,
        }));
    },
  };
}
