/** How the server itself is doing: `/healthz`, `/readyz`, `/status`, `/audit`. */
import { auditReply, statusReply, type StatusReply } from '#protocol/api.ts';
import type { Audit } from '../auth/audit.ts';
import { ApiError } from '#protocol/errors.ts';
import { TextReply } from '../http/request.ts';
import { route, type Route } from '../http/route.ts';

export interface StatusParts {
  readonly isReady: () => boolean;
  readonly status: () => Promise<StatusReply>;
  readonly audit: Audit;
}

export function statusRoutes({ isReady, status, audit }: StatusParts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/healthz',
      access: 'public',
      summary: 'The process is alive.',
      handle: () => new TextReply('text/plain', 'ok\n'),
    }),
    route({
      method: 'GET',
      path: '/readyz',
      access: 'public',
      summary: 'The server takes pushes.',
      handle() {
        if (!isReady()) throw new ApiError('stopping', { retryAfterS: 2 });
        return new TextReply('text/plain', 'ready\n');
      },
    }),
    route({
      method: 'GET',
      path: '/status',
      access: 'viewer',
      summary: 'Version, history, notices.',
      reply: statusReply,
      handle: status,
    }),
    route({
      method: 'GET',
      path: '/audit',
      access: 'admin',
      summary: 'Administrative acts, newest first.',
      reply: auditReply,
      handle: () => ({ entries: audit.list() }),
    }),
  ];
}
