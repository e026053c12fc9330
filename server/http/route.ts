/** A route: one method and path, who may use it, what it takes and answers. The API's description is made of these. */
import type { z } from 'zod';
import type { Role } from '#protocol/api.ts';
import { parseBody } from '#protocol/body.ts';
import type { SignedIn } from '../types.ts';
import type { Request } from './request.ts';

/**
 * `public`: anybody. `device`: the handler checks the device's token. A role: a session of that role or above
 * (admin, then viewer, then display).
 */
export type Access = 'public' | 'device' | Role;
export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

interface Description {
  readonly method: Method;
  /** `/devices/:id` */
  readonly path: string;
  readonly access: Access;
  readonly summary: string;
  /** The shape of the answer, for the API's description. */
  readonly reply?: z.ZodType;
  /** false: the handler never asks for the request's address, which costs to copy. */
  readonly needsAddress?: false;
  /** Query parameters, by name, for the API's description. */
  readonly query?: Readonly<Record<string, string>>;
}

export interface Route extends Description {
  readonly body?: z.ZodType;
  /** Takes the raw body where the route has no `body` schema. */
  readonly handle: (call: { request: Request; person: SignedIn; body: unknown; raw: Buffer }) => unknown;
  /** Whether the request's body is read at all. */
  readonly readsBody: boolean;
}

interface Call {
  readonly request: Request;
}
interface PersonCall extends Call {
  readonly person: SignedIn;
}

/** Stands in where a route is open to all; never handed to a handler that asks for a person. */
export const NOBODY: SignedIn = { sessionId: '', username: '', role: 'display', expiresAt: 0 };

/** A route without a body. */
export function route(description: Description & { readonly handle: (call: PersonCall) => unknown }): Route {
  return { ...description, readsBody: false };
}

/** A route with a JSON body of a given shape. */
export function routeWithBody<Schema extends z.ZodType>(
  description: Description & {
    readonly body: Schema;
    readonly handle: (call: PersonCall & { readonly body: z.output<Schema> }) => unknown;
  },
): Route {
  const { body: schema, handle } = description;
  return {
    ...description,
    readsBody: true,
    handle: ({ request, person, raw }) => handle({ request, person, body: parseBody(schema, raw) }),
  };
}

/** A route that takes the inflated body as bytes. */
export function routeWithBytes(
  description: Description & {
    readonly body?: z.ZodType;
    readonly handle: (call: Call & { readonly raw: Buffer }) => unknown;
  },
): Route {
  return { ...description, readsBody: true };
}
