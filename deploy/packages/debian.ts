/** The agent as a Debian package, with its service. */
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LEAN_ENVIRONMENT } from '../../agent/service/itself.ts';
import type { Target } from './targets.ts';
import { runTool } from './tool.ts';

const HERE = import.meta.dirname;
const ROOT = join(HERE, '..', '..');
const PROGRAM = '/usr/bin/watchfloor-agent';

/** The unit of a clone, for the packaged executable. */
export function packagedUnit(unit: string): string {
  const lines = unit.split('\n').filter((line) => !/^(#|WorkingDirectory=|Documentation=)/.test(line));
  const start = lines.findIndex((line) => line.startsWith('ExecStart='));
  // The executable has its flags; what it would start itself again for stands here.
  lines.splice(
    start,
    1,
    `ExecStart=${PROGRAM}`,
    ...Object.entries(LEAN_ENVIRONMENT).map(([name, value]) => `Environment=${name}=${value}`),
  );
  return `${lines.join('\n').trim()}\n`;
}

/** The version as Debian orders it: `1.2.0-rc.1` comes before `1.2.0`. */
export const debianVersion = (version: string) => version.replace('-', '~');

function control({ debian }: Target, version: string): string {
  return [
    'Package: watchfloor-agent',
    `Version: ${debianVersion(version)}`,
    `Architecture: ${debian}`,
    'Maintainer: Watchfloor <noreply@watchfloor.invalid>',
    'Section: admin',
    'Priority: optional',
    'Depends: libc6 (>= 2.28), libstdc++6, libgcc-s1, adduser | systemd',
    'Description: Measures this machine every second for a Watchfloor server',
    ' A service that measures processors, memory, disks, networks and more every',
    ' second, and pushes what it measured to its Watchfloor server. It keeps what it',
    ' measured while the server cannot be reached.',
    '',
  ].join('\n');
}

function write(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
}

/** Builds the package of `executable` in the folder `out`, with `scratch` for its parts. Returns its file name. */
export function writeDebianPackage(
  target: Target,
  {
    executable,
    version,
    scratch,
    out,
  }: { executable: string; version: string; scratch: string; out: string },
): string {
  const tree = join(scratch, `debian-${target.name}`);
  mkdirSync(join(tree, dirname(PROGRAM)), { recursive: true });
  copyFileSync(executable, join(tree, PROGRAM));
  const unit = readFileSync(join(ROOT, 'deploy', 'systemd', 'watchfloor-agent.service'), 'utf8');
  write(join(tree, 'usr/lib/systemd/system/watchfloor-agent.service'), packagedUnit(unit));
  const licence = readFileSync(join(ROOT, 'LICENSE'), 'utf8');
  write(join(tree, 'usr/share/doc/watchfloor-agent/copyright'), licence);
  write(join(tree, 'DEBIAN/control'), control(target, version));
  for (const name of ['postinst', 'prerm', 'postrm'])
    write(join(tree, 'DEBIAN', name), readFileSync(join(HERE, 'debian', name), 'utf8'), 0o755);
  const name = `watchfloor-agent_${debianVersion(version)}_${target.debian}.deb`;
  runTool({
    command: 'dpkg-deb',
    args: ['--build', '--root-owner-group', '-Zxz', '-z6', tree, join(out, name)],
    from: 'dpkg',
  });
  return name;
}
