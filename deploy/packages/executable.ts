/** A single executable: a Node runtime with the agent's bundle in it. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LEAN_FLAGS } from '../../agent/service/itself.ts';
import { runTool } from './tool.ts';
import type { Target } from './targets.ts';

const POSTJECT = join(import.meta.dirname, '..', '..', 'node_modules', 'postject', 'dist', 'cli.js');
/** The mark in a Node executable that postject looks for. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** The Node of `version` for a target, from the npm registry, kept in the folder `cache`. Returns its path. */
function runtimeFor({ runtime }: Target, version: string, cache: string): string {
  const folder = join(cache, `${runtime.package}-${version}`);
  const file = join(folder, 'package', runtime.file);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  // npm checks what it fetched against the checksum of the registry.
  const asked = `${runtime.package}@${version}`;
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

/** Writes the executable of a target to `file`. `version`: of Node, the one that made the blob. */
export function writeExecutable(
  target: Target,
  { blob, version, cache, file }: { blob: string; version: string; cache: string; file: string },
): void {
  copyFileSync(runtimeFor(target, version, cache), file);
  chmodSync(file, 0o755);
  const { command, from } = target.strip;
  runTool({ command, args: [file], from });
  const args = [POSTJECT, file, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE];
  runTool({ command: process.execPath, args, from: 'node' });
}
