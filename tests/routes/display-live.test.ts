/** [L5] What happens to the live connections of a display when what it may see changes, or ends. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Client } from '../e2e/client.ts';
import { openLive, type LiveConnection, type LiveOptions } from '../e2e/live.ts';
import { makeLink, openLink, renewLink, type MadeLink } from './displays.ts';
import { openStage, PASSWORD, type Stage } from './stage.ts';

let stage: Stage;
let ca: string;
const connections: LiveConnection[] = [];

beforeAll(async () => {
  stage = await openStage();
  ca = await readFile(join(stage.data, 'tls', 'authority.crt'), 'utf8');
  for (const name of ['seen', 'hidden']) await stage.device(name);
});
afterEach(() => {
  for (const connection of connections.splice(0)) connection.close();
});
afterAll(() => stage.close());

function connect({ cookie }: Client, options: Partial<LiveOptions> = {}): LiveConnection {
  const connection = openLive({ url: stage.server().url, ca, cookie, ...options });
  connections.push(connection);
  return connection;
}

async function openedBy({ secret }: MadeLink): Promise<Client> {
  const screen = stage.client();
  await openLink(screen, secret);
  return screen;
}

const patch = (link: MadeLink, body: unknown) =>
  stage.admin.ask('PATCH', `/display-links/${link.id}`, { body });
const pagesOf = (name: string) => ({
  kind: 'pages' as const,
  pages: [{ kind: 'fleet' as const, scope: { name } }],
});

it.each([
  ['is removed', (link: MadeLink) => stage.admin.ask('DELETE', `/display-links/${link.id}`)],
  ['gets another secret', (link: MadeLink) => renewLink(stage, link)],
  ['expires', (link: MadeLink) => patch(link, { expires_at: Date.now() - 1 })],
  ['expires by itself', (link: MadeLink) => patch(link, { expires_at: Date.now() + 300 })],
  ['may not be used from there any more', (link: MadeLink) => patch(link, { networks: ['10.0.0.0/8'] })],
])('[L5] the live connection of a display is closed within 5 s when its link %s', async (_, end) => {
  const link = await makeLink(stage);
  const live = connect(await openedBy(link), { as: 'display' });
  await live.connected;
  const bye = live.next('bye');
  await end(link);
  expect(await bye).toBe('session_ended');
});

it('[W1] a display connects only where it says so, and only from the networks of its link', async () => {
  const screen = await openedBy(await makeLink(stage, { networks: ['127.0.0.1'] }));
  await expect(connect(screen).connected).rejects.toThrow('unauthenticated');
  await connect(screen, { as: 'display' }).connected;
  const elsewhere = connect(screen, { as: 'display', from: '127.0.9.1' });
  await expect(elsewhere.connected).rejects.toThrow('unauthenticated');
});

it('[W1] the end of a display link leaves the person who opened it connected', async () => {
  const link = await makeLink(stage);
  const browser = stage.client();
  await browser.login('admin', PASSWORD);
  await openLink(browser, link.secret);
  const [person, display] = [connect(browser), connect(browser, { as: 'display' })];
  await Promise.all([person.connected, display.connected]);
  const bye = display.next('bye');
  await stage.admin.ask('DELETE', `/display-links/${link.id}`);
  await bye;
  expect(JSON.stringify(await person.subscribe('fleet'))).toContain('"ok":true');
});

it('[W1] a display hears of its machines only, and of others as soon as its link shows them', async () => {
  const link = await makeLink(stage, { shows: pagesOf('seen') });
  const live = connect(await openedBy(link), { as: 'display' });
  await live.connected;
  const fleet = async () => JSON.stringify(await live.subscribe('fleet'));
  const seen = await fleet();
  expect(seen).toContain('"device_id":"seen"');
  expect(seen).not.toContain('hidden');
  expect(JSON.stringify(await live.subscribe('device:hidden'))).not.toContain('hostname');
  const change = live.next('change');
  await patch(link, { shows: pagesOf('hidden') });
  await change;
  expect(await fleet()).not.toContain('"device_id":"seen"');
});
