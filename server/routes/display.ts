/** `GET /display`: what a wall that a display link opened shows now. */
import { ApiError } from '#protocol/errors.ts';
import { wallProgram as wallProgramShape, type WallProgram } from '#protocol/walls.ts';
import type { DisplaySessions } from '../auth/display-sessions.ts';
import { Reply } from '../http/request.ts';
import { route, type Route } from '../http/route.ts';
import { visitOf } from './display-links.ts';

export interface DisplayRouteParts {
  readonly sessions: Pick<DisplaySessions, 'asked'>;
  /** What the display link shows. @throws ApiError unknown_item */
  readonly programOf: (linkId: string) => WallProgram;
}

export function displayRoutes({ sessions, programOf }: DisplayRouteParts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/display',
      access: 'display',
      forDisplayLinks: true,
      summary:
        'What this wall shows. Prolongs the session of a display link with less than half its time left.',
      query: { version: 'Of the page that the screen runs; display links are listed with it' },
      reply: wallProgramShape,
      errors: ['unknown_item'],
      async handle({ request, person }) {
        // A person's session has no display link.
        if (person.sight === undefined) throw new ApiError('unknown_item');
        const visit = visitOf(request, request.query.get('version') ?? '');
        const cookie = await sessions.asked(person.sessionId, visit);
        const program = programOf(person.sight.key);
        return new Reply(200, program, cookie === undefined ? {} : { 'set-cookie': cookie });
      },
    }),
  ];
}
