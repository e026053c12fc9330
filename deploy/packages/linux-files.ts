/** What a package for Linux puts on the disk: the program and its service. */
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LEAN_ENVIRONMENT } from '../../agent/service/itself.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PROGRAM = '/usr/bin/watchfloor-agent';

/** The description of both packages: one line, and a paragraph. */
export const SUMMARY = 'Measures this machine every second for a Watchfloor server';
export const DESCRIPTION = [
  'A service that measures processors, memory, disks, networks and more every',
  'second, and pushes what it measured to its Watchfloor server. It keeps what it',
  'measured while the server cannot be reached.',
];

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

/** A shell script of `scripts/`, which a package runs as root. */
export const scriptOf = (name: 'after-install' | 'before-removal' | 'after-removal' | 'purge') =>
  readFileSync(join(import.meta.dirname, 'scripts', name), 'utf8');

/** Writes a text file with its folders, whatever the umask. */
export function writeText(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
}

/** Writes everything under `root` as it is under `/` where the package is installed. Returns the paths there. */
export function writeLinuxFiles(root: string, executable: string): string[] {
  mkdirSync(join(root, dirname(PROGRAM)), { recursive: true });
  copyFileSync(executable, join(root, PROGRAM));
  const unit = '/usr/lib/systemd/system/watchfloor-agent.service';
  const from = readFileSync(join(ROOT, 'deploy', 'systemd', 'watchfloor-agent.service'), 'utf8');
  writeText(join(root, unit), packagedUnit(from));
  const licence = '/usr/share/doc/watchfloor-agent/copyright';
  writeText(join(root, licence), readFileSync(join(ROOT, 'LICENSE'), 'utf8'));
  return [PROGRAM, unit, licence];
}
