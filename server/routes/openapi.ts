/** `GET /openapi.json`: the API's description, made of the routes themselves. */
import { z } from 'zod';
import { errorReply } from '#protocol/api.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { COOKIE } from '../auth/sessions.ts';
import { route, type Route } from '../http/route.ts';

const shape = (schema: z.ZodType, io: 'input' | 'output') => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
};
const json = (schema: object) => ({ content: { 'application/json': { schema } } });

function operation({ method, path, summary, access, body, reply, query }: Route) {
  const named = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const asked = Object.entries(query ?? {}).map(([name, description]) => ({
    name,
    in: 'query',
    description,
    schema: { type: 'string' },
  }));
  const security = access === 'public' ? [] : access === 'device' ? [{ token: [] }] : [{ session: [] }];
  const created = method === 'POST' && body !== undefined && path !== '/metrics' && !path.startsWith('/auth');
  return {
    summary,
    security,
    ...(access === 'public' || access === 'device'
      ? {}
      : { description: `For the role ${access} and above.` }),
    ...(named.length + asked.length > 0 ? { parameters: [...named, ...asked] } : {}),
    ...(body ? { requestBody: { required: true, ...json(shape(body, 'input')) } } : {}),
    responses: {
      [reply ? (created ? '201' : '200') : '204']: {
        description: 'Done.',
        ...(reply ? json(shape(reply, 'output')) : {}),
      },
      default: { description: 'What is wrong.', ...json({ $ref: '#/components/schemas/Error' }) },
    },
  };
}

/** OpenAPI 3.1. */
function describeApi(routes: readonly Route[]) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const one of routes) {
    const path = one.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [one.method.toLowerCase()]: operation(one) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Watchfloor', version: WATCHFLOOR_VERSION },
    paths,
    components: {
      schemas: { Error: shape(errorReply, 'output') },
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: COOKIE },
        token: { type: 'http', scheme: 'bearer' },
      },
    },
  };
}

export function openapiRoutes(routes: readonly Route[]): Route[] {
  let described: object | undefined;
  const own: Route = route({
    method: 'GET',
    path: '/openapi.json',
    access: 'public',
    summary: 'This description.',
    handle: () => (described ??= describeApi([...routes, own])),
  });
  return [own];
}
