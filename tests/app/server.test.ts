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

test('what was started is stopped in the opposite order, whatever fails on the way', async () => {
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

describe('a start that fails', () => {
  /** The lock can be had again: everything before it was closed, too. */
  const free = (data: string) => {
    openDataFolder(data)();
  };

  test('a start on a port in use fails, says so and leaves nothing open', async () => {
    const data = ownFolder();
    const taken = net.createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await once(taken, 'listening');
    const address = taken.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    await expect(createServer(await configFor(data, { port }), log)).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: the port is in use`,
    );
    free(data);
  });

  test('a start on an address that is not of this machine fails, says so and leaves nothing open', async () => {
    const data = ownFolder();
    const starting = createServer(await configFor(data, { host: '203.0.113.1' }), log);
    await expect(starting).rejects.toThrow('cannot listen on 203.0.113.1');
    free(data);
  });

  test('a start with a state file and its copy damaged fails, says so and leaves nothing open', async () => {
    const data = ownFolder();
    writeFileSync(join(data, 'users.json'), '{');
    writeFileSync(join(data, 'users.json.bak'), '{');
    const starting = createServer(await configFor(data), log);
    await expect(starting).rejects.toThrow(/users\.json is damaged/);
    await expect(starting).rejects.toBeInstanceOf(StartError);
    free(data);
  });

  test('a start with a certificate that is missing fails, says so and leaves nothing open', async () => {
    const data = ownFolder();
    const tls = { certFile: '/no/such.crt', keyFile: '/no/such.key' };
    await expect(createServer(await configFor(data, { tls }), log)).rejects.toThrow(
      /WATCHFLOOR_TLS_CERT: cannot read \/no\/such\.crt/,
    );
    free(data);
  });

  test('a start with a history that cannot be opened fails and leaves nothing open', async () => {
    const data = ownFolder();
    writeFileSync(join(data, 'history'), 'a file in the way');
    await expect(createServer(await configFor(data), log)).rejects.toBeInstanceOf(StartError);
    free(data);
  });

  test('a start with a journal that cannot be opened fails and leaves nothing open', async () => {
    const data = ownFolder();
    mkdirSync(data, { recursive: true });
    writeFileSync(join(data, 'journal'), 'a file in the way');
    await expect(createServer(await configFor(data), log)).rejects.toBeInstanceOf(StartError);
    free(data);
  });
});

test('the first start makes a password where none was given, and says it once', async () => {
  const data = ownFolder();
  const config = await configFor(data, { adminPassword: undefined });
  const first = await createServer(config, log);
  expect(first.adminPassword).toMatchObject({
    kind: 'generated',
    password: expect.stringMatching(/^(\w{5}-){3}\w{5}$/),
  });
  await first.close();
  const second = await createServer(config, log);
  expect(second.adminPassword).toEqual({ kind: 'kept' });
  expect(second.fingerprint).toBe(first.fingerprint);
  await second.close();
});

test('a password that was set is taken on the first start, and said to be', async () => {
  const config = await configFor(ownFolder());
  const first = await createServer(config, log);
  expect(first.adminPassword).toEqual({ kind: 'given' });
  await first.close();
});
