import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createLog } from '../../server/app/log.ts';
import { createServer } from '../../server/app/server.ts';
import { Stops } from '../../server/app/stops.ts';
import { openDataFolder, StartError } from '../../server/state/data-folder.ts';
import { configFor } from '../routes/stage.ts';
import { ownFolder } from '../state/folder.ts';

const log = createLog('silent');

test('all parts are stopped in the opposite order of their start, even if some fail', async () => {
  const stops = new Stops();
  const stopped: number[] = [];
  for (const n of [1, 2, 3])
    stops.add(() => {
      stopped.push(n);
      if (n !== 1) throw new Error(`${n} failed`);
    });
  await expect(stops.stop()).rejects.toThrow('3 failed');
  expect(stopped).toEqual([3, 2, 1]);
  await stops.stop();
  expect(stopped).toHaveLength(3);
});

describe('failed starts', () => {
  /**
   * Takes the lock of the data folder, which the server releases last, after it has closed everything else.
   */
  const expectUnlocked = async (data: string) => {
    (await openDataFolder(data, 0)).close();
  };

  test('a start on a port in use fails with that reason and leaves nothing open', async () => {
    const data = ownFolder();
    const otherServer = net.createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void otherServer.close());
    await once(otherServer, 'listening');
    const address = otherServer.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    await expect(createServer(await configFor(data, { port }), log)).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: the port is in use`,
    );
    await expectUnlocked(data);
  });

  test('a start on an address of another machine fails and leaves nothing open', async () => {
    const data = ownFolder();
    const starting = createServer(await configFor(data, { host: '203.0.113.1' }), log);
    await expect(starting).rejects.toThrow('cannot listen on 203.0.113.1');
    await expectUnlocked(data);
  });

  test('a start with a damaged state file and copy fails and leaves nothing open', async () => {
    const data = ownFolder();
    writeFileSync(join(data, 'users.json'), '{');
    writeFileSync(join(data, 'users.json.bak'), '{');
    const starting = createServer(await configFor(data), log);
    await expect(starting).rejects.toThrow(/users\.json is damaged/);
    await expect(starting).rejects.toBeInstanceOf(StartError);
    await expectUnlocked(data);
  });

  test('a start with a missing certificate fails with that reason and leaves nothing open', async () => {
    const data = ownFolder();
    const tls = { certFile: '/no/such.crt', keyFile: '/no/such.key' };
    await expect(createServer(await configFor(data, { tls }), log)).rejects.toThrow(
      /WATCHFLOOR_TLS_CERT: cannot read \/no\/such\.crt/,
    );
    await expectUnlocked(data);
  });

  test('a start with a history that cannot be opened fails and leaves nothing open', async () => {
    const data = ownFolder();
    writeFileSync(join(data, 'history'), 'a file in the way');
    await expect(createServer(await configFor(data), log)).rejects.toBeInstanceOf(StartError);
    await expectUnlocked(data);
  });

  test('a start with a journal that cannot be opened fails and leaves nothing open', async () => {
    const data = ownFolder();
    mkdirSync(data, { recursive: true });
    writeFileSync(join(data, 'journal'), 'a file in the way');
    await expect(createServer(await configFor(data), log)).rejects.toBeInstanceOf(StartError);
    await expectUnlocked(data);
  });
});

test('a first start without a password in the settings generates one; the next start does not', async () => {
  const data = ownFolder();
  const config = await configFor(data, { adminPassword: undefined });
  const first = await createServer(config, log);
  expect(first.adminPassword).toMatchObject({
    kind: 'generated',
    password: expect.stringMatching(/^(\w{5}-){3}\w{5}$/),
  });
  await first.close();
  const second = await createServer(config, log);
  expect(second.adminPassword).toEqual({ kind: 'unchanged' });
  expect(second.fingerprint).toBe(first.fingerprint);
  await second.close();
});

test('the first start uses the password from the settings, and reports that', async () => {
  const config = await configFor(ownFolder());
  const first = await createServer(config, log);
  expect(first.adminPassword).toEqual({ kind: 'configured' });
  await first.close();
});
