/** What this agent is a package of, and how it upgrades itself; an agent that runs from a clone does not. */
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { ARCHS, type PackageFacts } from '#protocol/packages.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import type { Link } from '../link/link.ts';
import type { Log } from '../log.ts';
import { itself } from '../service/itself.ts';
import { INSTALLED, PULLED, upgradeFolder } from './place.ts';
import { RELEASE_KEY } from './release-key.ts';
import type { Upgrader } from './upgrader.ts';

export interface Upgrading {
  readonly folder: string;
  readonly key: string;
  readonly restart: () => void;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** How the agent with this data folder upgrades itself; undefined where it does not. */
export function upgradingFor(
  data: string,
  args: readonly string[],
  env: Environment,
  restart: () => void,
): Upgrading | undefined {
  const folder = upgradeFolder(args, env);
  if (RELEASE_KEY === undefined || process.execve === undefined || process.platform === 'win32')
    return undefined;
  // The installed program has to find the same folder before it reads the settings.
  return folder === join(resolve(data), 'upgrade') ? { folder, key: RELEASE_KEY, restart } : undefined;
}

/** How an agent upgrades itself whose versions lie in `folder`, where something else starts them. */
export function upgradingIn(folder: string, restart: () => void): Upgrading | undefined {
  return RELEASE_KEY === undefined ? undefined : { folder, key: RELEASE_KEY, restart };
}

const command = z.tuple([z.string()], z.string());

/** The program and the arguments that start the installed program: this one, unless this is a fetched version. */
function installedCommand(env: Environment): readonly [string, ...string[]] {
  const told = env[INSTALLED];
  if (told !== undefined) return command.parse(JSON.parse(told));
  const { file, args } = itself([]);
  return [file, ...args];
}

/** Replaces this process by the installed program, with the arguments that this one has. */
export function startInstalled(env: NodeJS.ProcessEnv): void {
  const [file, ...args] = installedCommand(env);
  const { [PULLED]: _, [INSTALLED]: __, ...rest } = env;
  process.execve?.(file, [file, ...args, ...process.argv.slice(2)], rest);
}

/** The system as packages call it; undefined for one that has none. */
function systemOf(platform: string): PackageFacts['system'] | undefined {
  const systems: Partial<Record<string, PackageFacts['system']>> = {
    ...{ darwin: 'macos', linux: 'linux', win32: 'windows' },
  };
  return systems[platform];
}

export async function openUpgrader(
  upgrading: Upgrading | undefined,
  { link, log, now }: { link: Pick<Link, 'fetch'>; log: Log; now: () => number },
): Promise<Upgrader | undefined> {
  const system = systemOf(process.platform);
  const arch = ARCHS.find((one) => one === process.arch);
  if (upgrading === undefined || system === undefined || arch === undefined) return undefined;
  const { createUpgrader } = await import('./upgrader.ts');
  return createUpgrader({
    ...upgrading,
    ...{ system, arch, log, now },
    own: WATCHFLOOR_VERSION,
    fetch: link.fetch,
  });
}
