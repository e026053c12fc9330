import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openDataFolder, StartError } from '../../server/state/data-folder.ts';
import { createLog } from '../../server/app/log.ts';
import { Opened } from '../../server/app/opened.ts';
import { createServer } from '../../server/app/server.ts';
import { welcome } from '../../server/quickstart/welcome.ts';
import type { AdminPassword } from '../../server/app/first-start.ts';
import { configFor } from '../routes/stage.ts';
import { ownFolder } from '../state/folder.ts';

const log = createLog('silent');

describe('the data folder', () => {
  test('is made for the owner alone, and is one server’s', () => {
    const dir = join(ownFolder(), 'deep', 'data');
    const release = openDataFolder(dir);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(() => openDataFolder(dir)).toThrow(
      `another server (process ${process.pid}) runs with the data folder ${dir}`,
    );
    release();
    openDataFolder(dir)();
  });

  test('of another process that runs is held', async () => {
    const dir = ownFolder();
    const child = spawn('sleep', ['60']);
    onTestFinished(() => void child.kill());
    await once(child, 'spawn');
    const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
    const birth = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    writeFileSync(join(dir, 'server.lock'), `${child.pid} ${birth}`);
    expect(() => openDataFolder(dir)).toThrow(StartError);
    child.kill('SIGKILL');
    await once(child, 'exit');
    openDataFolder(dir)();
  });

  test.each([
    ['a process that is gone', '999999999 1'],
    ['a process whose number is used again', `${process.pid} 1`],
    ['a crash before it was written', ''],
    ['rubbish', 'x y z'],
    ['a negative number', '-1'],
  ])('takes over the lock of %s', (_, holder) => {
    const dir = ownFolder();
    writeFileSync(join(dir, 'server.lock'), holder);
    openDataFolder(dir)();
  });

  test('that is a file says what to do', () => {
    const dir = join(ownFolder(), 'file');
    writeFileSync(dir, '');
    expect(() => openDataFolder(dir)).toThrow(/the data folder .*file cannot be used \(EEXIST\)/);
    expect(() => openDataFolder(join(dir, 'below'))).toThrow(/\(ENOTDIR\).*WATCHFLOOR_DATA/);
  });
});

describe('what was opened', () => {
  test('is closed in the opposite order, whatever fails on the way', async () => {
    const opened = new Opened();
    const closed: number[] = [];
    for (const n of [1, 2, 3])
      opened.add(() => {
        closed.push(n);
        if (n !== 1) throw new Error(`${n} failed`);
      });
    await expect(opened.close()).rejects.toThrow('3 failed');
    expect(closed).toEqual([3, 2, 1]);
    await opened.close();
    expect(closed).toHaveLength(3);
  });
});

describe('a start that fails leaves nothing open and says what to mend:', () => {
  /** The lock can be had again: everything before it was closed, too. */
  const free = (data: string) => {
    openDataFolder(data)();
  };

  test('a port in use', async () => {
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

  test('an address that is not this machine’s', async () => {
    const data = ownFolder();
    const starting = createServer(await configFor(data, { host: '203.0.113.1' }), log);
    await expect(starting).rejects.toThrow('cannot listen on 203.0.113.1');
    free(data);
  });

  test('a state file damaged with its copy', async () => {
    const data = ownFolder();
    writeFileSync(join(data, 'users.json'), '{');
    writeFileSync(join(data, 'users.json.bak'), '{');
    const starting = createServer(await configFor(data), log);
    await expect(starting).rejects.toThrow(/users\.json is damaged/);
    await expect(starting).rejects.toBeInstanceOf(StartError);
    free(data);
  });

  test('a certificate that is not there', async () => {
    const data = ownFolder();
    const tls = { certFile: '/no/such.crt', keyFile: '/no/such.key' };
    await expect(createServer(await configFor(data, { tls }), log)).rejects.toThrow(
      /WATCHFLOOR_TLS_CERT: cannot read \/no\/such\.crt/,
    );
    free(data);
  });

  test('a history that cannot be opened', async () => {
    const data = ownFolder();
    writeFileSync(join(data, 'history'), 'a file in the way');
    await expect(createServer(await configFor(data), log)).rejects.toBeInstanceOf(StartError);
    free(data);
  });

  test('a journal that cannot be opened', async () => {
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

describe('npm start says of the password', () => {
  const said = (adminPassword: AdminPassword, isSet: boolean) =>
    welcome({ url: 'https://localhost:8443', adminPassword, fingerprint: null }, isSet);

  test.each([
    ['the one it made, once', { kind: 'generated', password: 'abcde' }, false, 'password:  abcde'],
    ['that the one set holds', { kind: 'given' }, true, 'the one you set as WATCHFLOOR_ADMIN_PASSWORD'],
    ['that it is as before', { kind: 'kept' }, false, 'as before; this start changed none'],
    ['that the one set is not read', { kind: 'kept' }, true, 'is read on the first start only'],
  ] as const)('%s', (_, password, isSet, words) => {
    expect(said(password, isSet)).toContain(words);
  });

  test('and how to know the certificate', () => {
    const text = welcome(
      { url: 'https://localhost:8443', adminPassword: { kind: 'kept' }, fingerprint: 'a1'.repeat(32) },
      false,
    );
    expect(text.match(/A1(:A1){15}$/gm)).toHaveLength(2);
  });
});
