import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { envelope, subscribeReply } from '#protocol/live.ts';
import { openRawViewer, upgrade, type RawViewer } from './raw-viewer.ts';
import { COOKIE, openStage, ORIGIN, REFUSED_ADDRESS } from './stage.ts';

const HEADERS = { cookie: COOKIE, origin: ORIGIN };
const MiB = 1024 * 1024;

const event = z.tuple([z.literal('change'), envelope]);

/** Asks for the fleet; resolves with the snapshot's number. What comes before the answer is passed over. */
async function subscribe(viewer: RawViewer, id: number): Promise<number> {
  viewer.send(`42${id}["subscribe","fleet"]`);
  for (;;) {
    const text = await viewer.next();
    if (!text.startsWith(`43${id}[`)) continue;
    const [reply] = z.tuple([subscribeReply]).parse(JSON.parse(text.slice(`43${id}`.length)));
    if (!reply.ok) throw new Error(reply.code);
    return reply.snapshot.seq;
  }
}

async function nextChange(viewer: RawViewer): Promise<number> {
  for (;;) {
    const text = await viewer.next();
    if (text.startsWith('42[')) return event.parse(JSON.parse(text.slice(2)))[1].seq;
  }
}

/** The first number that does not follow the one before it. */
async function nextGap(viewer: RawViewer): Promise<number> {
  for (let expected = 1; ; expected++) {
    const seq = await nextChange(viewer);
    if (seq !== expected) return seq;
  }
}

async function openViewer(port: number): Promise<RawViewer> {
  const viewer = await openRawViewer(port, HEADERS);
  await viewer.next();
  viewer.send('40');
  await viewer.next();
  return viewer;
}

describe('a viewer that stops reading', () => {
  it('[L3] costs bounded memory and slows nobody; it sees the gap and is whole again', async () => {
    const stage = await openStage({ limits: { maxBackpressure: MiB } });
    try {
      const [slow, fast] = [await openViewer(stage.port), await stage.connect()];
      expect(await subscribe(slow, 1)).toBe(0);
      await fast.subscribe('fleet');
      slow.stall();

      const rounds = 48;
      const filler = 'x'.repeat(1000);
      for (let seq = 1; seq <= rounds; seq++) {
        for (let i = 0; i < 1000; i++)
          stage.live.values({ deviceId: `${filler}${i}`, samples: [{ t: seq, values: { cpu: seq } }] });
        await fast.change((change) => change.seq === seq);
      }
      expect(fast.changes.map(({ seq }) => seq)).toEqual(Array.from({ length: rounds }, (_, i) => i + 1));

      // 48 MiB went by; what was kept is the limit, one message, and what two kernels hold of a connection.
      slow.resume();
      let seen = false;
      const gap = nextGap(slow).finally(() => {
        seen = true;
      });
      let seq = rounds;
      while (!seen) {
        seq += 1;
        stage.live.values({ deviceId: 'a', samples: [{ t: seq, values: { cpu: 1 } }] });
        await fast.change((change) => change.seq === seq);
      }
      expect(await gap).toBeGreaterThan(rounds);
      expect(slow.bytes()).toBeLessThan(20 * MiB);

      expect(await subscribe(slow, 2)).toBe(seq);
      stage.live.values({ deviceId: 'a', samples: [{ t: seq + 1, values: { cpu: 1 } }] });
      expect(await nextChange(slow)).toBe(seq + 1);
      slow.close();
    } finally {
      await stage.close();
    }
  });
});

describe('the handshake', () => {
  it.each([
    [{ origin: 'https://evil.example', cookie: COOKIE }, 'foreign_origin'],
    [{ cookie: COOKIE }, 'foreign_origin'],
    [{ ...HEADERS, 'x-forwarded-for': REFUSED_ADDRESS }, 'address_not_allowed'],
  ])('[L5] with %o is answered 403 %s', async (headers, reason) => {
    const stage = await openStage();
    try {
      const { socket, answer } = await upgrade(stage.port, headers);
      expect(answer).toMatch(/^HTTP\/1\.1 403 /);
      expect(answer).toContain(`"message":"${reason}"`);
      socket.destroy();
    } finally {
      await stage.close();
    }
  });

  it.each([{ origin: ORIGIN }, { origin: ORIGIN, cookie: 'session=forged' }])(
    '[L5] with %o opens a websocket that leads nowhere',
    async (headers) => {
      const stage = await openStage();
      try {
        const viewer = await openRawViewer(stage.port, headers);
        expect(await viewer.next()).toMatch(/^0/);
        stage.tick();
        viewer.send('40');
        expect(await viewer.next()).toBe('44{"message":"unauthenticated"}');
        expect(stage.live.viewers()).toBe(0);
        viewer.close();
      } finally {
        await stage.close();
      }
    },
  );

  it('survives a client that is gone before its session was checked', async () => {
    const asked: (() => void)[] = [];
    let onAsk = () => {};
    const gate = () =>
      new Promise<void>((resolve) => {
        asked.push(resolve);
        onAsk();
      });
    const stage = await openStage({ authGate: gate });
    const nextAsk = () =>
      new Promise<void>((resolve) => {
        onAsk = resolve;
      });
    try {
      const first = nextAsk();
      const hasty = await openRawViewer(stage.port, HEADERS);
      hasty.send('40');
      await first;
      hasty.close();
      // A whole second handshake later, the server knows that the first client is gone.
      const second = nextAsk();
      const patient = stage.connect();
      await second;
      asked[1]?.();
      const viewer = await patient;
      asked[0]?.();
      expect((await viewer.subscribe('fleet')).ok).toBe(true);
      expect(stage.live.viewers()).toBe(1);
    } finally {
      await stage.close();
    }
  });

  it('opens a websocket that stays open, also where the client asked for the connection to be closed', async () => {
    const stage = await openStage({ authGate: () => new Promise((resolve) => setImmediate(resolve)) });
    try {
      const viewer = await openRawViewer(stage.port, { ...HEADERS, connection: 'close' });
      expect(await viewer.next()).toMatch(/^0/);
      viewer.send('40');
      expect(await viewer.next()).toMatch(/^40/);
      viewer.close();
    } finally {
      await stage.close();
    }
  });
});
