/** Boards: pages that people lay out from tiles, their pictures, and the playlists of walls. */
import { join } from 'node:path';
import { createBoards } from '../boards/boards.ts';
import { openPictures, picturesOf } from '../boards/pictures.ts';
import { boardRoutes } from '../routes/boards.ts';
import { pictureRoutes } from '../routes/pictures.ts';
import { playlistRoutes } from '../routes/playlists.ts';
import { createNotifier, type Base } from './base.ts';
import type { People } from './people.ts';

export async function openBoards({ config, state, clock, log }: Base, { audit }: People) {
  /** Notified after a board or a playlist was added, changed or removed. */
  const changed = createNotifier<void>();
  const boards = createBoards({
    boards: state.boards,
    versions: state.boardVersions,
    now: clock.now,
    onChange: changed.notify,
  });
  const pictures = await openPictures({
    dir: join(config.data, 'pictures'),
    used: () =>
      new Set(
        [...state.boards.all(), ...state.boardVersions.all()].flatMap(({ tiles }) => picturesOf(tiles)),
      ),
    clock,
    log,
  });
  return {
    boards,
    changed,
    routes: [
      ...boardRoutes({ boards, audit }),
      ...playlistRoutes({ playlists: state.playlists, changed: changed.notify, audit, now: clock.now }),
      ...pictureRoutes({ pictures, shows: () => true, audit }),
    ],
    stop: pictures.stop,
  };
}

export type OpenBoards = Awaited<ReturnType<typeof openBoards>>;
