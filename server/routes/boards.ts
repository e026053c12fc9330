/** `/boards`: pages that people lay out from tiles, and their earlier versions. */
import {
  board as boardShape,
  boardCreate,
  boardPatch,
  boardsReply,
  boardVersionsReply,
  type Board,
} from '#protocol/boards.ts';
import { actorOf, type Audit } from '../auth/audit.ts';
import type { Boards } from '../boards/boards.ts';
import { firstParam, Reply, type Request } from '../http/request.ts';
import { route, routeWithBody, type Route } from '../http/route.ts';
import type { SignedIn } from '../types.ts';

export interface BoardRouteParts {
  readonly boards: Boards;
  readonly audit: Audit;
}

export function boardRoutes({ boards, audit }: BoardRouteParts): Route[] {
  function record(person: SignedIn, request: Request, act: string, { name }: Pick<Board, 'name'>): void {
    audit.record({ ...actorOf(person, request), action: `${act} the board`, target: name });
  }

  return [
    route({
      method: 'GET',
      path: '/boards',
      access: 'display',
      summary: 'All boards, without their tiles.',
      reply: boardsReply,
      handle: () => ({ boards: boards.list() }),
    }),
    routeWithBody({
      method: 'POST',
      path: '/boards',
      access: 'operator',
      summary: 'Add a board; also takes one that was exported.',
      body: boardCreate,
      reply: boardShape,
      status: 201,
      errors: ['too_many_items'],
      async handle({ request, person, body }) {
        const board = await boards.create(person.username, body);
        record(person, request, 'added', board);
        return new Reply(201, board);
      },
    }),
    route({
      method: 'GET',
      path: '/boards/:id',
      access: 'display',
      summary: 'One board with its tiles.',
      reply: boardShape,
      errors: ['unknown_item'],
      handle: ({ request }) => boards.get(firstParam(request)),
    }),
    routeWithBody({
      method: 'PATCH',
      path: '/boards/:id',
      access: 'operator',
      summary:
        'Change a board; its tiles are replaced as a whole. "version" is the one that was edited: where the board has ' +
        'changed since, nothing is changed. An earlier version is restored by its name and tiles.',
      body: boardPatch,
      reply: boardShape,
      errors: ['unknown_item', 'board_changed'],
      async handle({ request, person, body }) {
        const board = await boards.change(person.username, firstParam(request), body);
        // A change that changed nothing made no version.
        if (board.version !== body.version) record(person, request, 'changed', board);
        return board;
      },
    }),
    route({
      method: 'DELETE',
      path: '/boards/:id',
      access: 'operator',
      summary: 'Remove a board with its earlier versions.',
      errors: ['unknown_item'],
      async handle({ request, person }) {
        record(person, request, 'removed', await boards.remove(firstParam(request)));
        return new Reply(204);
      },
    }),
    route({
      method: 'GET',
      path: '/boards/:id/versions',
      access: 'viewer',
      summary: 'The earlier versions of a board, newest first.',
      reply: boardVersionsReply,
      errors: ['unknown_item'],
      handle: ({ request }) => ({ versions: boards.versionsOf(firstParam(request)) }),
    }),
  ];
}
