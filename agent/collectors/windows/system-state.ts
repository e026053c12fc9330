/**
 * What an administrator would have to do on Windows, and who is logged in. Windows keeps no number of the updates that
 * wait where it could be read without asking its update service, which takes minutes.
 */
import type { Collector, Fields } from '../collector.ts';
import type { Session } from './state-calls.ts';
import type { Win32 } from './win32.ts';

/** Keys that are there while a restart is asked for. */
const ASKS_FOR_RESTART = [
  'SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\RebootPending',
  'SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update\\RebootRequired',
];
const NAMES = 'SYSTEM\\CurrentControlSet\\Control\\ComputerName';
const VERSION = 'SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion';

/** States of sessions: somebody works in it, or left without logging out. */
const LOGGED_IN = [0, 4];

/** How many people are logged in. Session 0 is that of services; one without a user waits for somebody. */
export function countUsers(sessions: readonly Session[]): number {
  return sessions.filter(({ id, state, user }) => id !== 0 && LOGGED_IN.includes(state) && user !== '')
    .length;
}

type Registry = Pick<Win32, 'hasKey' | 'registryText'>;

/** Whether a restart is asked for: by updates, or for a new name of the computer; undefined where nobody can tell. */
export function isRestartRequired({ hasKey, registryText }: Registry): boolean | undefined {
  if (registryText(VERSION, 'ProductName') === undefined) return undefined;
  const [now, next] = ['ActiveComputerName', 'ComputerName'].map((key) =>
    registryText(`${NAMES}\\${key}`, 'ComputerName')?.toUpperCase(),
  );
  const isRenamed = now !== undefined && next !== undefined && now !== next;
  return isRenamed || ASKS_FOR_RESTART.some(hasKey);
}

export function createSystemState(win32: Registry & Pick<Win32, 'sessions'>): Collector {
  return {
    async collect() {
      const fields: Fields = {};
      const required = isRestartRequired(win32);
      if (required !== undefined) fields['reboot_required'] = required ? 1 : 0;
      // There is always that of the services, where the system tells any.
      const sessions = await win32.sessions();
      if (sessions !== undefined && sessions.length > 0) fields['users'] = countUsers(sessions);
      return Object.keys(fields).length > 0 ? fields : 'absent';
    },
  };
}
