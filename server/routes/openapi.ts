/** `GET /openapi.json`: the API's description, made from the routes. */
import { z } from 'zod';
import { errorReply } from '#protocol/api.ts';
import { ApiError, type ErrorCode } from '#protocol/errors.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { DISPLAY_COOKIE, PERSON_COOKIE } from '../auth/session-cookie.ts';
import { needsSession, route, type Credential, type Route } from '../http/route.ts';

const jsonSchema = (schema: z.ZodType, io: 'input' | 'output') => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
};
const json = (schema: object) => ({ content: { 'application/json': { schema } } });

/** What is refused before a route's handler runs, and what every route may answer. */
function generalErrors({ path, method, access, readsBody, query }: Route): ErrorCode[] {
  const isHealth = path === '/healthz' || path === '/readyz';
  return [
    ...(isHealth ? [] : (['address_not_allowed'] as const)),
    ...(access !== 'device' ? (['invalid_host'] as const) : []),
    ...(access !== 'device' && method !== 'GET' ? (['foreign_origin'] as const) : []),
    ...(needsSession(access) ? (['not_signed_in'] as const) : []),
    ...(needsSession(access) && access !== 'display' ? (['forbidden'] as const) : []),
    ...(query === undefined ? [] : (['invalid_query'] as const)),
    ...(readsBody ? BODY_ERRORS : []),
    'internal',
    'stopping',
  ];
}

const BODY_ERRORS = [
  'invalid_json',
  'invalid_encoding',
  'body_timeout',
  'too_large',
  'unsupported_encoding',
  'invalid_body',
  'overloaded',
] as const satisfies readonly ErrorCode[];

/** One response per status; its description names each code that comes with the status. */
function errorResponses(route: Route): Record<string, object> {
  const codes = new Set([...generalErrors(route), ...(route.errors ?? [])]);
  const descriptions = new Map<number, string[]>();
  for (const code of codes) {
    const { status, message } = new ApiError(code);
    descriptions.set(status, [...(descriptions.get(status) ?? []), `\`${code}\`: ${message}`]);
  }
  const error = json({ $ref: '#/components/schemas/Error' });
  return Object.fromEntries(
    [...descriptions].map(([status, lines]) => [status, { description: lines.join('\n\n'), ...error }]),
  );
}

function doneResponse({ reply, status, contentTypes = ['application/json'] }: Route): Record<string, object> {
  if (!reply) return { 204: { description: 'Done.' } };
  return {
    [status ?? 200]: {
      description: 'Done.',
      content: Object.fromEntries(
        contentTypes.map((type) => [type, { schema: jsonSchema(reply, 'output') }]),
      ),
    },
  };
}

/** What makes the cookie of a display link count. */
const AS_DISPLAY = 'With "as=display" in the query the session of the display link counts, and no other.';

function credentialsOf({ access, security, forDisplayLinks }: Route): readonly Credential[] {
  if (security) return security;
  if (access === 'public' || access === 'anyone') return [];
  if (access === 'device') return ['token'];
  return forDisplayLinks ? ['session', 'display'] : ['session'];
}

function operation(route: Route) {
  const { path, summary, access, body, forDisplayLinks } = route;
  const query = { ...route.query, ...(forDisplayLinks ? { as: AS_DISPLAY } : {}) };
  const pathParameters = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const queryParameters = Object.entries(query).map(([name, description]) => ({
    name,
    in: 'query',
    description,
    schema: { type: 'string' },
  }));
  return {
    summary,
    security: credentialsOf(route).map((name) => (name === 'none' ? {} : { [name]: [] })),
    ...(needsSession(access) ? { description: `For the role ${access} and above.` } : {}),
    ...(pathParameters.length + queryParameters.length > 0
      ? { parameters: [...pathParameters, ...queryParameters] }
      : {}),
    ...(body ? { requestBody: { required: true, ...json(jsonSchema(body, 'input')) } } : {}),
    responses: { ...doneResponse(route), ...errorResponses(route) },
  };
}

/** The OpenAPI 3.1 document. */
function describeApi(routes: readonly Route[], base: string) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const each of routes) {
    const path = each.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [each.method.toLowerCase()]: operation(each) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Watchfloor', version: WATCHFLOOR_VERSION },
    servers: [{ url: base === '' ? '/' : base }],
    paths,
    components: {
      schemas: { Error: jsonSchema(errorReply, 'output') },
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: PERSON_COOKIE },
        display: { type: 'apiKey', in: 'cookie', name: DISPLAY_COOKIE, description: AS_DISPLAY },
        token: { type: 'http', scheme: 'bearer', description: "The device's token." },
        scrapeToken: { type: 'http', scheme: 'bearer', description: 'The scrape token of the settings.' },
      },
    },
  };
}

/**
 * @param routes all other routes; the description adds its own
 * @param base what stands before the server's own paths; '' mostly
 */
export function openapiRoutes(routes: readonly Route[], base = ''): Route[] {
  let document: object | undefined;
  const ownRoute: Route = route({
    method: 'GET',
    path: '/openapi.json',
    access: 'public',
    summary: 'This description.',
    reply: z.looseObject({ openapi: z.string(), paths: z.record(z.string(), z.unknown()) }),
    handle: () => (document ??= describeApi([...routes, ownRoute], base)),
  });
  return [ownRoute];
}
