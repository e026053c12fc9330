import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { createLink } from '../../../agent/link/link.ts';
import { openJoinSecret, readMembership, writeMembership } from '../../../agent/link/membership.ts';
import { openNewDevices } from '../../../agent/link/new-device.ts';
import { deviceId, readIdentity } from '../../../agent/machine/identity.ts';
import { introduction } from '../../../agent/machine/introduction.ts';
import { ownFolder } from '../data-folder/folder.ts';
import { keptLog } from '../quiet.ts';
import { makeServerTls, type Authority } from './certificates.ts';
import { membershipAt, startServer, type TestServer, type Tls } from './server.ts';

let authority: Authority;
let tls: Tls;
beforeAll(async () => {
  ({ authority, tls } = await makeServerTls());
});

/** A data folder that has joined as `device-1`, and its server; `start` is a start of the agent's link. */
async function joinedFolder() {
  const server: TestServer = await startServer(tls);
  onTestFinished(() => server.close());
  const data = ownFolder();
  const log = keptLog();
  deviceId(data, log);
  writeMembership(data, membershipAt(server.port, authority));
  const start = (
    remember = (value: Parameters<typeof writeMembership>[1]) => writeMembership(data, value),
  ) => {
    const newDevices = openNewDevices(data);
    const link = createLink({
      enrollment: undefined,
      membership: readMembership(data),
      newDevices,
      remember,
      describe: introduction({
        deviceId: () => readIdentity(data)?.device_id ?? '',
        ...{ address: () => '', joinSecret: openJoinSecret(data), name: undefined, tags: undefined },
      }),
      log,
      timeoutMs: 5000,
    });
    onTestFinished(() => link.close());
    return link;
  };
  const registration = z.object({
    device_id: z.string(),
    join_secret: z.string(),
    enrollment_key: z.string(),
  });
  return {
    data,
    server,
    start,
    log,
    plan: () => existsSync(join(data, 'new-device.json')),
    registrations: () =>
      server.received
        .filter(({ path }) => path === '/devices/register')
        .map(({ body, authorization }) => ({ ...registration.parse(body), authorization })),
  };
}

describe('an agent that is to be a device of its own', () => {
  it('[F4] it joins as a new device with the key that it was told, shows its old token, and keeps nothing of the old one', async () => {
    const { data, start, registrations, plan } = await joinedFolder();
    const before = readIdentity(data)?.device_id;
    const link = start();
    link.separate('key-of-the-server');
    expect(await link.ready()).toBeUndefined();
    const [sent] = registrations();
    expect(sent).toMatchObject({ enrollment_key: 'key-of-the-server', authorization: 'Bearer token-1' });
    expect(sent?.device_id).not.toBe(before);
    expect(sent?.device_id).not.toBe('device-1');
    expect(link.deviceId()).toBe(sent?.device_id);
    expect(readIdentity(data)?.device_id).toBe(sent?.device_id);
    expect(readMembership(data)?.device_id).toBe(sent?.device_id);
    expect(openJoinSecret(data)('key-of-the-server')).toBe(sent?.join_secret);
    expect(plan()).toBe(false);
  });

  it('[F4] killed before the reply came, it says the same once more: one device, however often it starts', async () => {
    const { server, start, registrations } = await joinedFolder();
    server.answers.push({ status: 0, lost: true });
    const first = start();
    first.separate('k');
    expect((await first.ready())?.kind).toBe('unreachable');
    for (let n = 0; n < 2; n++) {
      server.answers.push({ status: 0, lost: true });
      expect((await start().ready())?.kind).toBe('unreachable');
    }
    expect(await start().ready()).toBeUndefined();
    expect(new Set(registrations().map((one) => JSON.stringify(one))).size).toBe(1);
  });

  it('[F4] killed after the new token was written and before all else, it goes on as the new device without asking again', async () => {
    const { data, start, registrations, plan } = await joinedFolder();
    const link = start();
    link.separate('k');
    const text = readFileSync(join(data, 'new-device.json'), 'utf8');
    const { device_id } = z.object({ device_id: z.string() }).parse(JSON.parse(text));
    writeMembership(data, { ...membershipAt(0, authority), device_id, token: 'token-2' });
    const next = start();
    expect(await next.ready()).toBeUndefined();
    expect([next.deviceId(), readIdentity(data)?.device_id, plan()]).toEqual([device_id, device_id, false]);
    expect(registrations()).toEqual([]);
  });

  it('[F4] where the disk does not take the new token, the plan stays until it does', async () => {
    const { data, start, plan, registrations } = await joinedFolder();
    let isFull = true;
    const link = start((value) => {
      if (isFull) throw new Error('ENOSPC');
      writeMembership(data, value);
    });
    link.separate('k');
    expect(await link.ready()).toBeUndefined();
    expect(plan()).toBe(true);
    isFull = false;
    expect(await link.ready()).toBeUndefined();
    expect(plan()).toBe(false);
    expect(readMembership(data)?.device_id).toBe(registrations()[0]?.device_id);
  });

  it('[F4] where the server does not take the key, it goes on as the device that it was', async () => {
    const { server, start, plan } = await joinedFolder();
    server.answers.push({
      status: 401,
      body: { error: { code: 'invalid_enrollment_key', message: 'It is used up.' } },
    });
    const link = start();
    link.separate('k');
    expect(await link.ready()).toMatchObject({
      kind: 'unauthorized',
      reason: expect.stringContaining('It is used up'),
    });
    expect(plan()).toBe(false);
    expect(await link.ready()).toBeUndefined();
    expect(link.deviceId()).toBe('device-1');
  });

  it('[F4] a portal in between that refuses everything ends no plan', async () => {
    const { server, start, plan } = await joinedFolder();
    server.answers.push({ status: 403, body: '<html>Blocked</html>' });
    const link = start();
    link.separate('k');
    expect((await link.ready())?.kind).toBe('unreachable');
    expect(plan()).toBe(true);
  });
});
