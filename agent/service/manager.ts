/** What starts the agent's service and keeps it running: systemd, OpenRC or launchd, asked by their own commands. */
import { execFile } from 'node:child_process';
import type { InstalledService } from './installed.ts';
import { LAUNCHD_LABEL, SERVICE } from './places.ts';

/** How a program ended and what it said. `status` is undefined where there is no such program. */
export interface Ran {
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. Never rejects. */
export type RunProgram = (file: string, args: readonly string[]) => Promise<Ran>;

/** The longest that a service manager may take, in milliseconds. */
const PATIENCE = 90_000;

export const runProgram: RunProgram = (file, args) =>
  new Promise((resolve) => {
    execFile(file, args, { timeout: PATIENCE, encoding: 'utf8' }, (error, stdout, stderr) => {
      const failed = typeof error?.code === 'number' ? error.code : undefined;
      resolve({ status: error === null ? 0 : failed, stdout, stderr });
    });
  });

/** systemctl's arguments for a service of the machine, or of the user. */
export const systemctl = ({ kind }: InstalledService['places'], ...args: string[]) => [
  ...(kind === 'user' ? ['--user'] : []),
  ...args,
];

/** One word on the service, in the manager's own words (`active`, `failed`); undefined where it cannot be asked. */
export async function serviceState(
  { manager, places }: Pick<InstalledService, 'manager' | 'places'>,
  run: RunProgram = runProgram,
): Promise<string | undefined> {
  if (manager === 'systemd') {
    const { stdout } = await run('systemctl', systemctl(places, 'is-active', SERVICE));
    return stdout.trim() || undefined;
  }
  if (manager === 'openrc') {
    const { status, stdout } = await run('rc-service', [SERVICE, 'status']);
    const [, word] = /status: (\w+)/.exec(stdout) ?? [];
    return word ?? (status === 0 ? 'started' : undefined);
  }
  if (manager === 'windows') {
    const { stdout } = await run('sc.exe', ['query', SERVICE]);
    const [, word] = /STATE\s*:\s*\d+\s+(\w+)/.exec(stdout) ?? [];
    return word?.toLowerCase() ?? 'not in the list of services';
  }
  const domain = places.kind === 'system' ? 'system' : `gui/${process.getuid?.() ?? 0}`;
  const { status, stdout } = await run('launchctl', ['print', `${domain}/${LAUNCHD_LABEL}`]);
  const [, word] = /^\s*state = (.+)$/m.exec(stdout) ?? [];
  return status === 0 ? (word ?? 'loaded') : 'not loaded';
}

/** The service's main process; undefined while it has none, or where it cannot be asked. */
export async function servicePid(
  { manager, places }: Pick<InstalledService, 'manager' | 'places'>,
  run: RunProgram = runProgram,
): Promise<number | undefined> {
  if (manager !== 'systemd') return undefined;
  const { stdout } = await run('systemctl', systemctl(places, 'show', '-p', 'MainPID', '--value', SERVICE));
  return Number(stdout) > 0 ? Number(stdout) : undefined;
}

/** The command with which a person starts the service, or starts it again. */
export function startCommandText(
  { manager, places }: Pick<InstalledService, 'manager' | 'places'>,
  act: 'start' | 'restart',
): string {
  if (manager === 'systemd')
    return [
      'systemctl',
      ...systemctl(places, ...(act === 'start' ? ['enable', '--now'] : [act]), SERVICE),
    ].join(' ');
  if (manager === 'openrc') return `rc-service ${SERVICE} ${act}`;
  const domain = places.kind === 'system' ? 'system' : 'gui/$(id -u)';
  return `launchctl kickstart ${act === 'restart' ? '-k ' : ''}${domain}/${LAUNCHD_LABEL}`;
}
