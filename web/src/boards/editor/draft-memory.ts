/** Keeps what was edited and not saved in the browser, so that a reload or a crash of the page loses nothing. */
import { z } from 'zod';
import { board } from '#protocol/boards.ts';
import type { Draft } from './edits.ts';

export interface DraftMemory {
  /** The draft that was kept of this version of the board; undefined where there is none. */
  read(version: number): Draft | undefined;
  keep(version: number, draft: Draft): void;
  forget(): void;
}

const kept = z.object({
  version: z.number(),
  draft: board.pick({ tiles: true }).extend({ name: z.string() }),
});

/** `storage` is null where the browser forbids it: drafts then last as long as the page. */
export function draftMemory(
  boardId: string,
  storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null,
): DraftMemory {
  const key = `watchfloor-board-draft ${boardId}`;
  return {
    read(version) {
      const text = storage?.getItem(key) ?? null;
      if (text === null) return undefined;
      const read = kept.safeParse(parsedJson(text));
      return read.success && read.data.version === version ? read.data.draft : undefined;
    },
    keep(version, draft) {
      try {
        storage?.setItem(key, JSON.stringify({ version, draft }));
      } catch {
        storage?.removeItem(key); // There is no room left; an older draft would be worse than none.
      }
    },
    forget: () => storage?.removeItem(key),
  };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Somebody else's text under this key.
  }
}

/** The page's storage of drafts, which ends with the tab; null where the browser forbids it. */
export function pageDrafts(): Storage | null {
  try {
    return window.sessionStorage;
  } catch {
    return null; // Storage is blocked.
  }
}
