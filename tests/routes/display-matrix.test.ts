/** [W1] What the session of a display link gets of every route of `/openapi.json`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { alertsReply } from '#protocol/alerts.ts';
import { board, pictureCreated } from '#protocol/boards.ts';
import type { Envelope, SessionOf, Target } from '#protocol/live.ts';
import { ALL_MACHINES } from '#protocol/machine-scope.ts';
import type { Client } from '../e2e/client.ts';
import { openLive } from '../e2e/live.ts';
import { GIF, PNG } from '../boards/picture-files.ts';
import { pictureTile, statusTile } from '../boards/tiles.ts';
import { makeLink, openLink } from './displays.ts';
import { errorOf, openStage, PASSWORD, type Stage } from './stage.ts';

/** Another path is added here only on purpose. */
const FOR_DISPLAY_LINKS = [
  'GET /alerts',
  'GET /alerts/{id}',
  'GET /auth/me',
  'GET /devices',
  'GET /devices/{id}',
  'GET /devices/{id}/fields',
  'GET /devices/{id}/metrics',
  'GET /display',
  'GET /events',
  'GET /field-meanings',
  'GET /pictures/{id}',
  'GET /series',
];
/** What has to be asked besides the path. */
const QUERIES: Readonly<Record<string, string>> = { '/series': 'field=heat', '/alerts': 'state=all' };

const document = z.looseObject({
  paths: z.record(
    z.string(),
    z.record(z.string(), z.looseObject({ security: z.array(z.record(z.string(), z.unknown())) })),
  ),
});

let stage: Stage;
/** A browser with the cookie of the display only. */
let screen: Client;
/** A browser in which an administrator has opened the link. */
let adminsBrowser: Client;
/** Every route that needs a session. */
let guarded: { readonly method: string; readonly path: string; readonly forDisplayLinks: boolean }[];
/** Ids of what the board of the link shows, and of what it does not, by the first part of the path. */
const seen = new Map<string, string>();
const hidden = new Map<string, string>();

beforeAll(async () => {
  stage = await openStage();
  const { paths } = (await stage.client().ask('GET', '/openapi.json')).as(document);
  guarded = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { security }]) => {
      const schemes = security.flatMap((each) => Object.keys(each));
      const needsSession = schemes.includes('session') && !schemes.includes('scrapeToken');
      const forDisplayLinks = schemes.includes('display');
      return needsSession || forDisplayLinks ? [{ method: method.toUpperCase(), path, forDisplayLinks }] : [];
    }),
  );

  const condition = { kind: 'threshold', metric: 'heat', threshold: 90, clear: 80, for_s: 0 };
  await stage.admin.ask('POST', '/alert-rules', { body: { name: 'Hot', severity: 'warning', condition } });
  for (const [name, ids] of [
    ['seen', seen],
    ['hidden', hidden],
  ] as const) {
    const device = await stage.device(`${name}-machine`);
    await stage.admin.ask('PATCH', `/devices/${device.id}`, { body: { tags: [name] } });
    await stage.push(device, {
      metrics: { heat: 95, [`${name}-field`]: 1 },
      inventory: {
        probes: [
          {
            ...{ id: 'till', name: 'Till', state: 'down', since: 1, asked_at: 0, remedy: '' },
            reason: 'connection refused by 10.0.0.5:5432',
          },
        ],
        probes_allowed: '10.0.0.0/8',
      },
      declarations: { [`${name}-field`]: { unit: name } },
      timestamp: Date.now(),
    });
    ids.set('devices', device.id);
    const bytes = name === 'seen' ? PNG : GIF;
    const picture = { type: name === 'seen' ? 'image/png' : 'image/gif', data: bytes.toString('base64') };
    ids.set(
      'pictures',
      (await stage.admin.ask('POST', '/pictures', { body: picture })).as(pictureCreated).id,
    );
    const tiles = [statusTile('s', { tags: [name] }), pictureTile('p', ids.get('pictures') ?? '')];
    const body = { name: `${name} board`, tiles };
    ids.set('boards', (await stage.admin.ask('POST', '/boards', { body })).as(board).id);
  }
  await stage.admin.ask('PATCH', '/devices/seen-machine', { body: { parent: 'hidden-machine' } });
  const { alerts } = (await stage.admin.ask('GET', '/alerts')).as(alertsReply);
  for (const { id, device_id } of alerts) (device_id === 'seen-machine' ? seen : hidden).set('alerts', id);

  const pages = [{ kind: 'board' as const, board_id: seen.get('boards') ?? '', seconds: 10 }];
  const { secret } = await makeLink(stage, { shows: { kind: 'pages', pages } });
  screen = stage.client('127.0.6.1');
  await openLink(screen, secret);
  adminsBrowser = stage.client('127.0.6.2');
  await adminsBrowser.login('admin', PASSWORD);
  await openLink(adminsBrowser, secret);
});
afterAll(() => stage.close());

const resourceOf = (path: string) => path.split('/')[1] ?? '';

/** The path with the ids of these things, as a display asks for it. */
function asDisplay(path: string, ids: ReadonlyMap<string, string>): string {
  const filled = path.replaceAll(/\{\w+\}/g, ids.get(resourceOf(path)) ?? 'nobody');
  return `${filled}?as=display&${QUERIES[path] ?? ''}`;
}

const allowed = () => guarded.filter(({ forDisplayLinks }) => forDisplayLinks);

it('[W1] a display link may ask only what a wall shows', () => {
  expect(
    allowed()
      .map(({ method, path }) => `${method} ${path}`)
      .sort(),
  ).toEqual(FOR_DISPLAY_LINKS);
});

it('[W1] a display is not told what the probes of its machines found and may reach', async () => {
  const known = (await stage.admin.ask('GET', '/devices/seen-machine')).text;
  const shown = (await screen.ask('GET', asDisplay('/devices/{id}', seen))).text;
  for (const word of ['10.0.0.5', '10.0.0.0/8', 'Till']) {
    expect(known).toContain(word);
    expect(shown).not.toContain(word);
  }
  expect(shown).toContain('seen-machine');
});

it.each(['a screen', 'the browser of an administrator'])(
  '[W1] %s with the session of a display link is refused by every other route',
  async (who) => {
    const client = who === 'a screen' ? screen : adminsBrowser;
    const wrong: string[] = [];
    for (const { method, path, forDisplayLinks } of guarded) {
      const answer = await client.ask(method, asDisplay(path, seen), { body: {} });
      if ((answer.status === 403) === forDisplayLinks)
        wrong.push(`${method} ${path} is answered ${answer.status} ${answer.text.slice(0, 200)}`);
    }
    expect(wrong).toEqual([]);
  },
);

it('[W1] the cookie of a display alone opens no route that does not say it is asked by a display', async () => {
  for (const { method, path } of guarded) {
    const asked = asDisplay(path, seen).replace('as=display', 'as=person');
    expect([path, errorOf(await screen.ask(method, asked, { body: {} })).code]).toEqual([
      path,
      'not_signed_in',
    ]);
  }
});

it('[W1] a display gets no Prometheus text', async () => {
  expect((await screen.ask('GET', '/metrics?as=display')).status).toBe(401);
});

it('[W1] who opens a display link in their own browser stays signed in', async () => {
  const me = async (query: string) => (await adminsBrowser.ask('GET', `/auth/me${query}`)).text;
  expect(await me('')).toContain('"role":"admin"');
  expect(await me('?as=display')).toContain('"role":"display"');
});

it('[W1] every route of a display answers what its boards show', async () => {
  for (const { method, path } of allowed()) {
    const answer = await screen.ask(method, asDisplay(path, seen));
    expect([path, answer.status]).toEqual([path, 200]);
    const isAboutMachines = path !== '/auth/me' && path !== '/pictures/{id}';
    if (isAboutMachines) expect([path, answer.text]).toEqual([path, expect.stringMatching(/seen|heat/)]);
  }
});

it('[W1] what a display’s boards do not show does not exist for it, and is named in no answer', async () => {
  const known = [
    '/devices/{id}',
    '/devices/{id}/fields',
    '/devices/{id}/metrics',
    '/alerts/{id}',
    '/pictures/{id}',
  ];
  const withIds = allowed().filter(({ path }) => path.includes('{'));
  expect(withIds.map(({ path }) => path).sort()).toEqual(known.sort());
  for (const { method, path } of withIds) {
    const outside = await screen.ask(method, asDisplay(path, hidden));
    const nowhere = await screen.ask(method, asDisplay(path, new Map()));
    expect([path, outside.status, outside.text]).toEqual([path, 404, nowhere.text]);
    // For a person it is there.
    const person = await stage.admin.ask(method, asDisplay(path, hidden).replace('as=display', ''));
    expect([path, person.status]).toEqual([path, 200]);
  }
  for (const { method, path } of allowed()) {
    const { text } = await screen.ask(method, asDisplay(path, seen));
    expect([path, text]).toEqual([path, expect.not.stringMatching(/hidden/)]);
  }
  for (const query of ['device=hidden-machine', 'tag=hidden', 'name=hidden*', 'q=hidden', 'state=pending'])
    for (const path of ['/alerts', '/events', '/series']) {
      const { text } = await screen.ask('GET', `${asDisplay(path, seen).replace('state=all', '')}&${query}`);
      expect([path, query, text]).toEqual([path, query, expect.not.stringMatching(/hidden/)]);
    }
});

it('[W1] a display is told that an alert is acknowledged and muted, but no names of people and no comments', async () => {
  const id = seen.get('alerts');
  await stage.admin.ask('POST', `/alerts/${id}/acknowledge`, { body: { comment: 'the admin is on it' } });
  await stage.admin.ask('POST', `/alerts/${id}/comments`, { body: { text: 'the admin sees smoke' } });
  const time = { kind: 'once', to: Date.now() + 600_000 };
  const scope = { devices: ['seen-machine'] };
  const added = await stage.admin.ask('POST', '/silences', {
    body: { comment: 'while the admin looks', scope, time },
  });
  expect([added.status, added.text]).toEqual([201, expect.any(String)]);
  const tv = stage.client('127.0.6.3');
  const account = { username: 'tv', password: PASSWORD, role: 'display' };
  await stage.admin.ask('POST', '/users', { body: account });
  await tv.login('tv', PASSWORD);
  for (const path of [
    `/alerts/${id}`,
    '/alerts',
    '/alerts?state=all',
    '/alerts?format=csv',
    '/alerts?q=admin',
  ]) {
    const asked = `${path}${path.includes('?') ? '&' : '?'}as=display`;
    for (const answer of [await screen.ask('GET', asked), await tv.ask('GET', path)]) {
      expect([path, answer.status]).toEqual([path, 200]);
      expect([path, answer.text]).toEqual([path, expect.not.stringMatching(/admin/)]);
    }
    expect((await stage.admin.ask('GET', path)).text).toMatch(/admin is on it/);
  }
  const { alerts } = (await screen.ask('GET', '/alerts?as=display')).as(alertsReply);
  expect(alerts).toMatchObject([{ state: 'acknowledged', muted: { by: 'silence' } }]);
});

it('[W1] on the live wire a display gets its machines and nothing else, and hears when they are others', async () => {
  const ca = readFileSync(join(stage.data, 'tls', 'authority.crt'), 'utf8');
  const { url } = stage.server();
  const connect = (client: Client, as: SessionOf) => openLive({ url, ca, cookie: client.cookie, as });
  const wall = connect(screen, 'display');
  await wall.connected;
  // The cookie of a display opens nothing as a person.
  await expect(connect(screen, 'person').connected).rejects.toThrow('unauthenticated');
  const fleet = await wall.subscribe('fleet');
  const others: (Target | string)[] = [
    'alerts',
    'device:seen-machine',
    { values: { scope: ALL_MACHINES, fields: ['heat', 'hidden-field'] } },
  ];
  for (const target of others) {
    const text = JSON.stringify(await wall.subscribe(target));
    expect([target, text]).toEqual([target, expect.stringMatching(/seen-machine/)]);
    expect([target, text]).toEqual([target, expect.not.stringMatching(/hidden/)]);
  }
  expect(fleet).toMatchObject({ ok: true, snapshot: { data: { devices: [{ device_id: 'seen-machine' }] } } });
  expect(await wall.subscribe('device:hidden-machine')).toEqual({ ok: false, code: 'not_found' });

  if (!fleet.ok) throw new Error(fleet.code);
  let { seq } = fleet.snapshot;
  const gap = new Promise<void>((resolve) => {
    wall.socket.on('change', (change: Envelope<unknown>) => {
      if (change.room !== fleet.snapshot.room) return;
      if (change.seq !== seq + 1) resolve();
      seq = change.seq;
    });
  });
  await stage.admin.ask('PATCH', '/devices/hidden-machine', { body: { tags: ['hidden', 'seen'] } });
  await gap;
  expect(JSON.stringify(await wall.subscribe('fleet'))).toContain('hidden-machine');
  await stage.admin.ask('PATCH', '/devices/hidden-machine', { body: { tags: ['hidden'] } });
  wall.close();
});

it('[W1] tags, names, boards and removals change at once what a display may see', async () => {
  const names = async () =>
    [...(await screen.ask('GET', '/devices?as=display')).text.matchAll(/"device_id":"([^"]+)"/g)].map(
      ([, id]) => id,
    );
  const patch = (id: string, body: unknown) => stage.admin.ask('PATCH', `/devices/${id}`, { body });
  expect(await names()).toEqual(['seen-machine']);
  await patch('hidden-machine', { tags: ['seen'] });
  expect(await names()).toEqual(['seen-machine', 'hidden-machine']);
  await patch('seen-machine', { tags: [] });
  expect(await names()).toEqual(['hidden-machine']);

  const path = `/boards/${seen.get('boards')}`;
  await stage.admin.ask('PATCH', path, { body: { version: 1, tiles: [statusTile('s', { name: 'New*' })] } });
  expect(await names()).toEqual([]);
  expect((await screen.ask('GET', `/pictures/${seen.get('pictures')}?as=display`)).status).toBe(404);
  await patch('seen-machine', { name: 'New name' });
  expect(await names()).toEqual(['seen-machine']);
  const later = await stage.device('new-here');
  expect(await names()).toEqual(['seen-machine', 'new-here']);
  await stage.admin.ask('DELETE', `/devices/${later.id}`);
  await stage.admin.ask('DELETE', path);
  expect(await names()).toEqual([]);
  expect((await screen.ask('GET', '/display?as=display')).text).toContain('"board":null');
});
