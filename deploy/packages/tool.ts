/** Runs the programs that packages are built with. */
import { spawnSync } from 'node:child_process';
import { errorCode } from '#protocol/errors.ts';

export interface Tool {
  readonly command: string;
  readonly args: readonly string[];
  /** What has to be installed to have it. */
  readonly from: string;
  readonly cwd?: string;
}

/** What the program printed. @throws an error that says what failed, and what to install where it is missing */
export function runTool({ command, args, from, cwd }: Tool): string {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    ...(cwd === undefined ? {} : { cwd }),
  });
  if (error !== undefined && errorCode(error) === 'ENOENT')
    throw new Error(`${command} is not installed: on Debian, apt-get install ${from}`);
  if (error !== undefined) throw error;
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')} failed:\n${stderr.trim() || stdout.trim()}`);
  return stdout;
}
