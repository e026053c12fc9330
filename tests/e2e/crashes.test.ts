/**
 * Kills the server again and again while devices push. Three rounds by default; `WATCHFLOOR_CRASH_ROUNDS=50` for
 * as many as the release needs.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { notStored } from './history.ts';
import { disposing, Opened } from './opened.ts';
import { startServer, type TestServer } from './product.ts';
import { PushingDevice, register } from './pushing-device.ts';

const ROUNDS = Number(process.env['WATCHFLOOR_CRASH_ROUNDS'] ?? 3);
const DEVICES = 4;
/** How long one round may take, in milliseconds. */
const ROUND_MS = 30_000;

const opened = new Opened();
let server: TestServer;
const pushing: PushingDevice[] = [];
const from = Math.floor(Date.now() / 1000) * 1000 - 12 * 3_600_000;
const acknowledged = () => pushing.reduce((sum, device) => sum + device.acknowledged.size, 0);

beforeAll(
  async () => {
    server = opened.keep(await startServer(), disposing);
    for (let i = 0; i < DEVICES; i++) {
      const identity = await register(server, `pushing-${i}`);
      pushing.push(new PushingDevice(identity, `pushing-${i}`, server.client(), from));
    }
    for (const device of pushing) device.start();
    for (let round = 0; round < ROUNDS; round++) {
      // Each round is killed at another moment.
      const wanted = acknowledged() + 50 + ((round * 37) % 200);
      await eventually('pushes were acknowledged', async () => acknowledged() >= wanted, ROUND_MS);
      await server.kill();
      await server.start();
    }
    await Promise.all(pushing.map((device) => device.stop()));
  },
  60_000 + ROUNDS * ROUND_MS,
);

afterAll(() => opened.close());

test(`[I1] after ${ROUNDS} times kill -9 under load every acknowledged sample is in the history`, async () => {
  for (const { identity, acknowledged: all } of pushing) {
    // The old samples, which have a second to themselves.
    const samples = new Map([...all].filter(([t]) => t % 1000 === 0 && t < from + 6 * 3_600_000));
    expect(await notStored(server.admin, identity.id, from, samples)).toEqual([]);
    expect(samples.size).toBeGreaterThan(0);
  }
});

test(`[I2] after ${ROUNDS} times kill -9 every acknowledged sample is there once`, async () => {
  for (const device of pushing) {
    const { sent, accepted, duplicates } = await device.resend(500);
    expect({ accepted, duplicates }).toEqual({ accepted: 0, duplicates: sent });
  }
});
