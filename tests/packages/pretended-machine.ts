/**
 * A machine that an agent is to be installed on: a home folder of its own, and a PATH with the named tools only. What
 * would change this machine (dpkg, rpm, systemctl, sudo) is a program that notes how it was called.
 */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { ownFolder } from '../state/folder.ts';

const TOOLS = [
  'sh',
  'cat',
  'chmod',
  'cp',
  'cut',
  'getconf',
  'grep',
  'ldd',
  'mkdir',
  'mktemp',
  'mv',
  'rm',
  'sed',
];
const MORE_TOOLS = ['bash', 'sha256sum', 'locale'];

export interface MachineOptions {
  readonly root: boolean;
  /** Further tools of this machine: `curl`, `wget`. */
  readonly tools: readonly string[];
  /** Programs that only note how they are called. */
  readonly noting: readonly string[];
  /** What `uname -m` says. */
  readonly processor?: string;
}

export interface Outcome {
  readonly status: number | null;
  readonly output: string;
}

export interface Machine {
  readonly home: string;
  /** Gives the lines to a shell on its standard input, as a person pastes them. */
  paste(lines: string): Promise<Outcome>;
  /** The calls of a noting program, each as `name arguments WATCHFLOOR_ENROLL=…`. */
  calls(): readonly string[];
  /** Files that are left in its folder for temporary files. */
  leftovers(): readonly string[];
}

function toolPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

export function pretendedMachine({ root, tools, noting, processor = 'x86_64' }: MachineOptions): Machine {
  const folder = ownFolder();
  const [bin, home, temporary, notes] = ['bin', 'home', 'tmp', 'notes'].map((name) => join(folder, name));
  if (bin === undefined || home === undefined || temporary === undefined || notes === undefined)
    throw new Error('no folder');
  for (const path of [bin, home, temporary]) mkdirSync(path);
  for (const tool of [...TOOLS, ...MORE_TOOLS, ...tools]) {
    const path = toolPath(tool);
    if (path !== undefined) symlinkSync(path, join(bin, tool));
    else if (tools.includes(tool)) throw new Error(`${tool} is not on this machine`);
  }
  const program = (name: string, script: string) => {
    // 'wx': never through a link to a program of the machine that runs this.
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { flag: 'wx' });
    chmodSync(join(bin, name), 0o755);
  };
  const note = `echo "\${0##*/} $* WATCHFLOOR_ENROLL=\${WATCHFLOOR_ENROLL:-}" >>'${notes}'`;
  for (const name of noting.filter((one) => one !== 'dpkg' && one !== 'sudo')) program(name, note);
  // The string must not stand in the command line of any process while the package is installed.
  if (noting.includes('dpkg'))
    program(
      'dpkg',
      `${note}\ncat /proc/[0-9]*/cmdline 2>/dev/null | grep -ac 'wf_ke[y]_' >'${notes}.shown'\nexit 0`,
    );
  if (noting.includes('sudo')) program('sudo', `${note}\nexec "$@"`);
  program('id', `echo ${root ? 0 : 1000}`);
  program('uname', `case $1 in -m) echo ${processor} ;; *) echo Linux ;; esac`);

  return {
    home,
    paste(lines) {
      const env = { PATH: bin, HOME: home, TMPDIR: temporary };
      const shell = spawn(join(bin, 'sh'), [], { env, cwd: home, stdio: ['pipe', 'pipe', 'pipe'] });
      let output = '';
      shell.stdout.on('data', (piece: Buffer) => (output += piece.toString('utf8')));
      shell.stderr.on('data', (piece: Buffer) => (output += piece.toString('utf8')));
      shell.stdin.end(`${lines}\n`);
      return new Promise((resolve, reject) => {
        shell.on('error', reject);
        shell.on('close', (status) => resolve({ status, output }));
      });
    },
    calls() {
      const read = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []);
      const shown = read(`${notes}.shown`).filter((count) => count !== '0');
      return [...read(notes), ...shown.map(() => 'the string was in a process list')];
    },
    leftovers: () => readdirSync(temporary),
  };
}
