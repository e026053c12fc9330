import { describe, expect, it } from 'vitest';
import { DEFAULT_WALL_SETTINGS } from '#protocol/walls.ts';
import { createDisplayLinks } from '../../server/auth/display-links.ts';
import { createDisplaySessions } from '../../server/auth/display-sessions.ts';
import { createSessionCookie } from '../../server/auth/session-cookie.ts';
import type { DisplayLinkRecord, DisplaySessionRecord } from '../../server/state/records.ts';
import { memoryCollection } from '../state/memory-collection.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 0, 1);
const visit = { address: '10.0.0.1', agent: 'Kiosk', version: '1' };

async function stage(changes: { readonly expires_at?: number; readonly networks?: string[] } = {}) {
  let now = NOW;
  const ended: string[] = [];
  const records = {
    links: memoryCollection<DisplayLinkRecord>(),
    sessions: memoryCollection<DisplaySessionRecord>(),
  };
  let written = 0;
  const { putSoon } = records.links;
  records.links.putSoon = (record) => {
    written++;
    putSoon(record);
  };
  const links = createDisplayLinks({
    links: records.links,
    isWithin: (networks, address) => networks.length === 0 || networks.includes(address),
    now: () => now,
  });
  const key = Buffer.alloc(32, 1);
  const cookieOf = (of: 'person' | 'display') => createSessionCookie({ of, key, now: () => now });
  const open = () =>
    createDisplaySessions({
      ...records,
      terms: links,
      cookie: cookieOf('display'),
      sightOf: (key) => ({ key, has: () => true }),
      days: 10,
      now: () => now,
      onEnd: (id) => ended.push(id),
    });
  const pages = [{ kind: 'board' as const, board_id: 'b', seconds: 10 }];
  const { link } = await links.create('admin', {
    name: 'Lobby',
    shows: { kind: 'pages', pages, settings: DEFAULT_WALL_SETTINGS },
    expires_at: null,
    networks: [],
    ...changes,
  });
  const sessions = open();
  const begin = async (header = '') => (await sessions.begin(link, visit, header)).split(';')[0] ?? '';
  return {
    links,
    link,
    records,
    sessions,
    ended,
    cookieOf,
    begin,
    open,
    written: () => written,
    pass: (ms: number) => (now += ms),
  };
}

describe('the session of a display', () => {
  it('[S3] it ends with the configured days, or with its link where that ends sooner', async () => {
    const { sessions, begin, pass } = await stage();
    const header = await begin();
    const found = await sessions.find(header, visit.address);
    expect(found).toMatchObject({ role: 'display', expiresAt: NOW + 10 * DAY });
    pass(10 * DAY);
    expect(sessions.isAlive(found?.sessionId ?? '')).toBe(false);
    expect(await sessions.find(header, visit.address)).toBeUndefined();

    const short = await stage({ expires_at: NOW + DAY });
    const ofShort = await short.sessions.find(await short.begin(), visit.address);
    expect(ofShort?.expiresAt).toBe(NOW + DAY);
    short.pass(DAY);
    expect(short.sessions.isAlive(ofShort?.sessionId ?? '')).toBe(false);
  });

  it('[W2] a wall that asks goes on for months with new cookies, though never past the end of its link', async () => {
    const { sessions, begin, pass } = await stage({ expires_at: NOW + 40 * DAY });
    let header = await begin();
    const { sessionId = '' } = (await sessions.find(header, visit.address)) ?? {};
    for (let day = 1; day < 40; day++) {
      pass(DAY);
      const cookie = await sessions.asked(sessionId, visit);
      if (cookie !== undefined) header = cookie.split(';')[0] ?? '';
      const found = await sessions.find(header, visit.address);
      expect(found?.expiresAt).toBeLessThanOrEqual(NOW + 40 * DAY);
      expect(found?.sessionId).toBe(sessionId);
    }
    pass(DAY);
    expect(await sessions.find(header, visit.address)).toBeUndefined();
  });

  it('[S3] a cookie of a person is none of a display, under whichever name it is sent', async () => {
    const { sessions, records, cookieOf, begin } = await stage();
    await begin();
    const [session] = records.sessions.all();
    const persons = await cookieOf('person').make(session?.id ?? '', NOW + DAY);
    const header = persons.split(';')[0] ?? '';
    expect(await sessions.find(header, visit.address)).toBeUndefined();
    expect(
      await sessions.find(header.replace('watchfloor=', 'watchfloor-display='), visit.address),
    ).toBeUndefined();
  });

  it('[L5] sessions that were used from where the link may not be used any more are ended, others stay', async () => {
    const { sessions, links, link, begin, ended } = await stage();
    const moved = await sessions.find(await begin(), '10.0.0.2');
    const stayed = await sessions.find(await begin(), visit.address);
    sessions.endElsewhere(await links.change(link.id, { networks: [visit.address] }));
    expect(ended).toEqual([moved?.sessionId]);
    expect(sessions.isAlive(stayed?.sessionId ?? '')).toBe(true);
  });

  it('[L5] a session that was used from very many addresses ends when the networks change, as some are forgotten', async () => {
    const { sessions, links, link, begin, ended } = await stage();
    const header = await begin();
    const found = await sessions.find(header, '192.0.2.1');
    const inside = [visit.address, ...Array.from({ length: 20 }, (_, i) => `10.0.1.${i}`)];
    for (const address of inside) await sessions.find(header, address);
    sessions.endElsewhere(await links.change(link.id, { networks: inside }));
    expect(ended).toEqual([found?.sessionId]);
  });

  it('[W1] a link that gets another secret while it is being opened is not opened', async () => {
    const { sessions, links, link, records } = await stage();
    const opening = sessions.begin(link, visit, '');
    await links.renew(link.id);
    await expect(opening).rejects.toMatchObject({ code: 'invalid_display_link' });
    expect(records.sessions.all()).toEqual([]);
  });

  it('[W1] a link that is changed while it is being opened stays as it was changed', async () => {
    const { sessions, links, link, records } = await stage();
    const opening = sessions.begin(link, visit, '');
    await links.change(link.id, { name: 'Entrance', networks: [visit.address] });
    await opening;
    expect(records.links.get(link.id)).toMatchObject({ name: 'Entrance', networks: [visit.address] });
  });

  it.each([
    ['has expired', { expires_at: NOW - 1 }, 'display_link_expired'],
    ['may not be used from there any more', { networks: ['10.9.9.9'] }, 'address_not_allowed'],
  ])('[W1] a link that %s by the time that it is opened is not opened', async (_, patch, code) => {
    const { sessions, links, link, records } = await stage();
    const opening = sessions.begin(link, visit, '');
    await links.change(link.id, patch);
    await expect(opening).rejects.toMatchObject({ code });
    expect(records.sessions.all()).toEqual([]);
  });
});

describe('what is listed of a display link', () => {
  it('requests of a screen are written once an hour, and when something else about it is new', async () => {
    const { sessions, link, records, begin, pass, written, open } = await stage();
    const { sessionId = '' } = (await sessions.find(await begin(), visit.address)) ?? {};
    for (let n = 0; n < 360; n++) {
      pass(10_000);
      await sessions.asked(sessionId, visit);
    }
    expect(written()).toBeLessThanOrEqual(2);
    const before = written();
    await sessions.asked(sessionId, { ...visit, version: '2' });
    expect(written()).toBe(before + 1);
    pass(5000);
    await sessions.asked(sessionId, { ...visit, version: '2' });
    const seen = { at: NOW + 3_605_000, address: '10.0.0.1', agent: 'Kiosk', version: '2' };
    expect(sessions.seen(link).last).toEqual(seen);
    sessions.stop();
    const saved = records.links.get(link.id);
    expect(saved?.seen).toEqual(seen);
    expect(saved && open().seen(saved)).toEqual({ open: 0, last: seen });
  });

  it('a screen that has not asked for half a minute is not open', async () => {
    const { sessions, link, begin, pass } = await stage();
    await begin();
    pass(29_000);
    expect(sessions.seen(link).open).toBe(1);
    pass(1000);
    expect(sessions.seen(link).open).toBe(0);
  });

  it('[S6] what a screen says of itself is cut and has no control characters', async () => {
    const { sessions, link } = await stage();
    await sessions.begin(link, { ...visit, agent: `\u0007${'x'.repeat(900)}`, version: 'v\n2' }, '');
    const { last } = sessions.seen(link);
    expect(last?.agent.length).toBeLessThanOrEqual(200);
    expect(`${last?.agent}${last?.version}`).not.toMatch(/\p{Cc}/u);
  });
});
