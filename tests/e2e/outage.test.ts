import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertsReply, type Alert } from '#protocol/alerts.ts';
import { devicesReply, type Device } from '#protocol/api.ts';
import { launchBrowser } from '../browser.ts';
import { layCable, type Cable } from './cable.ts';
import { eventually } from './eventually.ts';
import { storedSeconds } from './history.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startAgent, startServer, type TestServer } from './product.ts';
import { fleetRow, visitAsAdmin, type Person } from './ui.ts';

/** The shortest online window (F1), which an agent that pushes every second has. */
const WINDOW_MS = 15_000;

describe('an agent that cannot reach its server', () => {
  const opened = new Opened();
  let server: TestServer;
  let cable: Cable;
  let browser: Browser;
  let person: Person;
  let id = '';

  const device = async (): Promise<Device> => {
    const { devices } = (await server.admin.ask('GET', '/devices')).as(devicesReply);
    const found = devices.find(({ name }) => name === 'remote');
    if (found === undefined) throw new Error('the agent has not joined');
    return found;
  };
  const offlineAlerts = async (): Promise<readonly Alert[]> => {
    const { alerts } = (await server.admin.ask('GET', '/alerts?state=all')).as(alertsReply);
    return alerts.filter(({ metric }) => metric === 'offline');
  };

  beforeAll(async () => {
    server = opened.keep(await startServer(), disposing);
    cable = opened.keep(await layCable(server.port), closing);
    browser = opened.keep(await launchBrowser(), closing);
    person = await visitAsAdmin(browser, server);
    opened.keep(
      await startAgent({
        enrollment: await server.enrollment(cable.port),
        name: 'remote',
        env: { WATCHFLOOR_INTERVAL: '1' },
      }),
      disposing,
    );
    await eventually('the agent pushed', async () => (await device()).status === 'online');
    ({ device_id: id } = await device());
  });

  afterAll(() => opened.close());

  it('Must show 6: a machine cut off is shown offline, raises one alert, and its spool fills the gap', async () => {
    await fleetRow(person.page, 'remote').getByText('%').first().waitFor();
    cable.cut();
    const cutAt = Date.now();
    const offline = await eventually(
      'it was offline',
      async () => {
        const now = await device();
        return now.status === 'offline' && now;
      },
      WINDOW_MS + 10_000,
    );
    // [F1] The window of 15 s, [F2] 2 s to announce it, and half a second for this test's own requests.
    const silence = Date.now() - (offline.last_seen ?? 0);
    expect(silence).toBeGreaterThanOrEqual(WINDOW_MS);
    expect(silence).toBeLessThanOrEqual(WINDOW_MS + 2500);
    await fleetRow(person.page, 'remote')
      .getByText(/offline/i)
      .first()
      .waitFor({ timeout: 3000 });

    // [A2] One outage raises one alert, and the page shows it.
    const [raised, ...others] = await eventually('an alert was raised', async () => {
      const alerts = await offlineAlerts();
      return alerts.length > 0 && alerts;
    });
    expect(others).toEqual([]);
    expect(raised).toMatchObject({ device_id: id, state: 'firing', resolved_at: null });
    await person.page
      .getByRole('link', { name: /alerts/i })
      .first()
      .click();
    await person.page.getByRole('main').getByText('remote').filter({ visible: true }).first().waitFor();

    cable.mend();
    const mendedAt = Date.now();
    await eventually('it was online again', async () => (await device()).status === 'online', 60_000);
    await eventually('the alert was resolved', async () => {
      const alerts = await offlineAlerts();
      return alerts.every(({ state }) => state === 'resolved');
    });
    const [resolved, ...more] = await offlineAlerts();
    expect(more).toEqual([]);
    expect(resolved).toMatchObject({ id: raised?.id, state: 'resolved', resolution: 'cleared' });

    // [G1] The samples that the agent took while it was cut off are in the history.
    const [from, to] = [Math.ceil(cutAt / 1000) * 1000, Math.floor(mendedAt / 1000) * 1000];
    const seconds = (to - from) / 1000;
    await eventually(
      'the spool had arrived',
      async () => {
        const points = await storedSeconds(server.admin, id, 'cpu', from, to);
        return points.length >= seconds - 2;
      },
      60_000,
    );
  });
});
