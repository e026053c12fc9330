/** Runs the agent's command in processes of their own, as a person does. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export const MAIN = join(import.meta.dirname, '..', '..', 'agent', 'main.ts');

interface Started {
  readonly pid: number;
  /** Its output so far. */
  said(): string;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Its exit status; null where a signal ended it. */
  readonly ended: Promise<number | null>;
  signal(name: NodeJS.Signals): void;
}

interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads from standard input; without it, nothing. */
  readonly input?: string;
  readonly cwd?: string;
}

/** Starts the command with these arguments; the test's end kills it. Settings of this process are not passed on. */
export function startCommand(
  args: readonly string[],
  { env = {}, input = '', cwd }: CommandOptions = {},
): Started {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '', both: '' };
  const keep = (name: 'stdout' | 'stderr') => (chunk: unknown) => {
    output[name] += String(chunk);
    output.both += String(chunk);
  };
  child.stdout.on('data', keep('stdout'));
  child.stderr.on('data', keep('stderr'));
  // It may end without reading it.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return {
    pid: child.pid ?? 0,
    said: () => output.both,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    ended: once(child, 'close').then(([code]: unknown[]) => (typeof code === 'number' ? code : null)),
    signal: (name) => void child.kill(name),
  };
}

/** Runs the command to its end. */
export async function runCommand(
  args: readonly string[],
  options: CommandOptions = {},
): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }> {
  const started = startCommand(args, options);
  const status = await started.ended;
  return { status, stdout: started.stdout(), stderr: started.stderr() };
}
