import { readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { enrollmentKeyCreated, enrollmentKeysReply } from '#protocol/api.ts';
import { formatEnrollment, parseEnrollment } from '#protocol/enrollment.ts';
import { writeMembership } from '../../../agent/link/membership.ts';
import { openStage, type Device, type Stage } from '../../routes/stage.ts';
import { runCommand, startCommand } from '../command.ts';
import { ownFolder } from '../data-folder/folder.ts';
import { makeAuthority } from '../link/certificates.ts';
import { startProxy } from '../link/connect-proxy.ts';
import { startServer } from '../link/server.ts';

let stage: Stage;
/** Names the real server; `localhost` is in its certificate. */
let enrollment: string;

const portOf = (url: string) => Number(new URL(url).port);

/** The enrollment string of a new key of the real server. */
async function newEnrollment(): Promise<string> {
  const made = await stage.admin.ask('POST', '/enrollment-keys', { body: { name: 'check', max_uses: 1 } });
  const { host: _, ...rest } = parseEnrollment(made.as(enrollmentKeyCreated).enrollment);
  return formatEnrollment({ ...rest, host: '127.0.0.1', port: portOf(stage.server().url) });
}

beforeAll(async () => {
  stage = await openStage();
  enrollment = await newEnrollment();
});
afterAll(() => stage.close());

const report = z.object({
  works: z.boolean(),
  findings: z.array(
    z.object({ about: z.string(), state: z.string(), found: z.string(), remedy: z.string().optional() }),
  ),
});

interface Setup {
  readonly env?: Readonly<Record<string, string>>;
  readonly data?: string;
}

/** Runs `check` with this data folder and environment. `trouble`: what is not ok. */
async function check({ env = {}, data = ownFolder() }: Setup = {}) {
  const { stdout, status, stderr } = await runCommand(['check', '--json', '--data', data], { env });
  expect(stderr).toBe('');
  const { works, findings } = report.parse(JSON.parse(stdout));
  expect(status).toBe(works ? 0 : 1);
  expect(stdout).not.toMatch(/key-1|token-1|s3cret/);
  const trouble = findings.filter(({ state, about }) => state !== 'ok' && about !== 'collectors');
  return { works, findings, trouble };
}

/** A membership of the real server with this token; the data folder that has it. */
function memberFolder(device: Device): string {
  const { host, port, ca, tls } = parseEnrollment(enrollment);
  const data = ownFolder();
  const authority = stage.authority;
  writeMembership(data, {
    ...{ host, port, ca, tls, authority },
    ...{ device_id: device.id, token: device.token, key_sha256: '' },
  });
  return data;
}

describe('watchfloor-agent check on what works', () => {
  it('a machine with a good enrollment string would work, and the check uses up no key and leaves nothing behind', async () => {
    const data = ownFolder();
    const before = (await stage.admin.ask('GET', '/enrollment-keys')).as(enrollmentKeysReply);
    for (let n = 0; n < 2; n++) {
      const { works, trouble, findings } = await check({ data, env: { WATCHFLOOR_ENROLL: enrollment } });
      expect({ works, trouble }).toEqual({ works: true, trouble: [] });
      expect(findings.map(({ about }) => about)).toEqual(
        expect.arrayContaining(['settings', 'connection', 'certificate', 'clock', 'enrollment key', 'spool']),
      );
    }
    expect((await stage.admin.ask('GET', '/enrollment-keys')).as(enrollmentKeysReply)).toEqual(before);
    expect(readdirSync(data)).toEqual([]);
  });

  it('a machine that has joined is checked beside its running agent, which keeps its folder and goes on', async () => {
    const device = await stage.device('checked');
    const data = memberFolder(device);
    const agent = startCommand(['--data', data]);
    await expect.poll(agent.said, { timeout: 15_000 }).toContain('the agent runs');
    const { works, trouble, findings } = await check({ data });
    expect({ works, trouble }).toEqual({ works: true, trouble: [] });
    const found = (about: string) => findings.find((one) => one.about === about)?.found;
    expect(found('token')).toBe('the server accepts it, for the device checked');
    expect(found('agent')).toMatch(new RegExp(`^process ${agent.pid} runs for \\d+ s`));
    agent.signal('SIGTERM');
    expect(await agent.ended).toBe(0);
  });
});

describe('watchfloor-agent check on a broken set-up', () => {
  it('[G5] five mistakes in the settings are five findings, each with its source', async () => {
    const file = join(ownFolder(), 'agent.yaml');
    writeFileSync(file, 'interval: often\nlog_level: loud\n');
    const { works, trouble } = await check({
      env: {
        WATCHFLOOR_CONFIG: file,
        WATCHFLOOR_ENROLL: 'watchfloor://s3cret@host:99999',
        WATCHFLOOR_SPOOL_MIB: '0',
        WATCHFLOOR_TAGS: 'A B',
      },
    });
    expect(works).toBe(false);
    expect(trouble.map(({ about, state }) => `${about} ${state}`)).toEqual(Array(5).fill('settings failed'));
    const text = trouble.map(({ found }) => found).join('\n');
    for (const source of [
      `${file}: interval`,
      `${file}: log_level`,
      'SPOOL_MIB',
      'TAGS',
      'enrollment string',
    ])
      expect(text).toContain(source);
    for (const { remedy } of trouble) expect(remedy).toMatch(/^correct it; /);
  });

  it('a machine that was given no server is told where to get an enrollment string', async () => {
    expect((await check()).trouble).toEqual([
      expect.objectContaining({ about: 'server', remedy: expect.stringContaining('WATCHFLOOR_ENROLL') }),
    ]);
  });

  it('a name that cannot be resolved is named, and DNS is the remedy', async () => {
    const wrong = formatEnrollment({ ...parseEnrollment(enrollment), host: 'watchfloor.invalid' });
    const { works, trouble } = await check({ env: { WATCHFLOOR_ENROLL: wrong } });
    expect(works).toBe(false);
    expect(trouble).toEqual([
      {
        about: 'name',
        state: 'failed',
        found: expect.stringMatching(/^watchfloor\.invalid cannot be resolved \(E\w+\)$/),
        remedy: expect.stringMatching(/DNS|name server/),
      },
    ]);
  });

  it('a port at which nothing listens is told from a network that does not let through', async () => {
    const { port } = await closedPort();
    const wrong = formatEnrollment({ ...parseEnrollment(enrollment), port });
    expect((await check({ env: { WATCHFLOOR_ENROLL: wrong } })).trouble).toEqual([
      {
        about: 'connection',
        state: 'failed',
        found: `127.0.0.1:${port} refuses connections`,
        remedy: expect.stringContaining('start the server'),
      },
    ]);
  });

  it('[S1] a server with another authority is not asked anything, and a new string is the remedy', async () => {
    const other = await makeAuthority('Watchfloor authority');
    const leaf = await other.issue();
    const impostor = await startServer({ cert: leaf.cert + other.pem, key: leaf.key });
    onTestFinished(() => impostor.close());
    const wrong = formatEnrollment({ ...parseEnrollment(enrollment), port: impostor.port });
    const { works, trouble } = await check({ env: { WATCHFLOOR_ENROLL: wrong } });
    expect(works).toBe(false);
    expect(trouble).toEqual([
      {
        about: 'certificate',
        state: 'failed',
        found: expect.stringContaining('is not the one of the enrollment string'),
        remedy: expect.stringContaining('watchfloor-agent join'),
      },
    ]);
    expect(impostor.received).toEqual([]);
  });

  it('[S1] a certificate that has expired is reported with its times and both clocks', async () => {
    const authority = await makeAuthority('Watchfloor authority');
    const { cert, key } = await authority.issue(Date.now() - 365 * 86_400_000);
    const server = await startServer({ cert: cert + authority.pem, key });
    onTestFinished(() => server.close());
    const ca = authority.fingerprint;
    const string = formatEnrollment({ key: 'k', host: '127.0.0.1', port: server.port, ca, tls: true });
    expect((await check({ env: { WATCHFLOOR_ENROLL: string } })).trouble).toEqual([
      {
        about: 'certificate',
        state: 'failed',
        found: expect.stringMatching(/has expired: it is valid from .* this machine's clock says/),
        remedy: expect.stringMatching(/set the clock.*renew the certificate/),
      },
    ]);
    expect(server.received).toEqual([]);
  });

  it('a port that speaks no TLS is told from a wrong certificate', async () => {
    const plain = await startServer(undefined);
    onTestFinished(() => plain.close());
    const wrong = formatEnrollment({ ...parseEnrollment(enrollment), port: plain.port });
    expect((await check({ env: { WATCHFLOOR_ENROLL: wrong } })).trouble).toEqual([
      expect.objectContaining({ about: 'certificate', remedy: expect.stringContaining('speaks no TLS') }),
    ]);
  });

  it('[I5] a clock that is an hour ahead of the server’s is told, with what that does and how to set it', async () => {
    const { works, trouble } = await check({
      env: {
        WATCHFLOOR_ENROLL: enrollment,
        NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, '..', 'shifted-clock.ts')).href}`,
        CLOCK_AHEAD_MS: String(3_600_000),
      },
    });
    expect(works).toBe(true);
    expect(trouble).toEqual([
      {
        about: 'clock',
        state: 'warning',
        found: expect.stringMatching(/clock is 1 h ahead of the server's: the server moves the times/),
        remedy: expect.stringContaining('set-ntp'),
      },
    ]);
  });

  it('[I3] a revoked token is told, with the way to let the machine join again', async () => {
    const device = await stage.device('revoked');
    const data = memberFolder(device);
    await stage.admin.ask('DELETE', '/devices/revoked/token');
    const { works, trouble } = await check({ data });
    expect(works).toBe(false);
    expect(trouble).toEqual([
      {
        about: 'token',
        state: 'failed',
        found: expect.stringMatching(/missing, unknown or revoked.*\[invalid_token, 401\]/),
        remedy: expect.stringContaining('Let it join again'),
      },
    ]);
  });

  it('an enrollment key that the server does not know is told, and a new one is the remedy', async () => {
    const wrong = formatEnrollment({ ...parseEnrollment(enrollment), key: 'key-1' });
    expect((await check({ env: { WATCHFLOOR_ENROLL: wrong } })).trouble).toEqual([
      {
        about: 'enrollment key',
        state: 'failed',
        found: expect.stringContaining('[invalid_enrollment_key, 401]'),
        remedy: expect.stringContaining('make a new key'),
      },
    ]);
  });

  it.each([
    [
      'wants a password',
      'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n',
      /user and the password in HTTPS_PROXY/,
    ],
    ['refuses', 'HTTP/1.1 403 Forbidden\r\n\r\n', /let the proxy open connections \(CONNECT\) to watchfloor/],
  ])('a proxy that %s is told from the server behind it', async (_, refusal, remedy) => {
    const behind = formatEnrollment({ ...parseEnrollment(enrollment), host: 'watchfloor.invalid' });
    const { port } = await startProxy(portOf(stage.server().url), refusal);
    const env = { WATCHFLOOR_ENROLL: behind, HTTPS_PROXY: `http://u:s3cret@127.0.0.1:${port}` };
    expect((await check({ env })).trouble).toEqual([
      expect.objectContaining({ about: 'proxy', state: 'failed', remedy: expect.stringMatching(remedy) }),
    ]);
  });

  it('through a proxy that lets it, the server is checked as without one; a proxy that is away is named', async () => {
    const behind = formatEnrollment({ ...parseEnrollment(enrollment), host: 'watchfloor.invalid' });
    const { port } = await startProxy(portOf(stage.server().url));
    const env = { WATCHFLOOR_ENROLL: behind, HTTPS_PROXY: `http://127.0.0.1:${port}` };
    expect(await check({ env })).toMatchObject({ works: true, trouble: [] });
    const away = await closedPort();
    const { trouble } = await check({ env: { ...env, HTTPS_PROXY: `http://127.0.0.1:${away.port}` } });
    expect(trouble).toEqual([
      expect.objectContaining({ about: 'proxy', found: expect.stringContaining('ECONNREFUSED') }),
    ]);
  });

  it('a data folder that cannot be made, and a damaged membership, are told with the file and what to do', async () => {
    const file = join(ownFolder(), 'file');
    writeFileSync(file, '');
    const env = { WATCHFLOOR_ENROLL: enrollment };
    expect((await check({ env, data: join(file, 'data') })).trouble).toEqual([
      expect.objectContaining({
        about: 'data folder',
        state: 'failed',
        remedy: expect.stringContaining('WATCHFLOOR_AGENT_DATA'),
      }),
    ]);
    const data = ownFolder();
    writeFileSync(join(data, 'membership.json'), '{');
    expect((await check({ env, data })).trouble).toEqual([
      {
        about: 'data folder',
        state: 'failed',
        found: expect.stringContaining(`${join(data, 'membership.json')} is damaged`),
        remedy: expect.stringContaining('remove it'),
      },
    ]);
  });

  it('an agent that hangs and holds the folder is found by its process', async () => {
    const device = await stage.device('hanging');
    const data = memberFolder(device);
    const agent = startCommand(['--data', data]);
    await expect.poll(agent.said, { timeout: 15_000 }).toContain('the agent runs');
    agent.signal('SIGSTOP');
    expect((await check({ data })).trouble).toEqual([
      {
        about: 'agent',
        state: 'failed',
        found: `the agent (process ${agent.pid}) that uses the data folder does not answer: it is stopped or hangs`,
        remedy: expect.stringContaining(`kill -KILL ${agent.pid}`),
      },
    ]);
  });

  it('the text has each remedy below what it is for, and ends with whether it works', async () => {
    const { stdout } = await runCommand(['check', '--data', ownFolder()]);
    expect(stdout).toMatch(/^server +failed +this agent belongs to no server.*\n +→ make an enrollment key/m);
    expect(stdout).toMatch(/\nIt would not work: 1 failed.*\n$/);
  });
});

async function closedPort(): Promise<AddressInfo> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address;
}
