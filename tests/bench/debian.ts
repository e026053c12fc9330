/** Finds the programs that benchmarks compare with: on PATH, else installed from Debian where that is allowed, else reported as missing. */
import { spawnSync } from 'node:child_process';

const exists = (command: string) =>
  spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;

/**
 * The first of `commands` that is on PATH, after an attempt to install `debianPackage` as root with apt-get.
 * Undefined where there is none; what to do about it is printed.
 */
export function ensureCommand(commands: readonly string[], debianPackage: string): string | undefined {
  const found = commands.find(exists);
  if (found !== undefined) return found;
  if (process.getuid?.() === 0 && exists('apt-get')) {
    console.log(`Installing ${debianPackage} for a control row …`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', ['-q', 'update'], { stdio: 'ignore', env });
    const args = ['-q', 'install', '-y', '--no-install-recommends', debianPackage];
    spawnSync('apt-get', args, { stdio: 'ignore', env });
  }
  const installed = commands.find(exists);
  if (installed === undefined)
    console.log(
      `${commands.join(' or ')} is missing, so there is no control row: apt-get install ${debianPackage}`,
    );
  return installed;
}
