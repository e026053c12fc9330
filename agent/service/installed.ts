/** The agent's service of this machine or this user, as its files tell, and the settings that it runs with. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { readIfThere } from '../data-folder/data-folder.ts';
import { errorText } from '#protocol/errors.ts';
import { readEnvFile } from '../config/env-file.ts';
import { systemPlaces, userPlaces, type Manager, type Places } from './places.ts';

export interface InstalledService {
  readonly places: Places;
  readonly manager: Manager;
  /** Its unit, script or plist. */
  readonly file: string;
  /** Whether a Debian or rpm package brought it. */
  readonly isPackaged: boolean;
  /** Its data folder. */
  readonly data: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What the data folder is called in a unit, a script or a plist. */
const DATA = /WATCHFLOOR_AGENT_DATA(?:=["']?|<\/key>\s*<string>)([^"'<\n]+)/;

/** The service at these places; undefined where there is none. */
export function findService(places: Places): InstalledService | undefined {
  const own = Object.entries(places.file).map(([manager, file]) => ({ manager, file, isPackaged: false }));
  const packaged = places.packaged.map((file) => ({ manager: 'systemd', file, isPackaged: true }));
  for (const { manager, file, isPackaged } of [...own, ...packaged]) {
    const text = manager === 'windows' ? (existsSync(file) ? '' : undefined) : readIfThere(file);
    if (text === undefined) continue;
    const [, data = places.data] = DATA.exec(text) ?? [];
    return { places, manager: isManager(manager) ? manager : 'systemd', file, isPackaged, data };
  }
  return undefined;
}

function isManager(name: string): name is Manager {
  return ['systemd', 'openrc', 'launchd', 'windows'].includes(name);
}

/** Whether the services that this user means are the machine's: root's are, and Windows has no others. */
export const isRoot = () => process.platform === 'win32' || process.getuid?.() === 0;

/** The service that the user who asks means: root the machine's, others their own, else the machine's. */
export function ownService(env: Environment): InstalledService | undefined {
  const system = () => findService(systemPlaces());
  return isRoot() ? system() : (findService(userPlaces(homedir(), env)) ?? system());
}

/** What a command finds its settings in. */
export interface CommandSettings {
  readonly args: readonly string[];
  readonly env: Environment;
  /** The installed service whose settings these are; undefined where they are the command's own. */
  readonly service: InstalledService | undefined;
  /** Why the service's settings cannot be read. */
  readonly unreadable: string | undefined;
}

/** Whether the command names a folder or a file of settings, and so an agent, itself. */
export function namesAnAgent(args: readonly string[], env: Environment): boolean {
  return (
    args.some((arg) => /^--(data|config)(=|$)/.test(arg)) ||
    [env['WATCHFLOOR_AGENT_DATA'], env['WATCHFLOOR_CONFIG']].some((value) => value)
  );
}

/**
 * The settings for a command about an agent. Those of the installed service are meant where the command names no other
 * agent: then the service's environment counts, with what WATCHFLOOR_ variables the command was given over it.
 */
export function commandSettings(
  args: readonly string[],
  env: Environment,
  find: (env: Environment) => InstalledService | undefined = ownService,
): CommandSettings {
  const service = namesAnAgent(args, env) ? undefined : find(env);
  if (service === undefined) return { args, env, service, unreadable: undefined };
  const given = Object.entries(env).filter(([name]) => name.startsWith('WATCHFLOOR_'));
  let unreadable: string | undefined;
  let set: Record<string, string> = {};
  try {
    set = readEnvFile(service.places.settings);
  } catch (error) {
    unreadable = errorText(error);
  }
  return {
    args,
    env: { WATCHFLOOR_AGENT_DATA: service.data, ...set, ...Object.fromEntries(given) },
    service,
    unreadable,
  };
}
