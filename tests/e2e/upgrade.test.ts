/**
 * Agents that upgrade themselves, with real processes. A "package" is a shell script that runs the real bundle of a
 * version with Node, in the place of the single executable, which CI cannot build.
 */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deviceDetail, devicesReply } from '#protocol/api.ts';
import { packageName, packagesReply, upgradesReply } from '#protocol/packages.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { writeBundle } from '../../deploy/packages/bundle.ts';
import { publicKeyText } from '../../deploy/packages/minisign.ts';
import { newKey, writePackages } from '../packages/made-up-packages.ts';
import { ownFolder } from '../state/folder.ts';
import { eventually } from './eventually.ts';
import { startProcess, type Running } from './process.ts';
import { startServer, temporaryFolder, type TestServer } from './product.ts';

const OLD = '0.0.9';
const key = newKey();
const releaseKey = publicKeyText(key).trim().split('\n').at(-1) ?? '';
const name = packageName({
  version: WATCHFLOOR_VERSION,
  system: process.platform === 'darwin' ? 'macos' : 'linux',
  arch: process.arch === 'arm64' ? 'arm64' : 'x64',
  kind: 'executable',
});
/** Runs a bundle as a single executable runs the one in it. */
const program = (bundle: string) => `#!/bin/sh\nexec '${process.execPath}' --no-warnings '${bundle}' "$@"\n`;

const built = temporaryFolder();
const bundleOf = (version: string) => join(built, `${version}.cjs`);
beforeAll(async () => {
  for (const version of [OLD, WATCHFLOOR_VERSION])
    await writeBundle(bundleOf(version), { version, releaseKey });
});

let packages: string;
let data: string;
let server: TestServer;
let agent: Running;
beforeEach(() => {
  packages = join(ownFolder(), 'packages');
  data = join(ownFolder(), 'agent');
  mkdirSync(data);
});
afterEach(async () => {
  await agent.stop();
  await server.dispose();
});

/** Starts a server with a package of its own version, and an agent of an older one; both are ready then. */
async function start(content: string, signer = key): Promise<void> {
  writePackages(packages, { [name]: content }, signer);
  server = await startServer({ env: { WATCHFLOOR_PACKAGES: packages } });
  const installed = join(data, 'installed');
  writeFileSync(installed, program(bundleOf(OLD)));
  chmodSync(installed, 0o755);
  agent = await startInstalled({ WATCHFLOOR_ENROLL: await server.enrollment() });
  await eventually('the package was checked', async () => {
    const reply = await server.admin.ask('GET', '/packages');
    return reply.as(packagesReply).packages.every(({ state }) => state === 'ready');
  });
  await eventually('the agent told its version', async () => (await machine())?.version === OLD);
}

const startInstalled = (env: Record<string, string> = {}) =>
  startProcess({
    file: join(data, 'installed'),
    args: ['--data', data, '--interval', '1'],
    env: { MALLOC_ARENA_MAX: '1', ...env },
  });

async function machine() {
  const { machines } = (await server.admin.ask('GET', '/upgrades')).as(upgradesReply);
  return machines[0];
}
const switchOn = () => server.admin.ask('PATCH', '/upgrades', { body: { on: true } });
/** The bundle that a process runs. */
const runs = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
const versionsFile = () => readFileSync(join(data, 'upgrade', 'versions.json'), 'utf8');

async function lastSeen(): Promise<number> {
  const { devices } = (await server.admin.ask('GET', '/devices')).as(devicesReply);
  return devices[0]?.last_seen ?? 0;
}

describe('agents that upgrade themselves', () => {
  it('an agent fetches the signed version when it is its turn, becomes it, and stays it after a crash', async () => {
    await start(program(bundleOf(WATCHFLOOR_VERSION)));
    // Off until a person switches it on.
    await eventually('the machine was behind', async () => (await machine())?.state === 'waits');
    expect(await machine()).toMatchObject({ version: OLD, to: WATCHFLOOR_VERSION, by_itself: true });
    await switchOn();
    await eventually('the new version stayed', async () =>
      versionsFile().includes(`"good":"${WATCHFLOOR_VERSION}"`),
    );
    await eventually('the process became it', async () =>
      runs(agent.pid).includes(bundleOf(WATCHFLOOR_VERSION)),
    );
    await eventually('the server knew it', async () => {
      const found = await machine();
      return found?.version === WATCHFLOOR_VERSION && found.state === 'none';
    });
    expect(agent.output()).toContain('the server accepted a push of the new version');

    await agent.kill();
    const before = await lastSeen();
    agent = await startInstalled();
    await eventually('it pushed again', async () => (await lastSeen()) > before);
    expect(runs(agent.pid)).toContain(bundleOf(WATCHFLOOR_VERSION));
    expect((await server.admin.ask('GET', '/devices')).as(devicesReply).devices).toHaveLength(1);
  });

  it('a version that does not start is taken back, and the page says why', async () => {
    await start(`#!/bin/sh\n[ "$1" = --version ] && echo ${WATCHFLOOR_VERSION} && exit\nexit 3\n`);
    await switchOn();
    await eventually('the failure was told', async () => (await machine())?.state === 'failed');
    expect(await machine()).toMatchObject({
      version: OLD,
      to: WATCHFLOOR_VERSION,
      problem: 'it ended with 3 before a push was accepted',
    });
    const before = await lastSeen();
    await eventually('the old version went on', async () => (await lastSeen()) > before);
    expect(runs(agent.pid)).toContain(bundleOf(OLD));
  });

  it('[G6] a version that another key signed is refused, and nothing of it is run', async () => {
    const trace = join(data, 'it-ran');
    await start(`#!/bin/sh\ntouch '${trace}'\necho ${WATCHFLOOR_VERSION}\n`, newKey());
    await switchOn();
    await eventually('the refusal was told', async () => (await machine())?.state === 'failed');
    expect((await machine())?.problem).toMatch(
      /the signature of its packages does not hold: it is by the key/,
    );
    expect(() => readFileSync(trace)).toThrow(/ENOENT/);
    const { devices } = (await server.admin.ask('GET', '/devices')).as(devicesReply);
    const detail = await server.admin.ask('GET', `/devices/${devices[0]?.device_id}`);
    expect(detail.as(deviceDetail).inventory).toMatchObject({ agent_version: OLD });
  });
});
