/** When the agent's command ends: on a signal, or when the program that started it has ended. */
import { readFileSync } from 'node:fs';

/** How often the agent looks whether the program that started it still runs, milliseconds. */
const LOOK_MS = 500;

/**
 * The ids of the processes that started this one: its parent and, where that is the shell of npm, npm. Both change
 * when the process ends.
 */
function starters(): string {
  const parent = process.ppid;
  try {
    if (!readFileSync(`/proc/${parent}/cmdline`, 'utf8').startsWith('sh\0-c\0')) return String(parent);
    const stat = readFileSync(`/proc/${parent}/stat`, 'utf8');
    // Behind the name, which stands in parentheses, come the state and the parent.
    return `${parent} ${stat.slice(stat.lastIndexOf(')')).split(' ', 3)[2]}`;
  } catch {
    // Outside of Linux there is no /proc; there the usual shell is replaced by the command that it runs.
    return String(parent);
  }
}

/**
 * The processes that the agent does not outlive: the server of `npm start`, which names itself in the environment, or
 * the npm that runs one of our scripts. undefined for an agent that a person or a service manager started.
 */
function startersOf({ WATCHFLOOR_PARENT: named, npm_package_name: project }: NodeJS.ProcessEnv) {
  return named ?? (project === 'watchfloor' ? starters() : undefined);
}

/** Calls `end` with the reason when the agent has to end; possibly more than once. */
export function listenForEnd(end: (reason: string) => void): void {
  // SIGHUP: its terminal was closed.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => end(signal));
  const before = startersOf(process.env);
  if (before === undefined) return;
  const timer = setInterval(() => {
    if (starters() === before) return;
    clearInterval(timer);
    end('the program that started it has ended');
  }, LOOK_MS);
  timer.unref();
}
