import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { devicesReply } from '#protocol/api.ts';
import { eventually } from './eventually.ts';
import { disposing, Opened } from './opened.ts';
import { startAgent, startServer, temporaryFolder, type TestServer } from './product.ts';

describe('a server with a new authority', () => {
  const opened = new Opened();
  afterAll(() => opened.close());

  const onlyDevice = async (server: TestServer) => {
    const { devices } = (await server.admin.ask('GET', '/devices')).as(devicesReply);
    expect(devices.length).toBeLessThanOrEqual(1);
    return devices[0];
  };

  it('[S1] an agent goes on as the same device in one step: it is started with a new enrollment string', async () => {
    const folders = { server: temporaryFolder(), agent: temporaryFolder() };
    for (const folder of Object.values(folders))
      opened.keep(folder, (path) => rmSync(path, { recursive: true, force: true }));
    const before = opened.keep(await startServer({ data: folders.server }), disposing);
    const first = opened.keep(
      await startAgent({ data: folders.agent, enrollment: await before.enrollment() }),
      disposing,
    );
    const known = await eventually('the agent pushed', async () => {
      const device = await onlyDevice(before);
      return device?.status === 'online' && device;
    });
    await before.dispose();
    rmSync(dirname(before.authorityFile()), { recursive: true });

    const after = opened.keep(await startServer({ data: folders.server, port: before.port }), disposing);
    await eventually('the agent said what to do', async () =>
      first.process.output().includes('start the agent with a new enrollment string'),
    );
    await first.dispose();
    const stopped = Date.now();
    opened.keep(await startAgent({ data: folders.agent, enrollment: await after.enrollment() }), disposing);
    await eventually('the device pushed again', async () => {
      const device = await onlyDevice(after);
      return device?.device_id === known.device_id && (device.last_seen ?? 0) > stopped;
    });
  });
});
