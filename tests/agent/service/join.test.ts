import { cpSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { devicesReply, enrollmentKeyCreated } from '#protocol/api.ts';
import { formatEnrollment, parseEnrollment } from '#protocol/enrollment.ts';
import { readIdentity } from '../../../agent/machine/identity.ts';
import { agentStatus } from '../../../agent/service/agent-status.ts';
import { openStage, type Stage } from '../../routes/stage.ts';
import { runCommand, startCommand } from '../command.ts';
import { ownFolder } from '../data-folder/folder.ts';
import { makeServerTls } from '../link/certificates.ts';
import { startServer } from '../link/server.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

/** The enrollment string of a new key; `deviceId`: of one that is for this device alone. */
async function enrollment(deviceId?: string): Promise<string> {
  const body = { name: 'join', max_uses: 1, ...(deviceId === undefined ? {} : { device_id: deviceId }) };
  const made = await stage.admin.ask('POST', '/enrollment-keys', { body });
  const { host: _, ...rest } = parseEnrollment(made.as(enrollmentKeyCreated).enrollment);
  return formatEnrollment({ ...rest, host: '127.0.0.1', port: Number(new URL(stage.server().url).port) });
}

const joinWith = (data: string, input: string) =>
  runCommand(['join', '--data', data], { input: `${input}\n` });

async function statusOf(data: string) {
  const { stdout } = await runCommand(['status', '--json', '--data', data]);
  return agentStatus.parse(JSON.parse(stdout));
}

const devices = async () => (await stage.admin.ask('GET', '/devices')).as(devicesReply).devices;

/** A folder that has joined, and its device id. */
async function joined() {
  const data = ownFolder();
  const { stdout, status } = await joinWith(data, await enrollment());
  expect(status).toBe(0);
  const [, id = ''] = /^Joined 127\.0\.0\.1:\d+ as the device (\S+)\.\n$/.exec(stdout) ?? [];
  return { data, id };
}

describe('watchfloor-agent join', () => {
  it('[G5] join reads the string from standard input, prints the device id, and keeps the token in a private file', async () => {
    const { data, id } = await joined();
    expect((await devices()).map(({ device_id }) => device_id)).toContain(id);
    expect(statSync(join(data, 'membership.json')).mode & 0o777).toBe(0o600);
    // It is enough: the agent needs no string any more.
    const agent = startCommand(['--data', data]);
    await expect.poll(agent.said, { timeout: 15_000 }).toContain('the agent runs');
    await expect.poll(async () => (await statusOf(data)).push.sent, { timeout: 20_000 }).toBeGreaterThan(0);
  });

  it('[I3] a running agent whose token was revoked goes on at once when a person joins it again as the same device', async () => {
    const { data, id } = await joined();
    const agent = startCommand(['--data', data]);
    await expect.poll(agent.said, { timeout: 15_000 }).toContain('the agent runs');
    await stage.admin.ask('DELETE', `/devices/${id}/token`);
    await expect
      .poll(async () => (await statusOf(data)).push.failing?.kind, { timeout: 20_000 })
      .toBe('unauthorized');

    const general = await joinWith(data, await enrollment());
    expect(general.status).toBe(1);
    expect(general.stderr).toMatch(/does not let this machine join: The token of this device was revoked/);

    const again = await joinWith(data, await enrollment(id));
    expect(again).toMatchObject({ status: 0, stdout: expect.stringContaining(`as the device ${id}.`) });
    await expect.poll(async () => (await statusOf(data)).push.failing, { timeout: 10_000 }).toBeUndefined();
    agent.signal('SIGTERM');
    expect(await agent.ended).toBe(0);
  });

  it('[S1] a join that fails leaves the running agent with its server and its token, and nothing of it goes elsewhere', async () => {
    const { data } = await joined();
    const agent = startCommand(['--data', data]);
    await expect.poll(async () => agent.said(), { timeout: 15_000 }).toContain('the agent runs');
    const before = readFileSync(join(data, 'membership.json'), 'utf8');
    const { authority, tls } = await makeServerTls();
    const other = await startServer(tls);
    onTestFinished(() => other.close());
    other.answers.push({
      status: 401,
      body: { error: { code: 'invalid_enrollment_key', message: 'The enrollment key is unknown.' } },
    });
    const ca = authority.fingerprint;
    const text = formatEnrollment({ key: 'k', host: '127.0.0.1', port: other.port, ca, tls: true });
    const { status, stderr } = await joinWith(data, text);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/The enrollment key is unknown/),
    });
    expect(readFileSync(join(data, 'membership.json'), 'utf8')).toBe(before);
    const { push } = await statusOf(data);
    await expect
      .poll(async () => (await statusOf(data)).push.sent, { timeout: 20_000 })
      .toBeGreaterThan(push.sent);
    expect(other.received.map(({ path }) => path)).toEqual(['/devices/register']);
  });

  it('[F4] join --as-new makes the machine with a copied folder another device, whether or not its agent runs, and leaves the other', async () => {
    const { data, id } = await joined();
    for (const runs of [true, false]) {
      const copy = join(ownFolder(), 'data');
      cpSync(data, copy, { recursive: true });
      if (runs) {
        const agent = startCommand(['--data', copy]);
        await expect.poll(agent.said, { timeout: 15_000 }).toContain('the agent runs');
      }
      const input = `${await enrollment()}\n`;
      const { stdout, status } = await runCommand(['join', '--as-new', '--data', copy], { input });
      expect(status).toBe(0);
      const [, own = ''] = /as the device (\S+)\./.exec(stdout) ?? [];
      expect(own).not.toBe(id);
      expect(readIdentity(copy)?.device_id).toBe(own);
      expect((await devices()).map(({ device_id }) => device_id)).toEqual(expect.arrayContaining([id, own]));
      if (runs)
        await expect
          .poll(async () => (await statusOf(copy)).push.failing, { timeout: 10_000 })
          .toBeUndefined();
    }
    expect(readIdentity(data)?.device_id).toBe(id);
  });

  it('[G5] a string that is given as an argument works, with a warning; a wrong or missing one is told without the key', async () => {
    const data = ownFolder();
    const { status, stderr } = await runCommand(['join', await enrollment(), '--data', data]);
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringMatching(/list of processes shows/),
    });
    const wrong = await joinWith(ownFolder(), 'watchfloor://s3cret@host:99999');
    expect(wrong).toMatchObject({ status: 2, stderr: expect.not.stringContaining('s3cret') });
    expect((await joinWith(ownFolder(), '')).stderr).toMatch(/no enrollment string was given/);
  });
});
