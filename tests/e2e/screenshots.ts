/**
 * Takes pictures of the main pages: `node tests/e2e/screenshots.ts <folder>`. It starts a server, an agent
 * for this machine and some devices with made-up numbers, and takes each page in light, in dark, on a phone
 * and in 4K; then walls of 12 to 2,000 machines.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Page } from 'playwright';
import { alertsReply } from '#protocol/alerts.ts';
import { devicesReply } from '#protocol/api.ts';
import { board } from '#protocol/boards.ts';
import { channel } from '#protocol/notify.ts';
import { launchBrowser } from '../browser.ts';
import { eventually } from './eventually.ts';
import { addMachine, keepPushing, troubled, wide } from './made-up-machines.ts';
import { takeFleetPictures } from './fleet-pictures.ts';
import { startReceiver } from './notify-receiver.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startAgent, startServer } from './product.ts';
import { everyKind } from './made-up-board.ts';
import { startMadeUpFleet } from './made-up-fleet.ts';
import { signedIn, visitAsAdmin } from './ui.ts';
import { takeWalls } from './wall-screenshots.ts';

const SIZES = [
  { name: 'light', viewport: { width: 1440, height: 900 }, colorScheme: 'light' },
  { name: 'dark', viewport: { width: 1440, height: 900 }, colorScheme: 'dark' },
  { name: 'phone', viewport: { width: 390, height: 844 }, colorScheme: 'light' },
  { name: '4k', viewport: { width: 3840, height: 2160 }, colorScheme: 'dark' },
] as const;

/** How long the live charts fill before the pictures are taken. */
const FILL_MS = 60_000;

const folder = process.argv[2];
if (folder === undefined) {
  console.error('Say where to: node tests/e2e/screenshots.ts <folder>');
  process.exit(2);
}
mkdirSync(folder, { recursive: true });

const opened = new Opened();
try {
  const server = opened.keep(await startServer(), disposing);
  opened.keep(await startMadeUpFleet(server), closing);
  const hard = {
    troubled: await addMachine(server, 'storage-3', troubled),
    wide: await addMachine(server, 'many-fields', wide),
  };
  opened.keep(keepPushing(Object.values(hard)), closing);
  opened.keep(await startAgent({ enrollment: await server.enrollment(), name: 'this-machine' }), disposing);
  const measured = await eventually('the agent joined', async () => {
    const { devices } = (await server.admin.ask('GET', '/devices')).as(devicesReply);
    return devices.find(({ name, sampled_at }) => name === 'this-machine' && sampled_at !== null);
  });
  // So that there are channels, routes, alerts and messages to see: one receiver that takes them, one that does not.
  const receiver = opened.keep(await startReceiver(), disposing);
  const addWebhook = async (name: string, url: string) => {
    const body = { name, kind: 'webhook', settings: { url }, private_network: true };
    return (await server.admin.ask('POST', '/channels', { body })).as(channel).id;
  };
  const operations = await addWebhook('Operations', receiver.url);
  const phone = await addWebhook('Phone of the night shift', 'http://127.0.0.1:1/');
  const night = {
    name: 'Critical at night',
    match: {
      severities: ['critical'],
      hours: { days: [1, 2, 3, 4, 5], from: '18:00', to: '08:00', time_zone: 'Europe/Berlin' },
    },
    ...{ channels: [operations, phone], repeat_s: 14_400, escalate: { after_s: 1800, channels: [phone] } },
    goes_on: true,
  };
  await server.admin.ask('POST', '/alert-routes', { body: night });
  const busy = { kind: 'threshold', metric: 'cpu', threshold: 5, clear: 1, for_s: 5 };
  const rule = {
    name: 'CPU busy',
    severity: 'warning',
    condition: busy,
    runbook: 'https://wiki.example/cpu',
  };
  await server.admin.ask('POST', '/alert-rules', { body: rule });
  const [raised] = await eventually('an alert was raised', async () => {
    const { alerts } = (await server.admin.ask('GET', '/alerts')).as(alertsReply);
    return alerts.length > 0 && alerts;
  });
  const made = { name: 'Operations room', tiles: await everyKind(server, measured.device_id) };
  const room = (await server.admin.ask('POST', '/boards', { body: made })).as(board).id;
  const pages = [
    { name: 'fleet', path: '' },
    { name: 'device', path: `devices/${measured.device_id}` },
    { name: 'device-troubled', path: `devices/${hard.troubled.id}` },
    { name: 'device-wide', path: `devices/${hard.wide.id}` },
    { name: 'device-sections', path: `devices/${measured.device_id}?open=core&open=interface` },
    {
      name: 'device-events',
      path: `devices/${measured.device_id}?open=..events&range=1h#section-events-title`,
    },
    { name: 'device-compared', path: `devices/${measured.device_id}?compare=${hard.troubled.id}` },
    { name: 'compare', path: 'compare?field=cpu&top=6' },
    { name: 'compare-multiples', path: 'compare?field=ram&view=multiples' },
    { name: 'compare-band', path: 'compare?field=cpu&view=band' },
    { name: 'history', path: `devices/${measured.device_id}?range=1h` },
    { name: 'alerts', path: 'alerts' },
    { name: 'alert', path: `alerts/${raised?.id ?? ''}` },
    { name: 'alert-statistics', path: 'alerts?view=statistics' },
    { name: 'silences', path: 'alerts/silences' },
    { name: 'boards', path: 'boards' },
    { name: 'board', path: `boards/${room}` },
    { name: 'board-editor', path: `boards/${room}/edit` },
    { name: 'machines', path: 'settings/machines' },
    { name: 'alert-rules', path: 'settings/alert-rules' },
    { name: 'rule-editor', path: 'settings/alert-rules?rule=new' },
    { name: 'channels', path: 'settings/channels' },
    { name: 'alert-routes', path: 'settings/alert-routes' },
    { name: 'notifications', path: 'settings/notifications' },
    { name: 'display-links', path: 'settings/display-links' },
    { name: 'playlists', path: 'settings/playlists' },
  ];
  const browser = opened.keep(await launchBrowser(), closing);
  console.log(`Filling the charts for ${FILL_MS / 1000} s …`);
  const people = await Promise.all(
    SIZES.map(async (size) => ({ size, person: await visitAsAdmin(browser, server, size) })),
  );
  await pause(FILL_MS);
  for (const { size, person } of people) {
    for (const { name, path } of pages) {
      await person.page.goto(`${server.url}/ui/${path}`);
      await settled(person.page);
      await person.page.screenshot({ path: join(folder, `${name}-${size.name}.png`) });
    }
    for (const error of person.errors) console.log(`${size.name}: ${error}`);
    await person.close();
  }
  await takeFleetPictures(browser, folder, SIZES);
  await takeWalls(browser, folder);
  console.log(`Written to ${folder}`);
} finally {
  await opened.close();
}

/** Resolves when the page's heading is there and three live seconds have passed. */
async function settled(page: Page): Promise<void> {
  await signedIn(page);
  await pause(3000);
}
