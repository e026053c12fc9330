/** Starts a child process, keeps its output, waits for lines in it, and stops it by its own id. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Running {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Everything that it has written to stdout and stderr so far. */
  output(): string;
  /**
   * Resolves with the first match in its output, past or future. Rejects, with its output, when it exits
   * before.
   */
  line(pattern: RegExp): Promise<RegExpMatchArray>;
  signal(name: NodeJS.Signals): void;
  /** Sends SIGTERM, and SIGKILL when it has not exited within `graceMs` milliseconds. */
  stop(graceMs?: number): Promise<Exit>;
  /** Sends SIGKILL. */
  kill(): Promise<Exit>;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** For a process that starts others (a shell, npm): signals are sent to all of them. */
  readonly group?: boolean;
}

/** The variables that a child gets from this process. Settings of the product are not among them. */
function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'SystemRoot'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

export async function startProcess({ file, args, env = {}, cwd, group = false }: Command): Promise<Running> {
  const child = spawn(file, args, {
    env: { ...inherited(), NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: group,
    ...(cwd === undefined ? {} : { cwd }),
  });
  let output = '';
  const waiting = new Set<() => void>();
  const keep = (chunk: Buffer) => {
    output += chunk.toString();
    for (const look of waiting) look();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => {
      process.off('exit', killNow);
      resolve({ code, signal });
    });
  });
  const send = (name: NodeJS.Signals) => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    process.kill(group ? -child.pid : child.pid, name);
  };
  const killNow = () => {
    send('SIGKILL');
  };
  process.once('exit', killNow);
  await once(child, 'spawn');
  const { pid } = child;
  if (pid === undefined) throw new Error(`${file} did not start`);

  const line = (pattern: RegExp) =>
    new Promise<RegExpMatchArray>((resolve, reject) => {
      const look = () => {
        const match = output.match(pattern);
        if (match === null) return;
        waiting.delete(look);
        resolve(match);
      };
      waiting.add(look);
      look();
      void exited.then(({ code, signal }) => {
        if (!waiting.delete(look)) return;
        reject(new Error(`ended (${code ?? signal}) without a line like ${String(pattern)}:\n${output}`));
      });
    });

  return {
    pid,
    exited,
    output: () => output,
    line,
    signal: send,
    stop: async (graceMs = 20_000) => {
      send('SIGCONT');
      send('SIGTERM');
      const late = setTimeout(killNow, graceMs);
      const exit = await exited;
      clearTimeout(late);
      return exit;
    },
    kill: async () => {
      killNow();
      return exited;
    },
  };
}
