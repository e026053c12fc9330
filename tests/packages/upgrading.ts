/**
 * `node tests/packages/upgrading.ts`, as root: installs an old version of the agent on a clean Debian with systemd, and
 * has it upgrade itself with real packages: to one that does not start, to one that another key signed, to a good one; then
 * installs that one's .deb over it. The packages of both versions are built into `.cache/upgrading` where they are not there.
 */
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { devicesReply, enrollmentKeyCreated } from '#protocol/api.ts';
import { packageName } from '#protocol/packages.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { buildPackages } from '../../deploy/packages/build.ts';
import { TARGETS } from '../../deploy/packages/targets.ts';
import { eventually } from '../e2e/eventually.ts';
import { startServer } from '../e2e/product.ts';
import { handingOut } from './handing-out.ts';
import { bootMachine } from './nspawn-machine.ts';

const CACHE = join(import.meta.dirname, '..', '..', '.cache', 'upgrading');
const [KEY, OTHER_KEY] = [join(CACHE, 'key.pem'), join(CACHE, 'other-key.pem')];
const OLD = '0.0.8';
const [BROKEN, FOREIGN] = ['0.0.9', '0.0.95'];
const nameOf = (version: string) =>
  packageName({ version, system: 'linux', arch: 'x64', kind: 'executable' });

async function build(version: string): Promise<string> {
  const out = join(CACHE, version);
  if (existsSync(join(out, 'SHA256SUMS'))) return out;
  const targets = TARGETS.filter(({ name }) => name === 'linux-x64');
  await buildPackages({ version, targets, out, key: KEY, say: (line) => console.log(version, line) });
  return out;
}
const old = await build(OLD);
const newest = await build(WATCHFLOOR_VERSION);

const packages = join(CACHE, 'handed-out');
rmSync(packages, { recursive: true, force: true });
mkdirSync(packages);
cpSync(old, packages, { recursive: true });
const server = await startServer({ env: { WATCHFLOOR_PACKAGES: packages } });
const machine = await bootMachine('wf-upgrading');
const show = (lines: string) => console.log(machine.run(lines).output.trimEnd());

const { view, handOut, outcome } = handingOut(server, packages);
const showVersions = () => {
  show(
    'pid=$(systemctl show -p MainPID --value watchfloor-agent); echo "main process $pid: $(readlink /proc/$pid/exe)"',
  );
  show(
    'ls -l /var/lib/private/watchfloor-agent/upgrade; cat /var/lib/private/watchfloor-agent/upgrade/versions.json',
  );
};

try {
  const key = await eventually('the package was checked', async () => {
    const made = (await server.admin.ask('POST', '/enrollment-keys', { body: {} })).as(enrollmentKeyCreated);
    return made.install.linux !== null && made;
  });
  show(key.command);
  await eventually('the old version was known', async () => (await view())?.version === OLD, 60_000);
  console.log(`== installed: ${JSON.stringify(await view())}`);
  await server.admin.ask('PATCH', '/upgrades', { body: { on: true } });

  console.log(`\n${BROKEN}: signed, says its version, and does not run`);
  const broken = `#!/bin/sh\n[ "$1" = --version ] && echo ${BROKEN} && exit\nexit 3\n`;
  writeFileSync(join(packages, nameOf(BROKEN)), broken);
  await handOut(BROKEN, KEY);
  await outcome(BROKEN, 'failed');
  showVersions();

  console.log(`\n${FOREIGN}: signed by another key`);
  copyFileSync(join(newest, nameOf(WATCHFLOOR_VERSION)), join(packages, nameOf(FOREIGN)));
  await handOut(FOREIGN, OTHER_KEY);
  await outcome(FOREIGN, 'failed');
  showVersions();

  console.log(`\n${WATCHFLOOR_VERSION}: signed by the key in the agent`);
  copyFileSync(join(newest, nameOf(WATCHFLOOR_VERSION)), join(packages, nameOf(WATCHFLOOR_VERSION)));
  await handOut(WATCHFLOOR_VERSION, KEY);
  await outcome(WATCHFLOOR_VERSION, 'none');
  showVersions();
  show('kill -9 $(systemctl show -p MainPID --value watchfloor-agent)');
  const before = Date.now();
  await eventually('it pushed again after a kill -9', async () => {
    const { devices } = (await server.admin.ask('GET', '/devices')).as(devicesReply);
    return (devices[0]?.last_seen ?? 0) > before;
  });
  show('readlink /proc/$(systemctl show -p MainPID --value watchfloor-agent)/exe');
  show('journalctl -u watchfloor-agent --no-pager -o cat | grep -E "version|systemd" | cut -c 1-260');

  console.log(`\nThe .deb of ${WATCHFLOOR_VERSION} over it`);
  const deb = packageName({ version: WATCHFLOOR_VERSION, system: 'linux', arch: 'x64', kind: 'deb' });
  copyFileSync(join(newest, deb), join(machine.root, 'root', 'agent.deb'));
  show(
    'dpkg -i /root/agent.deb && sleep 3; readlink /proc/$(systemctl show -p MainPID --value watchfloor-agent)/exe',
  );
  show('ls -l /var/lib/private/watchfloor-agent/upgrade');
  show('dpkg -P watchfloor-agent; ls -d /var/lib/private/watchfloor-agent /etc/watchfloor');
} finally {
  await machine.stop();
  await server.dispose();
}
