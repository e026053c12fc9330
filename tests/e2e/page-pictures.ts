/**
 * Pictures of the pages for one machine, alerts, boards and settings, with an agent for this machine and machines with
 * made-up numbers.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser } from 'playwright';
import { alertsReply } from '#protocol/alerts.ts';
import { devicesReply } from '#protocol/api.ts';
import { channel } from '#protocol/notify.ts';
import { playlist } from '#protocol/walls.ts';
import { eventually } from './eventually.ts';
import { boardsOf, everyKind } from './made-up-board.ts';
import { startMadeUpFleet } from './made-up-fleet.ts';
import { addMachine, keepPushing, small, troubled, wide } from './made-up-machines.ts';
import { startReceiver } from './notify-receiver.ts';
import { closing, disposing, Opened } from './opened.ts';
import { LOOKS, type Pictures } from './pictures.ts';
import { startAgent, startServer, type TestServer } from './product.ts';
import { signedIn, visitAsAdmin } from './ui.ts';

/** How long the live charts of this machine fill before the pictures are taken. */
const FILL_MS = 20_000;
/** Two live seconds. */
const DRAWN_MS = 2000;

/** Gives the server channels, routes, a rule, and so alerts and messages; returns the id of one alert. */
async function addAlerting({ admin }: TestServer, receiver: string): Promise<string> {
  const addWebhook = async (name: string, url: string) => {
    const body = { name, kind: 'webhook', settings: { url }, private_network: true };
    return (await admin.ask('POST', '/channels', { body })).as(channel).id;
  };
  const operations = await addWebhook('Operations', receiver);
  // Nothing answers there: its messages fail.
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
  await admin.ask('POST', '/alert-routes', { body: night });
  const rule = {
    ...{ name: 'CPU busy', severity: 'warning', runbook: 'https://wiki.example/cpu' },
    condition: { kind: 'threshold', metric: 'cpu', threshold: 5, clear: 1, for_s: 5 },
  };
  await admin.ask('POST', '/alert-rules', { body: rule });
  return eventually('an alert was raised', async () => {
    const { alerts } = (await admin.ask('GET', '/alerts')).as(alertsReply);
    return alerts[0]?.id;
  });
}

/** Gives it a playlist, and a display link of it. */
async function addWalls({ admin }: TestServer, boardId: string): Promise<void> {
  const pages = [
    { kind: 'fleet', scope: {} },
    { kind: 'board', board_id: boardId },
  ];
  const body = { name: 'Control room', pages };
  const made = (await admin.ask('POST', '/playlists', { body })).as(playlist);
  const shows = { kind: 'playlist', playlist_id: made.id };
  await admin.ask('POST', '/display-links', { body: { name: 'Lobby', shows } });
}

/** Starts everything that the pages show; returns the paths of the pages by the names of their pictures. */
async function startPages(server: TestServer, opened: Opened): Promise<Readonly<Record<string, string>>> {
  opened.keep(await startMadeUpFleet(server), closing);
  const storage = await addMachine(server, 'storage-3', troubled);
  const large = await addMachine(server, 'many-fields', wide);
  const few = await addMachine(server, 'sensor-hut', small);
  opened.keep(keepPushing([storage, large, few]), closing);
  opened.keep(await startAgent({ enrollment: await server.enrollment(), name: 'this-machine' }), disposing);
  const { device_id: id } = await eventually('the agent joined', async () => {
    const { devices } = (await server.admin.ask('GET', '/devices')).as(devicesReply);
    return devices.find(({ name, sampled_at }) => name === 'this-machine' && sampled_at !== null);
  });
  const receiver = opened.keep(await startReceiver(), disposing);
  const alert = await addAlerting(server, receiver.url);
  const room = (await boardsOf(server).make('Operations room', await everyKind(server, id))).id;
  await addWalls(server, room);
  return {
    fleet: '',
    device: `devices/${id}`,
    'device-few-fields': `devices/${few.id}`,
    'device-many-fields': `devices/${large.id}`,
    'device-troubled': `devices/${storage.id}`,
    'device-sections': `devices/${id}?open=core&open=interface`,
    'device-events': `devices/${id}?open=..events&range=1h#section-events-title`,
    'device-compared': `devices/${id}?compare=${storage.id}`,
    'device-history': `devices/${id}?range=1h`,
    compare: 'compare?field=cpu&top=6',
    'compare-multiples': 'compare?field=ram&view=multiples',
    'compare-band': 'compare?field=cpu&view=band',
    alerts: 'alerts',
    alert: `alerts/${alert}`,
    'alert-statistics': 'alerts?view=statistics',
    silences: 'alerts/silences',
    boards: 'boards',
    board: `boards/${room}`,
    'board-editor': `boards/${room}/edit`,
    'settings-machines': 'settings/machines',
    'settings-enrollment': 'settings/enrollment',
    'settings-alert-rules': 'settings/alert-rules',
    'settings-rule-editor': 'settings/alert-rules?rule=new',
    'settings-channels': 'settings/channels',
    'settings-alert-routes': 'settings/alert-routes',
    'settings-notifications': 'settings/notifications',
    'settings-quotas': 'settings/quotas',
    'settings-display-links': 'settings/display-links',
    'settings-playlists': 'settings/playlists',
    'settings-users': 'settings/users',
    'settings-server': 'settings/server',
    'settings-account': 'settings/account',
    'settings-preferences': 'settings/preferences',
  };
}

/** What each picture of a page is called: the page, and what it is seen in. */
const named = (page: string, look: string) => `page-${page}-${look}`;

/** Takes each page in each look. */
export async function takePagePictures(browser: Browser, pictures: Pictures): Promise<void> {
  const opened = new Opened();
  try {
    const server = opened.keep(await startServer(), disposing);
    const pages = Object.entries(await startPages(server, opened));
    console.log(`Filling the charts for ${FILL_MS / 1000} s …`);
    await pause(FILL_MS);
    for (const look of LOOKS) {
      const wanted = pages.filter(([page]) => pictures.wants(named(page, look.name)));
      if (wanted.length === 0) continue;
      const { page, errors, close } = await visitAsAdmin(browser, server, look);
      for (const [name, path] of wanted) {
        await page.goto(`${server.url}/ui/${path}`);
        await signedIn(page);
        await pause(DRAWN_MS);
        await pictures.take(page, named(name, look.name), { fullPage: look.name !== '4k' });
      }
      for (const error of errors) console.log(`${look.name}: ${error}`);
      await close();
    }
  } finally {
    await opened.close();
  }
}
