/**
 * `node tests/packages/upgrading-on-windows.ts`: installs an old version of the agent as a service under wine, in a Windows
 * of its own, and has it upgrade itself with real packages: to one that does not start, to one that never pushes, to one that
 * another key signed, to a good one, and from that to a next one; then stops and starts the service. The packages are built
 * into `.cache/upgrading-windows` where they are not there.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { devicesReply } from '#protocol/api.ts';
import { packageName } from '#protocol/packages.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { buildPackages } from '../../deploy/packages/build.ts';
import { writeExecutable } from '../../deploy/packages/executable.ts';
import { TARGETS } from '../../deploy/packages/targets.ts';
import { eventually } from '../e2e/eventually.ts';
import { startServer } from '../e2e/product.ts';
import { handingOut } from './handing-out.ts';
import { startWine } from './wine-machine.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const CACHE = join(ROOT, '.cache', 'upgrading-windows');
const [KEY, OTHER_KEY] = [join(CACHE, 'key.pem'), join(CACHE, 'other-key.pem')];
const [OLD, BROKEN, SILENT, FOREIGN, BETTER] = ['0.0.5', '0.0.6', '0.0.7', '0.0.8', '0.0.9'];
const targets = TARGETS.filter(({ name }) => name === 'windows-x64');
const nameOf = (version: string) =>
  packageName({ version, system: 'windows', arch: 'x64', kind: 'executable' });

async function build(version: string): Promise<string> {
  const out = join(CACHE, version);
  if (!existsSync(join(out, 'SHA256SUMS')))
    await buildPackages({ version, targets, out, key: KEY, say: (line) => console.log(version, line) });
  return join(out, nameOf(version));
}

/** A program that says the version, and else does what `code` says. */
function pretend(version: string, code: string): string {
  const [file, bundle] = [join(CACHE, nameOf(version)), join(CACHE, 'pretended.cjs')];
  writeFileSync(bundle, `if (process.argv[2] === '--version') console.log('${version}'); else ${code}\n`);
  const cache = join(ROOT, 'node_modules', '.cache', 'runtimes');
  for (const target of targets) writeExecutable(target, { bundle, scratch: CACHE, cache, file });
  return file;
}

const old = await build(OLD);
const [better, newest] = [await build(BETTER), await build(WATCHFLOOR_VERSION)];
const packages = join(CACHE, 'handed-out');
rmSync(packages, { recursive: true, force: true });
mkdirSync(packages);
cpSync(old, join(packages, nameOf(OLD)));

const server = await startServer({ env: { WATCHFLOOR_PACKAGES: packages } });
const { view, handOut, outcome } = handingOut(server, packages);
const { drive, must, stop } = await startWine();
const folder = join(drive, 'ProgramData', 'Watchfloor');
const showVersions = () => {
  console.log(readFileSync(join(folder, 'agent', 'upgrade', 'versions.json'), 'utf8').trim());
  const list = spawnSync('ps', ['-eo', 'pid,ppid,rss,args'], { encoding: 'utf8' }).stdout;
  console.log(
    list
      .split('\n')
      .filter((line) => /\.exe service C:/.test(line.replaceAll('"', '')))
      .join('\n'),
  );
};
const offer = async (version: string, file: string, key = KEY) => {
  copyFileSync(file, join(packages, nameOf(version)));
  await handOut(version, key);
};
const pushedAfter = (at: number) => async () => {
  const { devices } = (await server.admin.ask('GET', '/devices')).as(devicesReply);
  return (devices[0]?.last_seen ?? 0) > at;
};

try {
  copyFileSync(old, join(drive, 'agent.exe'));
  await must(['C:\\agent.exe', 'install'], { WATCHFLOOR_ENROLL: await server.enrollment() });
  await eventually('the old version was known', async () => (await view())?.version === OLD, 60_000);
  console.log(`== installed: ${JSON.stringify(await view())}`);
  await server.admin.ask('PATCH', '/upgrades', { body: { on: true } });

  console.log(`\n${BROKEN}: signed, says its version, and does not run`);
  await offer(BROKEN, pretend(BROKEN, 'process.exit(3)'));
  await outcome(BROKEN, 'failed');
  showVersions();

  console.log(`\n${SILENT}: signed, says its version, runs, and never pushes`);
  await offer(SILENT, pretend(SILENT, "process.stdin.on('end', () => process.exit()).resume()"));
  await outcome(SILENT, 'failed');
  showVersions();

  console.log(`\n${FOREIGN}: signed by another key`);
  await offer(FOREIGN, better, OTHER_KEY);
  await outcome(FOREIGN, 'failed');
  showVersions();

  for (const [version, file] of [
    [BETTER, better],
    [WATCHFLOOR_VERSION, newest],
  ] as const) {
    console.log(`\n${version}: signed by the key in the agent`);
    await offer(version, file);
    await outcome(version, 'none');
    showVersions();
  }

  console.log('\nThe service is stopped, and started again');
  await must(['sc', 'stop', 'watchfloor-agent']);
  await eventually('the service has stopped', () =>
    Promise.resolve(readFileSync(join(folder, 'agent.log'), 'utf8').trim().endsWith('the agent stopped"}')),
  );
  const before = Date.now();
  await must(['sc', 'start', 'watchfloor-agent']);
  await eventually('it pushed again', pushedAfter(before), 60_000);
  console.log(`== ${JSON.stringify(await view())}`);
  const agent = 'C:\\Program Files\\Watchfloor\\watchfloor-agent.exe';
  await must([agent, 'status']);
  await must([agent, 'uninstall', '--purge']);
  await eventually('nothing is left', () => Promise.resolve(!existsSync(folder)), 30_000);
} finally {
  if (existsSync(join(folder, 'agent.log'))) {
    const lines = readFileSync(join(folder, 'agent.log'), 'utf8').trim().split('\n');
    console.log(lines.filter((line) => /version|fail|stop/.test(line)).join('\n'));
  }
  stop();
  await server.dispose();
}
