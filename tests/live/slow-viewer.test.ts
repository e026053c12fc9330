import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { envelope, fleetSnapshot, perFleetField, subscribeReply } from '#protocol/live.ts';
import type { FleetRows } from '../../server/live/content.ts';
import { openRawViewer, upgrade, type RawViewer } from './raw-viewer.ts';
import { COOKIE, deviceOf, openStage, ORIGIN, REFUSED_ADDRESS } from './stage.ts';

const HEADERS = { cookie: COOKIE, origin: ORIGIN };
const MiB = 1024 * 1024;

const event = z.tuple([z.literal('change'), envelope]);

/**
 * Subscribes to the fleet; resolves with the number of the snapshot. Messages before the reply are skipped.
 */
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

/** Resolves with the number of the next change. */
async function nextChange(viewer: RawViewer): Promise<number> {
  for (;;) {
    const text = await viewer.next();
    if (text.startsWith('42[')) return event.parse(JSON.parse(text.slice(2)))[1].seq;
  }
}

/** Reads changes that should be numbered 1, 2, 3 …; resolves with the first number that is out of order. */
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
  it('[L3] a viewer that stops reading costs bounded memory, slows nobody and recovers', async () => {
    const stage = await openStage({ limits: { maxBackpressureBytes: MiB } });
    try {
      const [slow, fast] = [await openViewer(stage.port), await stage.connect()];
      expect(await subscribe(slow, 1)).toBe(0);
      await fast.subscribe('fleet');
      slow.stall();

      const rounds = 48;
      const filler = 'x'.repeat(1000);
      for (let seq = 1; seq <= rounds; seq++) {
        for (let i = 0; i < 1000; i++)
          stage.live.pushAccepted({ deviceId: `${filler}${i}`, current: [{ t: seq, values: { cpu: seq } }] });
        await fast.nextChange((change) => change.seq === seq);
      }
      expect(fast.changes.map(({ seq }) => seq)).toEqual(Array.from({ length: rounds }, (_, i) => i + 1));

      // 48 MiB were sent. Kept for the slow viewer: the limit, one message, and the kernels' socket buffers.
      slow.resume();
      let isGapSeen = false;
      const gap = nextGap(slow).finally(() => {
        isGapSeen = true;
      });
      let seq = rounds;
      while (!isGapSeen) {
        seq += 1;
        stage.live.pushAccepted({ deviceId: 'a', current: [{ t: seq, values: { cpu: 1 } }] });
        await fast.nextChange((change) => change.seq === seq);
      }
      expect(await gap).toBeGreaterThan(rounds);
      expect(slow.bytes()).toBeLessThan(20 * MiB);

      expect(await subscribe(slow, 2)).toBe(seq);
      stage.live.pushAccepted({ deviceId: 'a', current: [{ t: seq + 1, values: { cpu: 1 } }] });
      expect(await nextChange(slow)).toBe(seq + 1);
      slow.close();
    } finally {
      await stage.close();
    }
  });
});

/** 10,000 devices whose rows are as long as those of real machines that have pushed for minutes. */
function largeFleet(): FleetRows {
  const ids = Array.from(
    { length: 10_000 },
    (_, i) => `0f3b5a52-7c41-4d0e-9a61-${String(i).padStart(12, '0')}`,
  );
  const column = Array.from({ length: 12 }, (_, i) => 10.01 + i);
  const recent = { t: column.map((_, i) => 1.7e12 + i * 5000), ...perFleetField(() => column) };
  const metrics = Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`field_${i}`, Math.PI * i]));
  return { ids, row: (id) => ({ device: { ...deviceOf(id), metrics }, recent }) };
}

/** Takes the fleet's snapshot in all of its parts, with the changes that come meanwhile. */
async function takeSnapshot(viewer: RawViewer) {
  const taken = { devices: 0, seqs: [-1], bytes: 0, longest: 0 };
  let left = 1;
  for (let id = 1; left > 0; id++) {
    viewer.send(id === 1 ? '421["subscribe","fleet"]' : `42${id}["part","fleet"]`);
    for (;;) {
      const text = await viewer.next();
      if (text.startsWith('42[')) taken.seqs.push(event.parse(JSON.parse(text.slice(2)))[1].seq);
      if (!text.startsWith(`43${id}[`)) continue;
      const [reply] = z.tuple([subscribeReply]).parse(JSON.parse(text.slice(`43${id}`.length)));
      if (!reply.ok) throw new Error(reply.code);
      taken.bytes += text.length;
      taken.longest = Math.max(taken.longest, text.length);
      taken.devices += fleetSnapshot.parse(reply.snapshot.data).devices.length;
      left = reply.snapshot.left ?? 0;
      break;
    }
  }
  return taken;
}

describe('a fleet of 10,000 full rows', () => {
  it('[L1] [L3] its snapshot arrives on a slow line, in parts, and no change after it is lost', async () => {
    const stage = await openStage({ fleet: largeFleet() });
    try {
      const [slow, fast] = [await openViewer(stage.port), await stage.connect()];
      await fast.subscribe('fleet');
      slow.stall();
      const taking = takeSnapshot(slow);
      // The slow viewer is in the room once the server has answered what it asked later.
      const push = async (seq: number) => {
        stage.live.pushAccepted({ deviceId: 'a', current: [{ t: seq, values: { cpu: 1 } }] });
        await fast.nextChange((change) => change.seq === seq);
      };
      for (let seq = 1; seq <= 20; seq++) await push(seq);
      slow.resume();
      const taken = await taking;
      expect(taken.devices).toBe(10_000);
      expect(taken.bytes).toBeGreaterThan(12 * MiB);
      expect(taken.longest).toBeLessThan(MiB);
      await push(21);
      const seqs = taken.seqs.slice(1);
      while (seqs.at(-1) !== 21) seqs.push(await nextChange(slow));
      expect(seqs).toEqual(seqs.map((_, i) => 22 - seqs.length + i));
      slow.close();
    } finally {
      await stage.close();
    }
  });
});

describe('the handshake', () => {
  it.each([
    ['from a foreign origin', { origin: 'https://evil.example', cookie: COOKIE }, 'foreign_origin'],
    ['without an origin that the guard accepts', { cookie: COOKIE }, 'foreign_origin'],
    [
      'from an address outside the allow-list',
      { ...HEADERS, 'x-forwarded-for': REFUSED_ADDRESS },
      'address_not_allowed',
    ],
  ])('[L5] an upgrade request %s is answered with 403 and the reason', async (_, headers, reason) => {
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

  it.each([
    ['without a cookie', { origin: ORIGIN }],
    ['with a forged cookie', { origin: ORIGIN, cookie: 'session=forged' }],
  ])('[L5] a client %s gets an open websocket, but is refused as unauthenticated', async (_, headers) => {
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
  });

  it('a client that is gone before its session was checked does not disturb the next one', async () => {
    /** Each lets one check of a session finish. */
    const finishCheck: (() => void)[] = [];
    let onCheckStarted = () => {};
    const gate = () =>
      new Promise<void>((resolve) => {
        finishCheck.push(resolve);
        onCheckStarted();
      });
    const stage = await openStage({ authGate: gate });
    const nextCheck = () =>
      new Promise<void>((resolve) => {
        onCheckStarted = resolve;
      });
    try {
      const first = nextCheck();
      const gone = await openRawViewer(stage.port, HEADERS);
      gone.send('40');
      await first;
      gone.close();
      // When a second client has completed its handshake, the server knows that the first one is gone.
      const second = nextCheck();
      const connecting = stage.connect();
      await second;
      finishCheck[1]?.();
      const viewer = await connecting;
      finishCheck[0]?.();
      expect((await viewer.subscribe('fleet')).ok).toBe(true);
      expect(stage.live.viewers()).toBe(1);
    } finally {
      await stage.close();
    }
  });

  it('a websocket stays open even when the upgrade request has the header Connection: close', async () => {
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
