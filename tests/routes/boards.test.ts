import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { auditReply } from '#protocol/api.ts';
import { board, boardsReply, boardVersionsReply, pictureCreated } from '#protocol/boards.ts';
import { playlist, playlistsReply } from '#protocol/walls.ts';
import { PNG } from '../boards/picture-files.ts';
import { pictureTile, statusTile, textTile } from '../boards/tiles.ts';
import { errorOf, openStage, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

const add = async (body: unknown) => (await stage.admin.ask('POST', '/boards', { body })).as(board);

it('a board is added, changed, listed without its tiles, and restored after a restart', async () => {
  const { id } = await add({ name: 'Web', tiles: [statusTile('s', { tags: ['web'] })] });
  const path = `/boards/${id}`;
  const tiles = [textTile('t', '# Hello')];
  const changed = await stage.admin.ask('PATCH', path, { body: { version: 1, tiles } });
  expect(changed.as(board)).toMatchObject({ version: 2, tiles, updated_by: 'admin' });
  await stage.restart();
  const { boards } = (await stage.admin.ask('GET', '/boards')).as(boardsReply);
  expect(boards.find((each) => each.id === id)).toMatchObject({ name: 'Web', version: 2, tiles: 1 });
  const { versions } = (await stage.admin.ask('GET', `${path}/versions`)).as(boardVersionsReply);
  expect(versions).toMatchObject([{ version: 1, tiles: [{ kind: 'status' }] }]);
  const body = { version: 2, tiles: versions[0]?.tiles };
  expect((await stage.admin.ask('PATCH', path, { body })).as(board).tiles).toEqual(versions[0]?.tiles);
});

it('a change to an older version of a board is refused with who changed it and when', async () => {
  const { id } = await add({ name: 'Shared' });
  await stage.admin.ask('PATCH', `/boards/${id}`, { body: { version: 1, name: 'Theirs' } });
  const late = errorOf(
    await stage.admin.ask('PATCH', `/boards/${id}`, { body: { version: 1, name: 'Mine' } }),
  );
  expect(late).toMatchObject({ status: 409, code: 'board_changed' });
  expect(late.message).toContain('admin has changed this board');
  expect((await stage.admin.ask('GET', `/boards/${id}`)).as(board).name).toBe('Theirs');
});

it('a board with machines that are gone, and tiles that this version does not know, is kept as it is', async () => {
  const unknown = { ...textTile('u'), kind: 'hologram', depth: 3 };
  const tiles = [statusTile('s', { devices: ['never-was'] }), unknown, pictureTile('p', '0'.repeat(64))];
  const { id } = await add({ name: 'Imported', tiles });
  await stage.restart();
  expect((await stage.admin.ask('GET', `/boards/${id}`)).as(board).tiles).toEqual(tiles);
});

it.each([
  [
    'a tile that reaches beyond the grid',
    [{ ...textTile('a'), place: { x: 20, y: 0, w: 6, h: 1 } }],
    'tiles.0.place',
  ],
  ['two tiles with one id', [textTile('a'), textTile('a')], 'tiles.1.id'],
  ['61 tiles', Array.from({ length: 61 }, (_, i) => textTile(`${i}`)), 'tiles'],
  [
    'a picture that is an address',
    [{ ...pictureTile('p', ''), picture: 'https://example.org/a.png' }],
    'tiles.0.picture',
  ],
  ['a field of the wrong kind', [{ ...textTile('a'), markdown: 7 }], 'tiles.0.markdown'],
])('a board with %s is refused as a whole, naming what is wrong', async (_, tiles, path) => {
  const refused = errorOf(await stage.admin.ask('POST', '/boards', { body: { name: 'Wrong', tiles } }));
  expect(refused).toMatchObject({ status: 422, code: 'invalid_body' });
  expect(refused.details?.map((each) => each.path)).toContain(path);
});

it('a tile that reaches below the last row is refused by its name, and one of an older board is shown until it is moved', async () => {
  const low = { ...textTile('low'), place: { x: 0, y: 239, w: 6, h: 2 } };
  const fits = { ...low, place: { ...low.place, y: 238 } };
  const refused = errorOf(
    await stage.admin.ask('POST', '/boards', { body: { name: 'Low', tiles: [textTile('a'), low] } }),
  );
  expect(refused.details).toEqual([
    {
      path: 'tiles.1.place',
      message:
        'of the tile "low" reaches to row 241, beyond the last one, 240; move it up or make it smaller',
    },
  ]);

  const { id } = await add({ name: 'Old', tiles: [fits] });
  const file = join(stage.data, 'boards.json');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('"y":238', '"y":239'));
  await stage.restart();
  expect((await stage.admin.ask('GET', `/boards/${id}`)).as(board).tiles).toEqual([low]);
  const change = (body: object) =>
    stage.admin.ask('PATCH', `/boards/${id}`, { body: { version: 1, ...body } });
  expect(errorOf(await change({ tiles: [low] })).message).toContain('"low"');
  expect((await change({ name: 'New', tiles: [fits] })).status).toBe(200);
});

it('[S6] markup in names and texts of a board comes back as it was written', async () => {
  const name = '<script>alert(1)</script>';
  const tiles = [textTile('t', '<img src=x onerror=alert(1)> [a](javascript:alert(1))')];
  const { id } = await add({ name, tiles });
  const answer = await stage.admin.ask('GET', `/boards/${id}`);
  expect(answer.as(board)).toMatchObject({ name, tiles });
  expect(answer.headers['content-type']).toBe('application/json');
  expect(answer.headers['x-content-type-options']).toBe('nosniff');
});

it('a picture is answered with its type, for good, and with nothing that could run in it', async () => {
  const body = { type: 'image/png', data: PNG.toString('base64') };
  const { id } = (await stage.admin.ask('POST', '/pictures', { body })).as(pictureCreated);
  await stage.restart();
  const { status, headers, text } = await stage.admin.ask('GET', `/pictures/${id}`);
  expect(status).toBe(200);
  expect(text).toBe(PNG.toString());
  expect(headers).toMatchObject({
    'content-type': 'image/png',
    'content-length': String(PNG.length),
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
    'cache-control': 'private, max-age=31536000, immutable',
  });
  expect((await stage.admin.ask('HEAD', `/pictures/${id}`)).headers['content-length']).toBe(
    String(PNG.length),
  );
  expect((await stage.client().ask('GET', `/pictures/${id}`)).status).toBe(401);
});

it('a picture that is none is refused', async () => {
  const data = Buffer.from('<svg onload="alert(1)"/>').toString('base64');
  const refuse = async (body: unknown) => errorOf(await stage.admin.ask('POST', '/pictures', { body }));
  expect(await refuse({ type: 'image/png', data })).toMatchObject({ status: 422, code: 'invalid_picture' });
  expect(await refuse({ type: 'image/svg+xml', data })).toMatchObject({ status: 422, code: 'invalid_body' });
});

it('a playlist is added, changed and removed', async () => {
  const pages = [
    { kind: 'board', board_id: 'removed', seconds: 10 },
    { kind: 'fleet', scope: { tags: ['web'] } },
  ];
  const made = (await stage.admin.ask('POST', '/playlists', { body: { name: 'Lobby', pages } })).as(playlist);
  expect(made).toMatchObject({ created_by: 'admin', settings: { order: 'fixed', stay_on_critical: true } });
  const path = `/playlists/${made.id}`;
  expect((await stage.admin.ask('PATCH', path, { body: { name: 'Hall' } })).as(playlist)).toEqual({
    ...made,
    name: 'Hall',
  });
  expect((await stage.admin.ask('DELETE', path)).status).toBe(204);
  expect((await stage.admin.ask('GET', '/playlists')).as(playlistsReply).playlists).toEqual([]);
  expect(errorOf(await stage.admin.ask('PATCH', path, { body: {} }))).toMatchObject({ code: 'unknown_item' });
});

it('[S4] what is done to boards, playlists and pictures is in the audit log', async () => {
  const { id } = await add({ name: 'Audited' });
  await stage.admin.ask('PATCH', `/boards/${id}`, { body: { version: 1, name: 'Audited again' } });
  await stage.admin.ask('DELETE', `/boards/${id}`);
  const { entries } = (await stage.admin.ask('GET', '/audit')).as(auditReply);
  const acts = entries.map(({ actor, action, target }) => `${actor} ${action} ${target}`);
  expect(acts).toEqual(
    expect.arrayContaining([
      'admin added the board Audited',
      'admin changed the board Audited again',
      'admin removed the board Audited again',
      'admin added the playlist Lobby',
      'admin removed the playlist Hall',
    ]),
  );
});
