/**
 * A route: a method and path, who may use it, and its request and reply. openapi.ts describes the API from
 * routes.
 */
import type { z } from 'zod';
import type { Role } from '#protocol/api.ts';
import { parseBody } from '#protocol/body.ts';
import type { ErrorCode } from '#protocol/errors.ts';
import type { SignedIn } from '../types.ts';
import type { Request } from './request.ts';

/**
 * `public`: anybody who may be a person by the address; `anyone`: by the address a person or an agent, only to read.
 * `device`: the handler checks the device's token. A role: a session of that role or a
 * higher one; the order is display, viewer, operator, admin.
 */
export type Access = 'public' | 'anyone' | 'device' | Role;
/** Whether a route of this access needs a session. */
export function needsSession(access: Access): access is Role {
  return access !== 'public' && access !== 'anyone' && access !== 'device';
}
/** `none`: a request without credentials is accepted as well. */
export type Credential = 'session' | 'display' | 'token' | 'scrapeToken' | 'none';
export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

interface Description {
  readonly method: Method;
  /** `/devices/:id` */
  readonly path: string;
  readonly access: Access;
  /**
   * [W1] Whether the session of a display link may use the route, too. Its handler then tells it only of the machines
   * in `person.sight`: what is outside does not exist.
   */
  readonly forDisplayLinks?: true;
  readonly summary: string;
  /** The shape of the reply, for the API's description; absent: the reply is 204 without a body. */
  readonly reply?: z.ZodType;
  /** The status of a successful reply with a body, for the API's description; 200 where it is left out. */
  readonly status?: 201;
  /** The reply's content types, for the API's description; JSON where it is left out. */
  readonly contentTypes?: readonly string[];
  /** What the handler refuses, for the API's description, besides what is refused before the handler runs. */
  readonly errors?: readonly ErrorCode[];
  /** What authorizes a request, for the API's description, where it is not what the access says. */
  readonly security?: readonly Credential[];
  /** false: the handler does not read the request's address, which saves copying it. */
  readonly needsAddress?: false;
  /** Query parameters, by name, for the API's description. */
  readonly query?: Readonly<Record<string, string>>;
}

export interface Route extends Description {
  readonly body?: z.ZodType;
  /**
   * [S5] Returns the id of the device that makes the request, before its body is read. Without it, only people's
   * routes take large bodies. @throws ApiError where the device may not
   */
  readonly admit?: (request: Request) => string;
  /**
   * Answers a request with a Reply, a TextReply or a plain value. `raw` is the decompressed body, empty when
   * it is not read. `body` is unused here: `routeWithBody` parses `raw` and passes the result on. `deviceId` is
   * what `admit` returned, else ''.
   */
  readonly handle: (call: {
    request: Request;
    person: SignedIn;
    raw: Buffer;
    deviceId: string;
    isGone: () => boolean;
  }) => unknown;
  /** Whether the request's body is read at all. */
  readonly readsBody: boolean;
}

interface Call {
  readonly request: Request;
  /** Whether the client has disconnected, so that nobody waits for the answer. */
  readonly isGone: () => boolean;
}
interface PersonCall extends Call {
  readonly person: SignedIn;
}

/** The `person` of a request to a route that needs no session. */
export const NOBODY: SignedIn = { sessionId: '', username: '', role: 'display', expiresAt: 0 };

/** Makes a route that reads no body. */
export function route(description: Description & { readonly handle: (call: PersonCall) => unknown }): Route {
  return { ...description, readsBody: false };
}

/** Makes a route whose JSON body is checked against `body`; a wrong body is refused with 400 or 422. */
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
    handle: ({ request, person, raw, isGone }) =>
      handle({ request, person, isGone, body: parseBody(schema, raw) }),
  };
}

/**
 * Makes a route whose handler gets the decompressed body as bytes, once `admit` has accepted the device; `body` only
 * describes it for the API.
 */
export function routeWithBytes(
  description: Description & {
    readonly body?: z.ZodType;
    readonly admit?: (request: Request) => string;
    readonly handle: (call: Call & { readonly raw: Buffer; readonly deviceId: string }) => unknown;
  },
): Route {
  return { ...description, readsBody: true };
}
