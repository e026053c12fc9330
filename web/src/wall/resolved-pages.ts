/** The pages of a playlist with their boards, for the walls that a person opens; a display gets them from the server. */
import type { Board } from '#protocol/boards.ts';
import type { ResolvedPage, WallPage } from '#protocol/walls.ts';
import { RefusedError } from '../api/request.ts';

/** `boardOf` fetches a board. One that was removed becomes null; any other failure rejects. */
export async function resolvedPages(
  pages: readonly WallPage[],
  boardOf: (id: string) => Promise<Board>,
): Promise<ResolvedPage[]> {
  return Promise.all(
    pages.map(async (page): Promise<ResolvedPage> => {
      if (page.kind === 'fleet') return page;
      const board = await boardOf(page.board_id).catch((error: unknown) => {
        if (error instanceof RefusedError && error.status === 404) return null;
        throw error;
      });
      return { kind: 'board', board, seconds: page.seconds };
    }),
  );
}
