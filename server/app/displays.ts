/** Displays: the links that open a wall without a login, and the sessions of the screens that have opened one [W1]. */
import { createDisplayLinks } from '../auth/display-links.ts';
import { createDisplaySessions } from '../auth/display-sessions.ts';
import { createOpeningLimits } from '../auth/login-limits.ts';
import type { SessionOf } from '#protocol/live.ts';
import { isIn, networkOf, parseNetworks } from '../http/address.ts';
import { basePath } from '../config/settings.ts';
import { displayLinkRoutes } from '../routes/display-links.ts';
import { displayRoutes } from '../routes/display.ts';
import type { SignedIn } from '../types.ts';
import { createNotifier, type Base } from './base.ts';
import type { OpenBoards } from './boards.ts';
import type { People } from './people.ts';

/** The capabilities that displays use. */
export interface DisplaysNeeds {
  readonly people: People;
  readonly boards: OpenBoards;
}

export function openDisplays({ config, state, clock }: Base, { people, boards }: DisplaysNeeds) {
  const { now } = clock;
  const { walls, sights } = boards;
  const sessionEnded = createNotifier<string>();
  const links = createDisplayLinks({
    links: state.displayLinks,
    isWithin: (networks, address) => networks.length === 0 || isIn(parseNetworks(networks), address),
    now,
  });
  const sessions = createDisplaySessions({
    sessions: state.displaySessions,
    links: state.displayLinks,
    terms: links,
    cookie: people.displayCookie,
    sightOf: sights.of,
    days: config.sessionDays,
    now,
    onEnd: sessionEnded.notify,
  });

  return {
    /** Notified with the id of each session that is ended before it expires. */
    sessionEnded,
    /** Whether a session, of a person or of a display, is still valid. */
    sessionAlive: (sessionId: string) => people.sessions.isAlive(sessionId) || sessions.isAlive(sessionId),
    /**
     * The valid session of a Cookie header, else undefined; `as` says whose session counts. Rejects with ApiError
     * address_not_allowed where a display may not be used from the address.
     */
    authenticate: (cookie: string, as: SessionOf, address: string): Promise<SignedIn | undefined> =>
      as === 'display' ? sessions.find(cookie, address) : people.sessions.find(cookie),
    routes: [
      ...displayLinkRoutes({
        links,
        sessions,
        changed: sights.shownChanged,
        removed: sights.linkRemoved,
        limits: createOpeningLimits({ networkOf }),
        audit: people.audit,
        now,
        base: basePath(config.publicUrl),
      }),
      ...displayRoutes({ sessions, programOf: walls.program }),
    ],
    stop: sessions.stop,
  };
}

export type Displays = ReturnType<typeof openDisplays>;
