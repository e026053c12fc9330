/**
 * A whole Debian with systemd in a container of systemd-nspawn, for commands that are run by hand as root: CI cannot
 * boot one. Its files are made once with mmdebstrap and copied for each machine; it shares the network of this machine.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../e2e/eventually.ts';

const CACHE = join(import.meta.dirname, '..', '..', '.cache', 'debian.tar');
const PACKAGES = 'systemd,dbus,curl,ca-certificates';

export interface NspawnMachine {
  /** The folder of its root file system. */
  readonly root: string;
  /** Runs lines in a shell in it, as its root; they come on standard input. Returns what they printed. */
  run(lines: string): { readonly status: number | null; readonly output: string };
  /** All files but those of the kernel, of running programs, and of logs. */
  files(): ReadonlySet<string>;
  stop(): Promise<void>;
}

function makeDebian(): void {
  if (existsSync(CACHE)) return;
  mkdirSync(join(CACHE, '..'), { recursive: true });
  execFileSync('mmdebstrap', ['--variant=minbase', `--include=${PACKAGES}`, 'bookworm', CACHE], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

/** Boots a machine. Rejects where this machine has no systemd-nspawn or mmdebstrap, or nobody may use them. */
export async function bootMachine(name: string): Promise<NspawnMachine> {
  makeDebian();
  const root = mkdtempSync(join(tmpdir(), 'watchfloor-machine-'));
  execFileSync('tar', ['-xf', CACHE, '-C', root, '--exclude=./dev/*']);
  appendFileSync(join(root, 'etc', 'hosts'), '127.0.0.1 localhost\n');
  writeFileSync(join(root, 'etc', 'machine-id'), '');
  const container = spawn(
    'systemd-nspawn',
    ['-q', '--register=no', '--keep-unit', '-D', root, '-M', name, '-b', '--console=pipe'],
    { stdio: ['pipe', 'ignore', 'ignore'] },
  );
  const leader = () => execFileSync('pgrep', ['-P', String(container.pid)], { encoding: 'utf8' }).trim();
  const run = (lines: string) => {
    const args = ['-t', leader(), '-m', '-u', '-i', '-p', '-C', 'sh'];
    const { status, stdout, stderr } = spawnSync('nsenter', args, { input: lines, encoding: 'utf8' });
    return { status, output: stdout + stderr };
  };
  const isUp = async () => /running|degraded/.test(run('systemctl is-system-running').output);
  await eventually('the machine was up', isUp, 60_000);
  return {
    root,
    run,
    files: () =>
      new Set(
        run('find / -xdev -path /proc -prune -o -path /sys -prune -o -path /run -prune -o -print')
          .output.split('\n')
          .filter((path) => !/^\/(var\/log|var\/cache|tmp)\//.test(path)),
      ),
    async stop() {
      run('systemctl poweroff --no-wall');
      await new Promise<void>((resolve) => {
        container.once('close', () => resolve());
        if (container.exitCode !== null) resolve();
      });
      rmSync(root, { recursive: true, force: true });
    },
  };
}
