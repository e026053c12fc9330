/**
 * `node tests/packages/installing-on-windows.ts [packages]`: installs the agent under wine, in a Windows of its own, as an
 * administrator would, waits for the machine in the list of a real server, asks the installed agent how it does, and takes
 * it away again with everything that it kept. Fails where a step does, or where a file is left.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { devicesReply } from '#protocol/api.ts';
import { eventually } from '../e2e/eventually.ts';
import { startServer } from '../e2e/product.ts';
import { startWine } from './wine-machine.ts';

const packages = process.argv[2] ?? join(import.meta.dirname, '..', '..', 'data', 'packages');
const archive = readdirSync(packages).find((name) => name.endsWith('-windows-x64.zip'));
if (archive === undefined)
  throw new Error(`${packages} has no archive for Windows: npm run package -- windows-x64`);

const server = await startServer();
const { drive, must, stop } = await startWine();
try {
  spawnSync('unzip', ['-q', join(packages, archive), '-d', join(drive, 'unpacked')]);
  await must(['C:\\unpacked\\watchfloor-agent.exe', 'install'], {
    WATCHFLOOR_ENROLL: await server.enrollment(),
  });
  const machine = await eventually(
    'the machine is in the list with its processor',
    async () => {
      const { devices } = (await server.admin.ask('GET', '/devices')).as(devicesReply);
      return devices.find(({ metrics }) => metrics['cpu'] !== undefined);
    },
    60_000,
  );
  console.log(JSON.stringify(machine), '\n');

  const agent = 'C:\\Program Files\\Watchfloor\\watchfloor-agent.exe';
  for (const command of ['status', 'check']) await must([agent, command]);
  await must(['sc', 'query', 'watchfloor-agent']);
  await must([agent, 'uninstall', '--purge']);
  await eventually(
    'nothing is left',
    () =>
      Promise.resolve(
        ['Program Files', 'ProgramData'].every((place) => !existsSync(join(drive, place, 'Watchfloor'))),
      ),
    30_000,
  );
  console.log('Nothing is left.');
} finally {
  stop();
  await server.dispose();
}
