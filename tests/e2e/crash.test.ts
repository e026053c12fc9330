import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { alertsReply } from '#protocol/alerts.ts';
import { devicesReply, type Device } from '#protocol/api.ts';
import { launchBrowser } from '../browser.ts';
import { eventually } from './eventually.ts';
import { notStored, storedSeconds } from './history.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startAgent, startServer, type TestServer } from './product.ts';
import { PushingDevice, register } from './pushing-device.ts';
import { fleetRow, linkLost, visitAsAdmin, type Person } from './ui.ts';

const DEVICES = 8;
/** Samples that are acknowledged before the crash, and as many after it. */
const BEFORE_THE_CRASH = 400;

describe('kill -9 of the server under load', () => {
  const opened = new Opened();
  let server: TestServer;
  let browser: Browser;
  let person: Person;
  const pushing: PushingDevice[] = [];
  const from = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;

  const acknowledged = () => pushing.reduce((sum, device) => sum + device.acknowledged.size, 0);
  const agentDevice = async (): Promise<Device | undefined> => {
    const { devices } = (await server.admin.ask('GET', '/devices')).as(devicesReply);
    return devices.find(({ name }) => name === 'measured');
  };

  beforeAll(async () => {
    server = opened.keep(await startServer(), disposing);
    browser = opened.keep(await launchBrowser(), closing);
    opened.keep(
      await startAgent({
        enrollment: await server.enrollment(),
        name: 'measured',
        env: { WATCHFLOOR_INTERVAL: '1' },
      }),
      disposing,
    );
    person = await visitAsAdmin(browser, server);
    await fleetRow(person.page, 'measured').getByText('%').first().waitFor();
    for (let i = 0; i < DEVICES; i++) {
      const identity = await register(server, `pushing-${i}`);
      pushing.push(new PushingDevice(identity, `pushing-${i}`, server.client(), from));
    }
    for (const device of pushing) device.start();
    await eventually('pushes were acknowledged', async () => acknowledged() >= BEFORE_THE_CRASH, 60_000);

    await server.kill();
    // [L4] The open page says that the link is lost, before the server is back, and so does its tab.
    await linkLost(person.page).first().waitFor({ timeout: 6000 });
    await person.page.locator('link[rel="icon"][href*="no%20data"]').waitFor({ state: 'attached' });
    const soFar = acknowledged();
    await server.start();
    await eventually('pushes went on', async () => acknowledged() >= soFar + BEFORE_THE_CRASH, 60_000);
    await Promise.all(pushing.map((device) => device.stop()));
  });

  afterAll(() => opened.close());

  it('Must show 5: [I1] every acknowledged sample is in the history after kill -9', async () => {
    for (const { identity, acknowledged: all } of pushing) {
      // Only the samples from an hour ago, which have a second to themselves; the next test checks the recent
      // ones too.
      const samples = new Map([...all].filter(([t]) => t % 1000 === 0 && t < from + 3_000_000));
      expect(await notStored(server.admin, identity.id, from, samples)).toEqual([]);
    }
  });

  it('Must show 5: [I2] samples acknowledged before a crash are duplicates when sent again', async () => {
    for (const device of pushing) {
      const { sent, accepted, duplicates } = await device.resend(500);
      expect({ accepted, duplicates }).toEqual({ accepted: 0, duplicates: sent });
    }
  });

  it('Must show 5: [G1] after a crash the agent goes on by itself, with no gap above 3 s', async () => {
    const times = await eventually('the agent had pushed for ten seconds', async () => {
      const found = await agentDevice();
      if (found === undefined || Date.now() - (found.sampled_at ?? 0) >= 3000) return undefined;
      const to = Math.floor(Date.now() / 1000) * 1000;
      const points = await storedSeconds(server.admin, found.device_id, 'cpu', to - 120_000, to);
      return points.length > 10 ? points.map(([t]) => t) : undefined;
    });
    const steps = times.slice(1).map((t, i) => t - (times[i] ?? t));
    expect(Math.max(...steps)).toBeLessThanOrEqual(3000);
  });

  it('Must show 5: [L4] after a crash the open page shows new numbers without a reload', async () => {
    const row = fleetRow(person.page, 'measured');
    await expect
      .poll(() => linkLost(person.page).count(), {
        timeout: 20_000,
      })
      .toBe(0);
    await person.page.locator('link[rel="icon"][href*="no%20data"]').waitFor({ state: 'detached' });
    const before = await row.innerText();
    await expect.poll(() => row.innerText(), { timeout: 20_000 }).not.toBe(before);
  });

  it('Must show 5: [F2] a restart after a crash raises no offline alert', async () => {
    const { alerts } = (await server.admin.ask('GET', '/alerts?state=all')).as(alertsReply);
    expect(alerts.filter(({ metric }) => metric === 'offline')).toEqual([]);
  });
});

it('[F2] a device whose record kill -9 left behind is not called offline by the next start', async () => {
  const opened = new Opened();
  try {
    const server = opened.keep(await startServer(), disposing);
    const { id, token } = await register(server, 'just-joined');
    const body = {
      device_id: id,
      hostname: 'just-joined',
      ip: '',
      metrics: { cpu: 1 },
      timestamp: Date.now(),
    };
    expect((await server.admin.ask('POST', '/metrics', { token, body })).status).toBe(200);
    await server.kill();
    // As the file is where the crash came before the device's first push was written down in it.
    const path = join(server.data, 'devices.json');
    const records = z.array(z.looseObject({ id: z.string() })).parse(JSON.parse(readFileSync(path, 'utf8')));
    const left = records.map(({ online: _, ...record }) => ({ ...record, last_seen: null }));
    writeFileSync(path, JSON.stringify(left));
    await server.start();
    const { devices } = (await server.admin.ask('GET', '/devices')).as(devicesReply);
    expect(devices.map(({ status }) => status)).toEqual(['online']);
    const { alerts } = (await server.admin.ask('GET', '/alerts?state=all')).as(alertsReply);
    expect(alerts).toEqual([]);
  } finally {
    await opened.close();
  }
});
