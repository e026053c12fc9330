import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditReply } from '#protocol/api.ts';
import { board } from '#protocol/boards.ts';
import { displayLink, displayLinksReply, playlist, wallProgram } from '#protocol/walls.ts';
import type { Client } from '../e2e/client.ts';
import { statusTile } from '../boards/tiles.ts';
import { makeLink, openLink, renewLink, type MadeLink } from './displays.ts';
import { errorOf, openStage, type Stage } from './stage.ts';

let stage: Stage;
let addresses = 1;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

/** A screen with an address of its own. */
const newScreen = (from = `127.0.7.${addresses++}`) => stage.client(from);
async function openedBy(link: MadeLink, from?: string): Promise<Client> {
  const screen = newScreen(from);
  expect((await openLink(screen, link.secret)).status).toBe(204);
  return screen;
}
const ask = (screen: Client) => screen.ask('GET', '/display?as=display&version=7');
const listed = async ({ id }: MadeLink) =>
  (await stage.admin.ask('GET', '/display-links'))
    .as(displayLinksReply)
    .display_links.find((link) => link.id === id);
const patch = (link: MadeLink, body: unknown) =>
  stage.admin.ask('PATCH', `/display-links/${link.id}`, { body });
const entries = async () => (await stage.admin.ask('GET', '/audit')).as(auditReply).entries;

/** All files of a folder, as one text. */
function textOf(folder: string): string {
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .map((path) => (statSync(path).isDirectory() ? textOf(path) : readFileSync(path, 'latin1')))
    .join('\n');
}

describe('the secret of a display link', () => {
  it('[W1] the secret of a display link stands in the fragment of its address, and in no other reply, file or audit entry', async () => {
    const link = await makeLink(stage);
    expect(link.path).toBe(`/ui/wall/display#${link.secret}`);
    expect(link.secret).toMatch(/^wf_display_[\w-]{43}$/);
    const screen = await openedBy(link);
    const replies = await Promise.all([
      stage.admin.ask('GET', '/display-links'),
      patch(link, { name: 'Hall' }),
      stage.admin.ask('GET', '/audit'),
      stage.admin.ask('GET', '/sessions'),
      ask(screen),
      screen.ask('GET', '/auth/me?as=display'),
    ]);
    for (const { status, text } of replies) {
      expect(status).toBe(200);
      expect(text).not.toContain(link.secret);
      expect(text).not.toContain('secret');
    }
    await stage.restart();
    expect(textOf(stage.data)).not.toContain(link.secret);
    expect((await ask(screen)).status).toBe(200);
  });

  it('[W1] a secret is exchanged for a cookie of its own that pages cannot read', async () => {
    const link = await makeLink(stage);
    const [cookie] = (await openLink(newScreen(), link.secret)).headers['set-cookie'] ?? [];
    expect(cookie).toMatch(
      /^__Host-watchfloor-display=[\w.-]+; Path=\/; Max-Age=\d+; HttpOnly; Secure; SameSite=Strict$/,
    );
    expect(cookie).not.toContain(link.secret);
  });

  it('[S5] a thousand wrong secrets at once are refused, thirty of them as unknown and the others as too many, and the right one opens its wall', async () => {
    const link = await makeLink(stage);
    const stranger = newScreen();
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, n) =>
        stranger.ask('POST', '/display-links/open', { body: { secret: `wf_display_${n}` } }),
      ),
    );
    const codes = answers.map((answer) => errorOf(answer).code);
    expect(codes.filter((code) => code === 'invalid_display_link')).toHaveLength(30);
    expect(codes.filter((code) => code === 'too_many_attempts')).toHaveLength(970);
    expect((await openLink(stranger, link.secret)).status).toBe(204);
    const refusals = (await entries()).filter(({ target }) => target === 'an unknown display link');
    expect(refusals).toMatchObject([{ by: 'stranger', count: 30 }]);
  });
});

describe('a display', () => {
  it('[W1] shows its playlist with the boards as they are now, and hears of every change by the revision', async () => {
    const tiles = [statusTile('s', { tags: ['web'] })];
    const made = (await stage.admin.ask('POST', '/boards', { body: { name: 'Web', tiles } })).as(board);
    const pages = [
      { kind: 'board', board_id: made.id },
      { kind: 'fleet', scope: {} },
    ];
    const list = (await stage.admin.ask('POST', '/playlists', { body: { name: 'All', pages } })).as(playlist);
    const link = await makeLink(stage, { name: 'Wall', shows: { kind: 'playlist', playlist_id: list.id } });
    const screen = await openedBy(link);
    const first = (await ask(screen)).as(wallProgram);
    expect(first).toMatchObject({
      name: 'Wall',
      pages: [
        { kind: 'board', board: { name: 'Web', tiles, created_by: '', updated_by: '' }, seconds: 30 },
        { kind: 'fleet' },
      ],
      settings: { order: 'fixed' },
    });
    expect((await ask(screen)).as(wallProgram).revision).toBe(first.revision);
    const revisions = new Set([first.revision]);
    for (const change of [
      () => stage.admin.ask('PATCH', `/boards/${made.id}`, { body: { version: 1, name: 'Servers' } }),
      () => stage.admin.ask('PATCH', `/playlists/${list.id}`, { body: { settings: { theme: 'light' } } }),
      () => patch(link, { name: 'Other wall' }),
      () => stage.admin.ask('DELETE', `/boards/${made.id}`),
      () => stage.admin.ask('DELETE', `/playlists/${list.id}`),
    ]) {
      expect((await change()).status).toBeLessThan(300);
      revisions.add((await ask(screen)).as(wallProgram).revision);
    }
    expect(revisions.size).toBe(6);
    expect((await ask(screen)).as(wallProgram).pages).toEqual([]);
  });

  it('a display link to boards that are gone shows that they are, and is opened all the same', async () => {
    const pages = [{ kind: 'board' as const, board_id: 'never-was' }];
    const screen = await openedBy(await makeLink(stage, { shows: { kind: 'pages', pages } }));
    expect((await ask(screen)).as(wallProgram).pages).toMatchObject([{ kind: 'board', board: null }]);
  });

  it('display links are listed with how many screens have them open, and when, where and what asked last', async () => {
    const link = await makeLink(stage);
    expect(await listed(link)).toMatchObject({ open: 0, last_seen: null, address: null, version: null });
    const screen = await openedBy(link, '127.0.8.1');
    await openedBy(link);
    await screen.ask('GET', '/display?as=display&version=1.2.3', {
      headers: { 'user-agent': 'Kiosk/1' },
    });
    const seen = await listed(link);
    expect(seen).toMatchObject({ open: 2, address: '127.0.8.1', version: '1.2.3', agent: 'Kiosk/1' });
    await stage.restart();
    expect(await listed(link)).toEqual({ ...seen, open: 0 });
  });

  it('[W1] a browser that opens its link again goes on with its session', async () => {
    const link = await makeLink(stage);
    const screen = await openedBy(link);
    for (let n = 0; n < 3; n++) await openLink(screen, link.secret);
    expect(await listed(link)).toMatchObject({ open: 1 });
    const other = await makeLink(stage, { name: 'Other' });
    await openLink(screen, other.secret);
    expect((await ask(screen)).as(wallProgram).name).toBe('Other');
  });

  it('[S5] the sessions of one link are bounded: the one that was used least recently ends', async () => {
    const link = await makeLink(stage);
    const screens = [];
    for (let n = 0; n < 50; n++) screens.push(await openedBy(link, '127.0.8.2'));
    const [first, second] = screens;
    if (first === undefined || second === undefined) throw new Error('there are screens');
    expect((await ask(first)).status).toBe(200);
    await openedBy(link, '127.0.8.2');
    expect((await ask(first)).status).toBe(200);
    expect((await ask(second)).status).toBe(401);
  });
});

describe('the end of a display link', () => {
  it.each([
    [
      'removed',
      (link: MadeLink) => stage.admin.ask('DELETE', `/display-links/${link.id}`),
      'invalid_display_link',
    ],
    ['given another secret', (link: MadeLink) => renewLink(stage, link), 'invalid_display_link'],
    ['expired', (link: MadeLink) => patch(link, { expires_at: Date.now() - 1 }), 'display_link_expired'],
    [
      'moved to other networks',
      (link: MadeLink) => patch(link, { networks: ['10.0.0.0/8'] }),
      'address_not_allowed',
    ],
  ])('[L5] a display whose link was %s gets nothing from then on', async (_, end, code) => {
    const link = await makeLink(stage);
    const screen = await openedBy(link);
    expect((await ask(screen)).status).toBe(200);
    await end(link);
    for (const path of ['/display', '/devices', '/alerts', '/auth/me'])
      expect((await screen.ask('GET', `${path}?as=display`)).status).toBe(401);
    expect(errorOf(await openLink(screen, link.secret)).code).toBe(code);
  });

  it('[W1] a link with another secret is opened with that one', async () => {
    const link = await makeLink(stage);
    const renewed = await renewLink(stage, link);
    expect(renewed.secret).not.toBe(link.secret);
    expect((await ask(await openedBy(renewed))).status).toBe(200);
  });

  it('[S5] who is refused by its networks cannot keep a link from being opened', async () => {
    const link = await makeLink(stage, { networks: ['127.0.9.0/24'] });
    const outside = newScreen();
    for (let n = 0; n < 70; n++) expect((await openLink(outside, link.secret)).status).toBe(403);
    await openedBy(link, '127.0.9.4');
  });

  it('[W1] a link is refused outside of its networks, and the refusal names the address', async () => {
    const link = await makeLink(stage, { networks: ['127.0.9.0/24', '::1'] });
    const outside = newScreen();
    const refused = errorOf(await openLink(outside, link.secret));
    expect(refused).toMatchObject({ status: 403, code: 'address_not_allowed' });
    expect(refused.message).toContain('may not be used from the address 127.0.7.');
    const inside = await openedBy(link, '127.0.9.1');
    // A cookie that was taken to another place is of no use there, and still is where it belongs.
    outside.cookie = inside.cookie;
    expect(errorOf(await ask(outside))).toMatchObject({ status: 403, code: 'address_not_allowed' });
    expect((await ask(inside)).status).toBe(200);
  });
});

describe('display links that cannot be', () => {
  it.each([
    ['a network that is none', { networks: ['10.0.0.0/8', 'example.org'] }, 'networks.1'],
    ['an end that has passed', { expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    ['no pages', { shows: { kind: 'pages', pages: [] } }, 'shows.pages'],
    [
      'a page of an unknown kind',
      { shows: { kind: 'pages', pages: [{ kind: 'web' }] } },
      'shows.pages.0.kind',
    ],
    ['no name', { name: ' ' }, 'name'],
  ])('a link with %s is refused, naming it', async (_, changes, path) => {
    const shows = { kind: 'pages', pages: [{ kind: 'fleet', scope: {} }] };
    const body = { name: 'Wrong', shows, ...changes };
    const refused = errorOf(await stage.admin.ask('POST', '/display-links', { body }));
    expect(refused).toMatchObject({ status: 422, code: 'invalid_body' });
    expect(refused.details?.map((each) => each.path)).toContain(path);
    const names = (await stage.admin.ask('GET', '/display-links')).as(displayLinksReply).display_links;
    expect(names.map(({ name }) => name)).not.toContain('Wrong');
  });

  it('a change that cannot be leaves the link as it is', async () => {
    const link = await makeLink(stage);
    expect((await patch(link, { name: 'Half', networks: ['nowhere'] })).status).toBe(422);
    expect((await listed(link))?.name).toBe('Lobby');
    expect(displayLink.parse(await listed(link)).networks).toEqual([]);
  });
});

it('[S4] every opening, refusal, change and end of a display link is in the audit log', async () => {
  const link = await makeLink(stage, { name: 'Audited', networks: ['127.0.9.0/24'] });
  await openedBy(link, '127.0.9.2');
  await openLink(newScreen(), link.secret);
  const renewed = await renewLink(stage, link);
  await patch(renewed, { expires_at: Date.now() - 1 });
  await openLink(stage.client('127.0.9.3'), renewed.secret);
  await stage.admin.ask('DELETE', `/display-links/${link.id}`);
  const acts = (await entries()).filter(({ target }) => target === 'Audited');
  expect(acts.map(({ by, actor, action }) => `${by} ${actor} ${action}`).sort()).toEqual([
    'administrator admin changed the display link',
    'administrator admin made a new secret for the display link',
    'administrator admin made the display link',
    'administrator admin removed the display link',
    'display Audited opened the display link',
    'display Audited was refused after the end of the display link',
    'display Audited was refused from an address outside the networks of the display link',
  ]);
});
