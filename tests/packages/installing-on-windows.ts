/**
 * `node tests/packages/installing-on-windows.ts [packages]`: installs the agent under wine, in a Windows of its own, as an
 * administrator would, waits for the machine in the list of a real server, asks the installed agent how it does, and takes
 * it away again with everything that it kept. Fails where a step does, or where a file is left.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { devicesReply } from '#protocol/api.ts';
import { eventually } from '../e2e/eventually.ts';
import { startServer } from '../e2e/product.ts';

const packages = process.argv[2] ?? join(import.meta.dirname, '..', '..', 'data', 'packages');
const archive = readdirSync(packages).find((name) => name.endsWith('-windows-x64.zip'));
if (archive === undefined)
  throw new Error(`${packages} has no archive for Windows: npm run package -- windows-x64`);

const folder = mkdtempSync(join(tmpdir(), 'watchfloor-wine-'));
const env = { ...process.env, WINEPREFIX: join(folder, 'prefix'), WINEDEBUG: '-all' };
const drive = join(folder, 'prefix', 'drive_c');
const output = join(folder, 'output');

/** Runs a program of this Windows and prints what it says. Its output goes to a file: wine closes pipes. */
function run(line: readonly string[], more: Readonly<Record<string, string>> = {}): number | null {
  const { status } = spawnSync('sh', ['-c', 'wine "$@" >"$0" 2>&1', output, ...line], {
    env: { ...env, ...more },
    timeout: 120_000,
  });
  console.log(`> ${line.join(' ')}\n${readFileSync(output, 'utf8').trim()}\n[${status}]\n`);
  return status;
}

function must(line: readonly string[], more?: Readonly<Record<string, string>>): void {
  const status = run(line, more);
  if (status !== 0) throw new Error(`${line.join(' ')} ended with ${status}`);
}

const server = await startServer();
try {
  // Before the first program: it keeps this Windows running between the programs, and its services with it.
  mkdirSync(env.WINEPREFIX);
  spawnSync('/usr/lib/wine/wineserver64', ['-p'], { env, stdio: 'ignore' });
  must(['winecfg', '-v', 'win10']);
  spawnSync('unzip', ['-q', join(packages, archive), '-d', join(drive, 'unpacked')]);
  must(['C:\\unpacked\\watchfloor-agent.exe', 'install'], { WATCHFLOOR_ENROLL: await server.enrollment() });
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
  for (const command of ['status', 'check']) must([agent, command]);
  must(['sc', 'query', 'watchfloor-agent']);
  must([agent, 'uninstall', '--purge']);
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
  spawnSync('/usr/lib/wine/wineserver64', ['-k'], { env });
  await server.dispose();
  rmSync(folder, { recursive: true, force: true });
}
