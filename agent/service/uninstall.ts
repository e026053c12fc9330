/** `watchfloor-agent uninstall`: takes away what `watchfloor-agent install` has put there. */
import { homedir } from 'node:os';
import { dirname } from 'node:path';
import { ConfigError } from '../config/config.ts';
import { removeFile, SetupError } from '../data-folder/data-folder.ts';
import { takeFlags, type Command } from './command-line.ts';
import { purge, removeInstallation, requireMark } from './installation.ts';
import { findService, isRoot, type InstalledService } from './installed.ts';
import { runProgram, systemctl, type RunProgram } from './manager.ts';
import { packageAdvice } from './owner.ts';
import { LAUNCHD_LABEL, SERVICE, systemPlaces, userPlaces, type Places } from './places.ts';
import { SERVICE_USER } from './unit.ts';
import { removeProgram, removeService } from './windows-install.ts';

const usage = `watchfloor-agent uninstall: takes away the service that "watchfloor-agent install" has put there.

  --purge     Also its settings, and identity, token and spool: the machine is then unknown to its server.

Without --purge the settings and the data folder stay, and a later install goes on as the same device.`;

/** From where to remove it, and with what. */
export interface Removal {
  readonly places: Places;
  readonly run: RunProgram;
  readonly say: (line: string) => void;
}

/** Stops the service, and has it no longer started. One that does not run, or is not known, is as well. */
async function stop({ manager, places }: InstalledService, run: RunProgram): Promise<void> {
  if (manager === 'windows') await removeService({ run });
  else if (manager === 'openrc') {
    await run('rc-service', [SERVICE, 'stop']);
    await run('rc-update', ['del', SERVICE]);
  } else if (manager === 'launchd') {
    const domain = places.kind === 'system' ? 'system' : `gui/${process.getuid?.() ?? 0}`;
    await run('launchctl', ['bootout', `${domain}/${LAUNCHD_LABEL}`]);
  } else await run('systemctl', systemctl(places, 'disable', '--quiet', '--now', SERVICE));
}

/** Removes the service. Resolves with the exit status. */
export async function uninstall({ places, run, say }: Removal, args: readonly string[]): Promise<number> {
  const { given, rest } = takeFlags(args, ['purge']);
  if (rest[0] !== undefined) throw new ConfigError([`${rest[0]}: uninstall takes --purge only`]);
  const service = findService(places);
  if (service?.isPackaged === true) {
    const advice = await packageAdvice(service, run);
    throw new SetupError(`${advice.package} brought the service of this machine: ${advice.uninstall}`);
  }
  if (service === undefined) say('There is no service here.');
  else {
    if (service.manager !== 'windows') requireMark(service);
    await stop(service, run);
    if (service.manager === 'windows') {
      removeProgram(places);
      say(`Removed: the service ${SERVICE}, and ${dirname(places.program)} in a few seconds`);
    } else say(`Removed: ${removeInstallation(service).join(', ')}`);
    if (service.manager === 'systemd') await run('systemctl', systemctl(places, 'daemon-reload'));
  }
  const kept = { places, data: service?.data ?? places.data };
  const hasUser = places.kind === 'system' && ['openrc', 'systemd'].includes(service?.manager ?? '');
  if (given.has('purge') && hasUser) {
    await run('userdel', [SERVICE_USER]);
    if (service?.manager === 'openrc') removeFile(`/var/log/${SERVICE_USER}.log`);
  }
  if (given.has('purge')) say(`Removed: ${purge(kept).join(', ') || 'no settings and no data were left'}`);
  else if (service !== undefined) say(`Kept: ${places.settings}, ${kept.data} (--purge removes them)`);
  return 0;
}

function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const places = isRoot() ? systemPlaces() : userPlaces(homedir(), env);
  return uninstall({ places, run: runProgram, say: (line) => void process.stdout.write(`${line}\n`) }, args);
}

export const command: Command = { usage, run };
