import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { Client } from '../e2e/client.ts';
import { errorOf, openStage, PASSWORD, type Stage } from './stage.ts';

const document = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), z.looseObject({ description: z.string().optional() }))),
});
/** What an account for a wall display may ask. Another path is added here only on purpose. */
const FOR_DISPLAYS = [
  'GET /alert-rules',
  'GET /alerts',
  'GET /alerts/{id}',
  'GET /auth/me',
  'GET /boards',
  'GET /boards/{id}',
  'GET /devices',
  'GET /devices/{id}',
  'GET /devices/{id}/fields',
  'GET /devices/{id}/metrics',
  'GET /display',
  'GET /events',
  'GET /field-meanings',
  'GET /pictures/{id}',
  'GET /playlists',
  'GET /series',
];
/** What an operator may do that a viewer may not. Another path is added here only on purpose. */
const FOR_OPERATORS = [
  'DELETE /alerts/{id}/acknowledge',
  'DELETE /boards/{id}',
  'DELETE /display-links/{id}',
  'DELETE /playlists/{id}',
  'DELETE /silences/{id}',
  'GET /display-links',
  'PATCH /boards/{id}',
  'PATCH /display-links/{id}',
  'PATCH /playlists/{id}',
  'PATCH /silences/{id}',
  'POST /alerts/acknowledge',
  'POST /alerts/{id}/acknowledge',
  'POST /alerts/{id}/comments',
  'POST /alerts/{id}/silence',
  'POST /boards',
  'POST /display-links',
  'POST /display-links/{id}/secret',
  'POST /pictures',
  'POST /playlists',
  'POST /probes/{id}/try',
  'POST /silences',
  'POST /silences/matches',
];
const ROLES = ['display', 'viewer', 'operator', 'admin'] as const;

let stage: Stage;
/** Every route that needs a session, with the least role for it. */
let guarded: { readonly method: string; readonly path: string; readonly least: string }[];
const clients = new Map<string, Client>();

beforeAll(async () => {
  stage = await openStage();
  const { paths } = (await stage.client().ask('GET', '/openapi.json')).as(document);
  guarded = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { description = '' }]) => {
      const [, least] = /For the role (\w+) and above/.exec(description) ?? [];
      return least === undefined ? [] : [{ method: method.toUpperCase(), path, least }];
    }),
  );
  for (const [i, role] of ROLES.entries()) {
    await stage.admin.ask('POST', '/users', { body: { username: `a-${role}`, password: PASSWORD, role } });
    const client = stage.client(`127.0.5.${i + 1}`);
    await client.login(`a-${role}`, PASSWORD);
    clients.set(role, client);
  }
});
afterAll(() => stage.close());

it('[S3] an account of a display can ask only what a wall shows', () => {
  const open = guarded
    .filter(({ least }) => least === 'display')
    .map(({ method, path }) => `${method} ${path}`);
  expect(open.sort()).toEqual(FOR_DISPLAYS);
});

it('[S3] an operator can change what is said of alerts and what walls show, and nothing else', () => {
  const open = guarded
    .filter(({ least }) => least === 'operator')
    .map(({ method, path }) => `${method} ${path}`);
  expect(open.sort()).toEqual(FOR_OPERATORS);
});

it.each(ROLES)(
  '[S3] the role %s is let into every route of its own and lower roles, and into no other',
  async (role) => {
    const wrong: string[] = [];
    for (const { method, path, least } of guarded) {
      const answer = await clients
        .get(role)
        ?.ask(method, path.replaceAll(/\{\w+\}/g, 'nobody'), { body: {} });
      const mayPass = ROLES.indexOf(role) >= ROLES.findIndex((each) => each === least);
      const passed = answer !== undefined && ![401, 403].includes(answer.status);
      if (passed !== mayPass) wrong.push(`${method} ${path} is answered ${answer?.status ?? 0}`);
    }
    expect(wrong).toEqual([]);
  },
);

it('[S3] nobody gets anything from a guarded route without a session, or with a device’s token', async () => {
  const { token } = await stage.device('with-token');
  for (const { method, path } of guarded)
    for (const ask of [{}, { token }]) {
      const answer = await stage
        .client()
        .ask(method, path.replaceAll(/\{\w+\}/g, 'with-token'), { ...ask, body: {} });
      expect([path, errorOf(answer).code]).toEqual([path, 'not_signed_in']);
    }
});

it('[S3] the Prometheus text needs the scrape token or a session of a viewer; a display gets none', async () => {
  const statusFor = async (role: string) => (await clients.get(role)?.ask('GET', '/metrics'))?.status;
  expect(await Promise.all(ROLES.map(statusFor))).toEqual([401, 200, 200, 200]);
});
