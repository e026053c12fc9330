/** A backup of a running server, made as the README says. */
import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { notStored } from './history.ts';
import { disposing, Opened } from './opened.ts';
import { startServer, temporaryFolder } from './product.ts';
import { PushingDevice, register } from './pushing-device.ts';

const opened = new Opened();
afterEach(() => opened.close());

test('[I1] a copy of the folder of a server that is paused meanwhile has every acknowledged sample, and the server goes on', async () => {
  const server = opened.keep(await startServer(), disposing);
  const from = Math.floor(Date.now() / 1000) * 1000 - 6 * 3_600_000;
  const device = new PushingDevice(await register(server, 'copied'), 'copied', server.client(), from);
  device.start();
  await eventually('pushes were acknowledged', async () => device.acknowledged.size > 200);

  const { pid } = server.process();
  const folder = opened.keep(temporaryFolder(), (dir) => rm(dir, { recursive: true }));
  const data = join(folder, 'copy');
  const acknowledged = new Map(device.acknowledged);
  process.kill(pid, 'SIGSTOP');
  try {
    await eventually('the server is paused', async () =>
      / T /.test(await readFile(`/proc/${pid}/stat`, 'utf8')),
    );
    await cp(server.data, data, { recursive: true });
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  const later = device.acknowledged.size + 100;
  await eventually('the server goes on', async () => device.acknowledged.size > later);
  await device.stop();

  const copy = opened.keep(await startServer({ data }), disposing);
  const old = new Map([...acknowledged].filter(([t]) => t < from + 5 * 3_600_000));
  expect(old.size).toBeGreaterThan(100);
  expect(await notStored(copy.admin, device.identity.id, from, old)).toEqual([]);
  expect(copy.process().output()).not.toMatch(/damaged|missing|lost/);
});
