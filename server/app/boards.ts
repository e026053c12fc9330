/** Boards: pages that people lay out from tiles, their pictures, the playlists of walls, and what a wall shows. */
import { join } from 'node:path';
import { createBoards } from '../boards/boards.ts';
import { openPictures, picturesOf } from '../boards/pictures.ts';
import { createSights } from '../boards/sights.ts';
import { createWalls } from '../boards/walls.ts';
import { boardRoutes } from '../routes/boards.ts';
import { pictureRoutes } from '../routes/pictures.ts';
import { playlistRoutes } from '../routes/playlists.ts';
import { createNotifier, type Base } from './base.ts';
import type { Machines } from './machines.ts';
import type { People } from './people.ts';
import { machineOf } from './silences.ts';

/** The capabilities that boards use. */
export interface BoardsNeeds {
  readonly people: People;
  readonly machines: Machines;
}

export async function openBoards({ config, state, clock, log }: Base, { people, machines }: BoardsNeeds) {
  const { devices, playlists } = state;
  const { audit } = people;
  const sightChanged = createNotifier<string>();
  const walls = createWalls({ links: state.displayLinks, boards: state.boards, playlists });
  const sights = createSights({
    scopesOf: walls.scopes,
    machines: () => devices.all().map(machineOf),
    onChange: sightChanged.notify,
    after: clock.after,
  });
  machines.viewChanged.listen((id) => {
    const record = devices.get(id);
    if (record) sights.machineChanged(machineOf(record));
  });
  machines.removed.listen(sights.machineRemoved);
  const boards = createBoards({
    boards: state.boards,
    versions: state.boardVersions,
    now: clock.now,
    onChange: sights.shownChanged,
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
    walls,
    sights,
    /** Notified with the id of a display link whose displays may see other machines than before. */
    sightChanged,
    routes: [
      ...boardRoutes({ boards, audit }),
      ...playlistRoutes({ playlists, changed: sights.shownChanged, audit, now: clock.now }),
      ...pictureRoutes({
        pictures,
        shows: ({ sight }, id) => sight === undefined || walls.hasPicture(sight.key, id),
        audit,
      }),
    ],
    stop() {
      sights.stop();
      pictures.stop();
    },
  };
}

export type OpenBoards = Awaited<ReturnType<typeof openBoards>>;
