/** The state of the server itself: `/healthz`, `/readyz`, `/status`, and the audit log at `/audit`. */
import { z } from 'zod';
import { auditReply, statusReply, type StatusReply } from '#protocol/api.ts';
import type { Audit } from '../auth/audit.ts';
import { ApiError } from '#protocol/errors.ts';
import { TextReply } from '../http/request.ts';
import { route, type Route } from '../http/route.ts';

export interface StatusParts {
  /** Whether the server has started and is not stopping. */
  readonly isReady: () => boolean;
  /** Why the server cannot store samples now; undefined while it can. */
  readonly whyNotReady: () => string | undefined;
  readonly status: () => Promise<StatusReply>;
  readonly audit: Audit;
}

export function statusRoutes({ isReady, whyNotReady, status, audit }: StatusParts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/healthz',
      access: 'public',
      summary: 'The process is alive.',
      reply: z.string(),
      contentTypes: ['text/plain'],
      handle: () => new TextReply('text/plain', 'ok\n'),
    }),
    route({
      method: 'GET',
      path: '/readyz',
      access: 'public',
      summary: 'The server accepts pushes.',
      reply: z.string(),
      contentTypes: ['text/plain'],
      errors: ['not_ready'],
      handle() {
        if (!isReady()) throw new ApiError('stopping', { retryAfterS: 2 });
        const problem = whyNotReady();
        if (problem !== undefined) throw new ApiError('not_ready', { message: problem, retryAfterS: 5 });
        return new TextReply('text/plain', 'ready\n');
      },
    }),
    route({
      method: 'GET',
      path: '/status',
      access: 'viewer',
      summary: 'The version, the state of the history, and notices for the administrator.',
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
