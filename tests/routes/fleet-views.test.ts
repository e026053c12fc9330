import { afterAll, beforeAll, expect, it } from 'vitest';
import { auditReply, type Role } from '#protocol/api.ts';
import { fleetView, fleetViewsReply, MOST_FLEET_VIEWS } from '#protocol/fleet-views.ts';
import type { Client } from '../e2e/client.ts';
import { errorOf, openStage, PASSWORD, type Stage } from './stage.ts';

let stage: Stage;
let viewer: Client;
let operator: Client;

beforeAll(async () => {
  stage = await openStage();
  viewer = await person('vera', 'viewer', '127.0.6.1');
  operator = await person('otto', 'operator', '127.0.6.2');
});
afterAll(() => stage.close());

async function person(username: string, role: Role, from: string): Promise<Client> {
  await stage.admin.ask('POST', '/users', { body: { username, password: PASSWORD, role } });
  const client = stage.client(from);
  await client.login(username, PASSWORD);
  return client;
}
const save = async (client: Client, body: object) =>
  (await client.ask('POST', '/fleet-views', { body })).as(fleetView);
const viewsOf = async (client: Client) =>
  (await client.ask('GET', '/fleet-views')).as(fleetViewsReply).fleet_views;
const nameOf = ({ name }: { readonly name: string }) => name;

it('a personal view is seen, changed and removed by the person who saved it, and by nobody else', async () => {
  const view = await save(viewer, { name: 'Databases', query: 'q=tag:db&sort=-cpu' });
  expect(view).toMatchObject({
    name: 'Databases',
    query: 'q=tag:db&sort=-cpu',
    owner: 'vera',
    shared: false,
  });
  expect((await viewsOf(operator)).map(nameOf)).not.toContain('Databases');
  for (const method of ['PATCH', 'DELETE'])
    expect(errorOf(await stage.admin.ask(method, `/fleet-views/${view.id}`, { body: {} })).code).toBe(
      'unknown_item',
    );
  const changed = await viewer.ask('PATCH', `/fleet-views/${view.id}`, { body: { query: 'view=heat' } });
  expect(changed.as(fleetView)).toMatchObject({ name: 'Databases', query: 'view=heat' });
  expect((await viewer.ask('DELETE', `/fleet-views/${view.id}`)).status).toBe(204);
  expect(await viewsOf(viewer)).toEqual([]);
});

it('[S3] everybody sees a shared view; only operators share, change and remove one', async () => {
  const refused = await viewer.ask('POST', '/fleet-views', { body: { name: 'All', shared: true } });
  expect(errorOf(refused).code).toBe('forbidden');
  const view = await save(operator, { name: 'All of Berlin', query: 'q=berlin', shared: true });
  expect((await viewsOf(viewer)).map(nameOf)).toEqual(['All of Berlin']);
  const path = `/fleet-views/${view.id}`;
  expect(errorOf(await viewer.ask('PATCH', path, { body: { name: 'Mine' } })).code).toBe('forbidden');
  expect(errorOf(await viewer.ask('DELETE', path)).code).toBe('forbidden');
  const own = await save(viewer, { name: 'My own' });
  const sharing = await viewer.ask('PATCH', `/fleet-views/${own.id}`, { body: { shared: true } });
  expect(errorOf(sharing).code).toBe('forbidden');
  expect((await stage.admin.ask('PATCH', path, { body: { name: 'Berlin' } })).status).toBe(200);
  expect((await operator.ask('DELETE', path)).status).toBe(204);
  await viewer.ask('DELETE', `/fleet-views/${own.id}`);
});

it('[S4] what happens to shared views is in the audit log, and personal ones are not', async () => {
  const shared = await save(operator, { name: 'Shared one', shared: true });
  await operator.ask('PATCH', `/fleet-views/${shared.id}`, { body: { query: 'view=tiles' } });
  await operator.ask('DELETE', `/fleet-views/${shared.id}`);
  await save(operator, { name: 'Secret one' });
  const { entries } = (await stage.admin.ask('GET', '/audit')).as(auditReply);
  const words = entries.filter(({ actor }) => actor === 'otto').map(({ action, target }) => action + target);
  for (const act of ['added', 'changed', 'removed'])
    expect(words).toContain(`${act} the shared viewShared one`);
  expect(words.join()).not.toContain('Secret one');
});

it('a person has at most one start view, and the start views of others stay', async () => {
  const first = await save(operator, { name: 'First', shared: true, start: true });
  const second = await save(operator, { name: 'Second', shared: true });
  const start = (client: Client, id: string, value: boolean) =>
    client.ask('PATCH', `/fleet-views/${id}`, { body: { start: value } });
  expect((await start(viewer, first.id, true)).as(fleetView).start).toBe(true);
  await start(operator, second.id, true);
  const startOf = async (client: Client) => (await viewsOf(client)).filter((view) => view.start).map(nameOf);
  expect(await startOf(operator)).toEqual(['Second']);
  expect(await startOf(viewer)).toEqual(['First']);
  await start(operator, second.id, false);
  expect(await startOf(operator)).toEqual([]);
});

it('two views that a person sees beside each other have different names, and there is a limit to both kinds', async () => {
  const body = { name: 'Twice' };
  expect((await viewer.ask('POST', '/fleet-views', { body })).status).toBe(201);
  expect(errorOf(await viewer.ask('POST', '/fleet-views', { body })).code).toBe('view_exists');
  expect((await operator.ask('POST', '/fleet-views', { body })).status).toBe(201);
  const codes: string[] = [];
  for (let i = 0; i < MOST_FLEET_VIEWS; i++) {
    const answer = await viewer.ask('POST', '/fleet-views', { body: { name: `view ${i}` } });
    if (answer.status !== 201) codes.push(errorOf(answer).code);
  }
  expect(codes).toEqual(['too_many']);
});

it('[S2] a new user of an old name does not get the personal views of the old one', async () => {
  const gone = await person('gina', 'viewer', '127.0.6.3');
  await save(gone, { name: 'Her own', start: true });
  await stage.admin.ask('DELETE', '/users/gina');
  expect(await viewsOf(await person('gina', 'viewer', '127.0.6.4'))).not.toContainEqual(
    expect.objectContaining({ name: 'Her own' }),
  );
});

it('named views are there after a restart', async () => {
  const before = await viewsOf(viewer);
  await stage.restart();
  expect(await viewsOf(viewer)).toEqual(before);
});
