/** What a wall shows and how, as forms hold it: the pages, and the settings with the night beside its switch. */
import type { BoardSummary } from '#protocol/boards.ts';
import { plural } from '../../format/messages.ts';
import { ALL_MACHINES, type MachineScope } from '#protocol/machine-scope.ts';
import { DEFAULT_WALL_SETTINGS, type WallPage, type WallSettings } from '#protocol/walls.ts';

export interface PageDraft {
  /** Stays with the page while the list is put in another order. */
  readonly key: number;
  /** Of a board; empty: machines. */
  boardId: string;
  scope: MachineScope;
  seconds: number;
}

export interface WallDraft {
  pages: PageDraft[];
  settings: WallSettings;
  isDimmed: boolean;
  night: NonNullable<WallSettings['night']>;
}

let keys = 0;

export function newPage(boardId = ''): PageDraft {
  return { key: keys++, boardId, scope: ALL_MACHINES, seconds: 30 };
}

function draftOfPage(page: WallPage): PageDraft {
  if (page.kind === 'board') return { ...newPage(page.board_id), seconds: page.seconds };
  return { ...newPage(), scope: page.scope, seconds: page.seconds };
}

export function wallDraftOf(
  wall: { readonly pages: readonly WallPage[]; readonly settings: WallSettings } | undefined,
  timeZone: string,
): WallDraft {
  const { pages, settings } = wall ?? { pages: undefined, settings: DEFAULT_WALL_SETTINGS };
  return {
    pages: pages?.map(draftOfPage) ?? [newPage()],
    settings: { ...settings, sound: { ...settings.sound } },
    isDimmed: settings.night !== null,
    night: settings.night ?? { from: '22:00', to: '06:00', time_zone: timeZone, brightness: 40 },
  };
}

export function wallOf({ pages, settings, isDimmed, night }: WallDraft): {
  pages: WallPage[];
  settings: WallSettings;
} {
  return {
    pages: pages.map(({ boardId, scope, seconds }) =>
      boardId === '' ? { kind: 'fleet', scope, seconds } : { kind: 'board', board_id: boardId, seconds },
    ),
    settings: { ...settings, night: isDimmed ? night : null },
  };
}

/** The list with the item at `index` moved by one place: -1 is up. */
export function movedBy<Item>(list: readonly Item[], index: number, by: -1 | 1): Item[] {
  return movedTo(list, index, index + by);
}

export function movedTo<Item>(list: readonly Item[], from: number, to: number): Item[] {
  const next = [...list];
  const [moved] = next.splice(from, 1);
  if (moved !== undefined) next.splice(to, 0, moved);
  return next;
}

/** What a page shows, in a few words. */
export function pageWords(page: WallPage, boards: readonly BoardSummary[]): string {
  if (page.kind === 'board')
    return boards.find(({ id }) => id === page.board_id)?.name ?? 'A board that was removed';
  const { devices, tags, name } = page.scope;
  const parts = [
    ...tags,
    ...(name === '' ? [] : [name]),
    ...(devices.length === 0
      ? []
      : [plural(devices.length, `${devices.length} machine`, `${devices.length} machines`)]),
  ];
  return parts.length === 0 ? 'All machines' : parts.join(', ');
}
