/** A single executable: a Node runtime with the agent's bundle in it. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LEAN_FLAGS } from '../../agent/service/itself.ts';
import { signMachO } from './mach-o.ts';
import { runTool } from './tool.ts';
import type { Target } from './targets.ts';

const POSTJECT = join(import.meta.dirname, '..', '..', 'node_modules', 'postject', 'dist', 'cli.js');
/** The mark in a Node executable that postject looks for. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/**
 * Node for a target, from the npm registry, kept in the folder `cache`: `version`, or the last one before it of the same
 * minor version, as the packages of some systems come later. Returns its path.
 */
function runtimeFor({ runtime }: Target, version: string, cache: string): string {
  const folder = join(cache, `${runtime.package}-${version}`);
  const file = join(folder, 'package', runtime.file);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  // npm checks what it fetched against the checksum of the registry.
  const asked = `${runtime.package}@>=${version.replace(/\d+$/, '0')} <=${version}`;
  const packed = runTool({
    command: 'npm',
    args: ['pack', '--silent', '--pack-destination', folder, asked],
    from: 'npm',
  }).trim();
  runTool({ command: 'tar', args: ['-xzf', join(folder, packed), '-C', folder], from: 'tar' });
  return file;
}

/** The bundle as Node takes it up: made by the Node that runs this, for every system. Returns its file. */
export function makeBlob(bundle: string, scratch: string): string {
  const output = join(scratch, 'agent.blob');
  const config = join(scratch, 'executable.json');
  const settings = { main: bundle, output, disableExperimentalSEAWarning: true, execArgv: LEAN_FLAGS };
  writeFileSync(config, JSON.stringify(settings));
  runTool({ command: process.execPath, args: ['--experimental-sea-config', config], from: 'node' });
  return output;
}

/** Copies a runtime to `file`, ready to take up a bundle. */
function prepare({ system, arch }: Target, runtime: string, file: string): void {
  if (system === 'windows') {
    // Its signature would be one of something else. The tool writes no file that is there.
    rmSync(file, { force: true });
    const args = ['remove-signature', '-in', runtime, '-out', file];
    runTool({ command: 'osslsigncode', args, from: 'osslsigncode' });
    return;
  }
  copyFileSync(runtime, file);
  chmodSync(file, 0o755);
  if (system === 'macos') return;
  // Without its symbols it is a sixth smaller.
  const [command, from] =
    arch === 'x64'
      ? ['x86_64-linux-gnu-strip', 'binutils-x86-64-linux-gnu']
      : ['aarch64-linux-gnu-strip', 'binutils-aarch64-linux-gnu'];
  runTool({ command, args: [file], from });
}

/** Writes the executable of a target to `file`. `version`: of Node, the one that made the blob. */
export function writeExecutable(
  target: Target,
  { blob, version, cache, file }: { blob: string; version: string; cache: string; file: string },
): void {
  prepare(target, runtimeFor(target, version, cache), file);
  const segment = target.system === 'macos' ? ['--macho-segment-name', 'NODE_SEA'] : [];
  const args = [POSTJECT, file, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE, ...segment];
  runTool({ command: process.execPath, args, from: 'node' });
  if (target.system === 'macos') writeFileSync(file, signMachO(readFileSync(file), 'watchfloor-agent'));
}
