/** The pages of a wall: what each shows, and which of them shows a machine. */
import { isKnownTile, type Board } from '#protocol/boards.ts';
import { inScope, type Machine } from '#protocol/machine-scope.ts';
import type { ResolvedPage } from '#protocol/walls.ts';

/** A page with all that it needs. */
export type Page = ResolvedPage;

function boardShows(board: Board | null, machine: Machine): boolean {
  return (
    board?.tiles.some((tile) => isKnownTile(tile) && 'scope' in tile && inScope(tile.scope, machine)) ?? false
  );
}

export function pageShows(page: Page, machine: Machine): boolean {
  return page.kind === 'fleet' ? inScope(page.scope, machine) : boardShows(page.board, machine);
}

/** The first page that shows one of these machines. */
export function firstShowing(pages: readonly Page[], machines: readonly Machine[]): number | undefined {
  const found = pages.findIndex((page) => machines.some((machine) => pageShows(page, machine)));
  return found < 0 ? undefined : found;
}
