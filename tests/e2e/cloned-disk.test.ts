/** [F4] Two real agents with one data folder: noticed, named, and told apart by one act, whatever is killed meanwhile. */
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { deviceDetail, devicesReply } from '#protocol/api.ts';
import { launchBrowser } from '../browser.ts';
import { eventually } from './eventually.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startAgent, startServer, temporaryFolder, type TestServer } from './product.ts';
import { visitAsAdmin } from './ui.ts';

const ROUNDS = Number(process.env['WATCHFLOOR_CRASH_ROUNDS'] ?? 3);
const membership = z.object({ device_id: z.string() });
/** The device that the folder belongs to. */
const deviceOf = (data: string) =>
  membership.parse(JSON.parse(readFileSync(join(data, 'membership.json'), 'utf8'))).device_id;

describe('two machines with one data folder', () => {
  const opened = new Opened();
  let server: TestServer;
  let browser: Browser;

  beforeAll(async () => {
    server = opened.keep(await startServer({ env: { WATCHFLOOR_INTERVAL: '1' } }), disposing);
    browser = opened.keep(await launchBrowser(), closing);
  });
  afterAll(() => opened.close());

  const devices = async () => (await server.admin.ask('GET', '/devices')).as(devicesReply).devices;
  const conflictOf = async (id: string) =>
    (await server.admin.ask('GET', `/devices/${id}`)).as(deviceDetail).conflict;

  /** Starts an agent, then a second one with a copy of its folder, and waits until both are noticed. */
  async function twoAgents() {
    const folders = { first: temporaryFolder(), copy: join(temporaryFolder(), 'data') };
    for (const folder of Object.values(folders))
      opened.keep(folder, (path) => rmSync(path, { recursive: true, force: true }));
    const first = opened.keep(
      await startAgent({ data: folders.first, enrollment: await server.enrollment() }),
      disposing,
    );
    await first.process.line(/joined the server/);
    const id = deviceOf(folders.first);
    await eventually('the agent pushed', async () =>
      (await devices()).some(({ device_id, status }) => device_id === id && status === 'online'),
    );
    cpSync(folders.first, folders.copy, { recursive: true, filter: (path) => !path.endsWith('.sock') });
    const copy = opened.keep(await startAgent({ data: folders.copy }), disposing);
    const conflict = await eventually('both were noticed', () => conflictOf(id), 60_000);
    const [, machine] = conflict.machines;
    return { id, first, copy, machine: machine?.id ?? '' };
  }

  /** Waits until both are devices of their own that push. */
  const apart = (id: string, data: string, since: number) =>
    eventually(
      'each was a machine of its own',
      async () => {
        const own = deviceOf(data);
        const both = (await devices()).filter(({ device_id }) => [id, own].includes(device_id));
        return own !== id && both.length === 2 && both.every(({ last_seen }) => (last_seen ?? 0) > since);
      },
      60_000,
    );

  it('Must show: [F4] the page of the machine names both, and one click makes one of them a machine of its own', async () => {
    const { id, copy, first } = await twoAgents();
    const count = (await devices()).length;
    const person = opened.keep(await visitAsAdmin(browser, server), closing);
    const { page } = person;
    await page.goto(`${server.url}/ui/devices/${id}`);
    const notice = page.getByRole('region', { name: /^Machines that push as/ });
    await expect.poll(() => notice.getByRole('listitem').count()).toBe(2);
    await notice
      .getByRole('button', { name: /a machine of its own$/ })
      .last()
      .click();
    const asked = Date.now();
    await page.getByRole('dialog').getByRole('button', { name: 'Make it a machine of its own' }).click();
    await apart(id, copy.data, asked);
    await notice.waitFor({ state: 'detached' });
    expect(await devices()).toHaveLength(count + 1);
    expect(deviceOf(first.data)).toBe(id);
    expect(first.process.output()).not.toContain('a device of its own: it joins');
    expect(person.errors).toEqual([]);
  });

  /** What is killed at first, and what once the agent was told. */
  const KILLS = [
    [['agent'], ['agent']],
    [['server'], ['agent']],
    [['agent', 'server'], ['server']],
  ] as const;

  it.each(Array.from({ length: ROUNDS }, (_, round) => round))(
    '[F4] agent and server killed in the midst of the act leave one machine more, never two, never none (round %i)',
    async (round) => {
      const { id, copy, machine } = await twoAgents();
      const count = (await devices()).length;
      const asked = Date.now();
      const answer = await server.admin.ask('POST', `/devices/${id}/separate`, { body: { id: machine } });
      expect(answer.status, answer.text).toBe(200);
      let agent = copy;
      const killAndStart = async (what: readonly string[]) => {
        await Promise.all([
          ...(what.includes('agent') ? [agent.process.kill()] : []),
          ...(what.includes('server') ? [server.kill()] : []),
        ]);
        if (what.includes('server')) await server.start();
        if (what.includes('agent')) agent = opened.keep(await startAgent({ data: copy.data }), disposing);
      };
      const [first, second] = KILLS[round % KILLS.length] ?? KILLS[0];
      await killAndStart(first);
      // Between the reply that tells the agent and the registration that follows it.
      await eventually(
        'the agent was told',
        async () => existsSync(join(copy.data, 'new-device.json')) || deviceOf(copy.data) !== id,
        60_000,
      );
      await killAndStart(second);
      await apart(id, copy.data, asked);
      expect(await devices()).toHaveLength(count + 1);
      expect(await conflictOf(id)).toBeUndefined();
    },
    120_000,
  );
});
