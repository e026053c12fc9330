import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRawViewer, upgrade, type RawViewer } from './raw-viewer.ts';
import { COOKIE, openStage, ORIGIN, type Stage } from './stage.ts';

let stage: Stage;
/** How often a session was looked up. */
let checks = 0;
beforeEach(async () => {
  checks = 0;
  stage = await openStage({
    authGate() {
      checks++;
      return Promise.resolve();
    },
  });
});
afterEach(() => stage.close());

const FORGED = { cookie: 'session=forged', origin: ORIGIN };
const SIGNED_IN = { cookie: COOKIE, origin: ORIGIN };
const many = (message: string) => Array<string>(20_000).fill(message);

/** A viewer whose session has been accepted. */
async function openViewer(): Promise<RawViewer> {
  const viewer = await openRawViewer(stage.port, SIGNED_IN);
  await viewer.next();
  viewer.send('40');
  expect(await viewer.next()).toMatch(/^40\{"sid"/);
  return viewer;
}

describe('one connection', () => {
  it('[S5] 20,000 CONNECT packets with a forged cookie cost one check and close the connection', async () => {
    const stranger = await openRawViewer(stage.port, FORGED);
    stranger.send(...many('40'));
    await stranger.closed;
    expect(checks).toBe(1);
  });

  it('[S5] 20,000 CONNECT packets with a session make no more than one viewer and close the connection', async () => {
    const display = await openRawViewer(stage.port, SIGNED_IN);
    display.send(...many('40'));
    await display.closed;
    expect(checks).toBe(1);
    expect(stage.live.viewers()).toBe(0);
  });

  it('[S5] a connection that is refused cannot try again', async () => {
    const stranger = await openRawViewer(stage.port, FORGED);
    await stranger.next();
    stranger.send('40');
    expect(await stranger.next()).toBe('44{"message":"unauthenticated"}');
    stranger.send('40');
    await stranger.closed;
    expect(checks).toBe(1);
  });

  it.each([
    ['a CONNECT to another namespace', '40/admin,'],
    ['an event before its CONNECT', '420["subscribe","fleet"]'],
    ['a binary message', Buffer.from('40')],
    ['a ping, which only the server sends', '2'],
    ['text that is no packet', 'x'],
  ])('[S5] %s as the first message closes the connection', async (_, message) => {
    const stranger = await openRawViewer(stage.port, SIGNED_IN);
    stranger.send(message);
    await stranger.closed;
    expect(checks).toBe(0);
  });

  it.each([
    ['a second CONNECT', '40'],
    ['an event with ten binary attachments', '4510-0["subscribe",{"_placeholder":true,"num":0}]'],
    ['binary data', Buffer.alloc(100)],
    ['an acknowledgement', '431[]'],
    ['a connect error', '44{"message":"x"}'],
    ['an event in another namespace', '42/admin,["subscribe","fleet"]'],
    ['an event that this server does not have', '42["constructor"]'],
    ['an event that is no JSON', '42["subscribe"'],
    ['a packet of an unknown kind', '49'],
    ['a message of more than 16 KiB', `42["subscribe","${'x'.repeat(17_000)}"]`],
  ])('[S5] %s closes a signed-in connection and no other', async (_, message) => {
    const other = await stage.connect();
    const viewer = await openViewer();
    expect(stage.live.viewers()).toBe(2);
    viewer.send(message);
    await viewer.closed;
    expect(stage.live.viewers()).toBe(1);
    expect((await other.subscribe('fleet')).ok).toBe(true);
  });

  it.each([
    ['answers to pings', '3'],
    ['subscriptions that ask for no answer', '42["subscribe","fleet"]'],
    ['subscriptions', '421["subscribe","device:a"]'],
    ['unsubscriptions', '42["unsubscribe","fleet"]'],
  ])('[S5] a flood of %s closes the connection and leaves no viewer', async (_, message) => {
    const viewer = await openViewer();
    viewer.send(...many(message));
    await viewer.closed;
    expect(stage.live.viewers()).toBe(0);
    expect(stage.live.isWatched('a')).toBe(false);
  });

  it('[S5] no connection can take over the websocket of another one', async () => {
    const viewer = await openRawViewer(stage.port, SIGNED_IN);
    const sid = /"sid":"([^"]+)"/.exec(await viewer.next())?.[1] ?? '';
    expect(sid).not.toBe('');
    const { socket, answer } = await upgrade(stage.port, SIGNED_IN, `&sid=${sid}`);
    expect(answer).toContain('400 Bad Request');
    socket.destroy();
    viewer.close();
  });
});

describe('snapshots', () => {
  it('[S5] viewers that ask within a second share one snapshot, and each gets every change after it', async () => {
    const early = await stage.connect();
    await early.subscribe('fleet');
    const push = (t: number) =>
      stage.live.pushAccepted({ deviceId: 'a', current: [{ t, values: { cpu: t } }] });
    push(1);
    await early.nextChange(({ seq }) => seq === 1);
    stage.devices.add('c');
    const late = await stage.connect();
    // The device that was added without a change shows that the snapshot is not a new one.
    expect(await late.subscribe('fleet')).toMatchObject({
      ok: true,
      snapshot: { seq: 0, data: { devices: [{ device_id: 'a' }, { device_id: 'b' }] } },
    });
    push(2);
    await late.nextChange(({ seq }) => seq === 2);
    expect(late.changes.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('[S5] a viewer that leaves and comes back within a second does not have the snapshot made again', async () => {
    const viewer = await stage.connect();
    await viewer.subscribe('fleet');
    stage.devices.add('c');
    viewer.client.emit('unsubscribe', 'fleet');
    const again = await viewer.subscribe('fleet');
    expect(again).toMatchObject({ ok: true, snapshot: { data: { devices: { length: 2 } } } });
    stage.clock.at += 1000;
    const later = await viewer.subscribe('fleet');
    expect(later).toMatchObject({ ok: true, snapshot: { data: { devices: { length: 3 } } } });
  });

  it('[S5] a session gets so many bytes of snapshots, over all its connections, and later more', async () => {
    // 45,000 rows are about 14 MB: the third snapshot uses up the ration.
    for (let i = 0; i < 45_000; i++) stage.devices.add(`device-${i}`);
    const first = await stage.connect();
    // The sweep forgets rations of which nothing is used.
    stage.tick();
    const second = await stage.connect();
    for (const viewer of [first, second, first]) expect((await viewer.subscribe('fleet')).ok).toBe(true);
    let answered = false;
    second.client.emit('subscribe', 'fleet', () => (answered = true));
    // The server handles a client's messages in order.
    expect((await second.subscribe('secrets')).ok).toBe(false);
    expect(answered).toBe(false);
    const other = await stage.connect({ cookie: 'session=other', origin: ORIGIN });
    expect((await other.subscribe('fleet')).ok).toBe(true);
    stage.clock.at += 60_000;
    expect((await second.subscribe('fleet')).ok).toBe(true);
    expect(answered).toBe(false);
  });
});

describe('fields', () => {
  it('[S5] fields called like parts of built-in objects reach the screens, and change no such object', async () => {
    const viewer = await stage.connect();
    const names = ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf'];
    const values = Object.fromEntries(names.map((name, i) => [name, i]));
    await viewer.subscribe({ values: { scope: { devices: ['a'], tags: [], name: '' }, fields: names } });
    stage.live.pushAccepted({ deviceId: 'a', current: [{ t: 1, values }] });
    const { data } = await viewer.nextChange(() => true);
    expect(JSON.stringify(data)).toBe(
      `{"values":[{"id":"a","t":[1],"fields":{${names.map((name, i) => `"${name}":[${i}]`).join(',')}}}]}`,
    );
    expect(Object.keys(Object)).toEqual([]);
    expect(0 in Object.prototype.toString).toBe(false);
  });
});
