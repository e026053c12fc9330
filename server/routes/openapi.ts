/** `GET /openapi.json`: the API's description, made from the routes. */
import { z } from 'zod';
import { errorReply } from '#protocol/api.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { COOKIE } from '../auth/sessions.ts';
import { route, type Route } from '../http/route.ts';

const jsonSchema = (schema: z.ZodType, io: 'input' | 'output') => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
};
const json = (schema: object) => ({ content: { 'application/json': { schema } } });

function operation({ method, path, summary, access, body, reply, query }: Route) {
  const pathParameters = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const queryParameters = Object.entries(query ?? {}).map(([name, description]) => ({
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
    ...(pathParameters.length + queryParameters.length > 0
      ? { parameters: [...pathParameters, ...queryParameters] }
      : {}),
    ...(body ? { requestBody: { required: true, ...json(jsonSchema(body, 'input')) } } : {}),
    responses: {
      [reply ? (created ? '201' : '200') : '204']: {
        description: 'Done.',
        ...(reply ? json(jsonSchema(reply, 'output')) : {}),
      },
      default: { description: 'What is wrong.', ...json({ $ref: '#/components/schemas/Error' }) },
    },
  };
}

/** The OpenAPI 3.1 document. */
function describeApi(routes: readonly Route[]) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const each of routes) {
    const path = each.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [each.method.toLowerCase()]: operation(each) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Watchfloor', version: WATCHFLOOR_VERSION },
    paths,
    components: {
      schemas: { Error: jsonSchema(errorReply, 'output') },
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: COOKIE },
        token: { type: 'http', scheme: 'bearer' },
      },
    },
  };
}

/** @param routes all other routes; the description adds its own */
export function openapiRoutes(routes: readonly Route[]): Route[] {
  let document: object | undefined;
  const ownRoute: Route = route({
    method: 'GET',
    path: '/openapi.json',
    access: 'public',
    summary: 'This description.',
    handle: () => (document ??= describeApi([...routes, ownRoute])),
  });
  return [ownRoute];
}
