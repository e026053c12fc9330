/** Where an agent's service and its files lie: for the whole machine, or for one user alone. */
import { join, win32 } from 'node:path';

/** What starts the service and keeps it running. */
export type Manager = 'systemd' | 'openrc' | 'launchd' | 'windows';

/** The service's name, and that of its program. */
export const SERVICE = 'watchfloor-agent';
/** Its name on macOS. */
export const LAUNCHD_LABEL = 'io.watchfloor.agent';

export interface Places {
  readonly kind: 'system' | 'user';
  /** Where `install` copies the program to. */
  readonly program: string;
  /** Its settings, `NAME=value`. They hold a secret. */
  readonly settings: string;
  /** Identity, token and spool. */
  readonly data: string;
  /** Its log, where nothing else keeps that: the newest file, and the one before it. */
  readonly logs: readonly string[];
  /** The service's file as `install` writes it, by what starts it. Windows keeps a list of services: it is the program. */
  readonly file: Readonly<Partial<Record<Manager, string>>>;
  /** The files of a package, which take the place of `file.systemd`. */
  readonly packaged: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** `env`: where it names the folders for programs and their data, which others than administrators do not write. */
function windowsPlaces(env: Environment): Places {
  const { join } = win32;
  const program = join(env['ProgramFiles'] || 'C:\\Program Files', 'Watchfloor', `${SERVICE}.exe`);
  const folder = join(env['ProgramData'] || 'C:\\ProgramData', 'Watchfloor');
  return {
    kind: 'system',
    program,
    settings: join(folder, 'agent.env'),
    data: join(folder, 'agent'),
    logs: ['agent.log', 'agent.log.1'].map((name) => join(folder, name)),
    file: { windows: program },
    packaged: [],
  };
}

/** `root`: `/`, or the folder that stands for it. */
export function systemPlaces(root = '/', platform: NodeJS.Platform = process.platform): Places {
  if (platform === 'win32') return windowsPlaces(process.env);
  const at = (path: string) => join(root, path);
  const isMac = platform === 'darwin';
  return {
    kind: 'system',
    program: at(`usr/local/bin/${SERVICE}`),
    settings: at('etc/watchfloor/agent.env'),
    data: at(isMac ? 'usr/local/var/watchfloor-agent' : 'var/lib/watchfloor-agent'),
    logs: [],
    file: isMac
      ? { launchd: at(`Library/LaunchDaemons/${LAUNCHD_LABEL}.plist`) }
      : {
          systemd: at(`etc/systemd/system/${SERVICE}.service`),
          openrc: at(`etc/init.d/${SERVICE}`),
        },
    packaged: isMac
      ? []
      : ['usr/lib/systemd/system', 'lib/systemd/system'].map((folder) => at(`${folder}/${SERVICE}.service`)),
  };
}

/** `home`: the user's home folder. The XDG variables move what lies in it. */
export function userPlaces(
  home: string,
  env: Environment,
  platform: NodeJS.Platform = process.platform,
): Places {
  const config = env['XDG_CONFIG_HOME'] || join(home, '.config');
  const data = env['XDG_DATA_HOME'] || join(home, '.local', 'share');
  return {
    kind: 'user',
    program: join(home, '.local', 'bin', SERVICE),
    settings: join(config, 'watchfloor', 'agent.env'),
    data: join(data, SERVICE),
    logs: [],
    file:
      platform === 'darwin'
        ? { launchd: join(home, 'Library', 'LaunchAgents', `${LAUNCHD_LABEL}.plist`) }
        : { systemd: join(config, 'systemd', 'user', `${SERVICE}.service`) },
    packaged: [],
  };
}
