/** A single executable: a Node runtime with the agent's bundle in it. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { LEAN_FLAGS } from '../../agent/service/itself.ts';
import { NATIVE_PART } from '../../agent/service/native-library.ts';
import { signMachO } from './mach-o.ts';
import { runTool } from './tool.ts';
import type { PackedFile, Target } from './targets.ts';

const MODULES = join(import.meta.dirname, '..', '..', 'node_modules');
const POSTJECT = join(MODULES, 'postject', 'dist', 'cli.js');
/** The mark in a Node executable that postject looks for. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/**
 * A file of the npm registry, kept in the folder `cache`. `version`: the package's, or a range of which the newest is
 * taken. Returns its path.
 */
function fetchFile(wanted: PackedFile, version: string, cache: string): string {
  const asked = `${wanted.package}@${version}`;
  const folder = join(cache, asked.replace(/[^\w.-]+/g, '-'));
  const file = join(folder, 'package', wanted.file);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  // npm checks what it fetched against the checksum of the registry.
  const packed = runTool({
    command: 'npm',
    args: ['pack', '--silent', '--pack-destination', folder, asked],
    from: 'npm',
  }).trim();
  runTool({ command: 'tar', args: ['-xzf', join(folder, packed), '-C', folder], from: 'tar' });
  return file;
}

/** This version of Node, or the last one before it of the same minor version: packages of some systems come later. */
const upTo = (version: string) => `>=${version.replace(/\d+$/, '0')} <=${version}`;

const manifest = z.object({ version: z.string() });
/** The version of the library that this repository has. */
const nativeVersion = () =>
  manifest.parse(JSON.parse(readFileSync(join(MODULES, 'koffi', 'package.json'), 'utf8'))).version;

/** The bundle as Node takes it up, with the files that `assets` names: made by the Node that runs this. Returns its file. */
function makeBlob(bundle: string, assets: Readonly<Record<string, string>>, scratch: string): string {
  const output = join(scratch, 'agent.blob');
  const config = join(scratch, 'executable.json');
  const settings = {
    main: bundle,
    output,
    disableExperimentalSEAWarning: true,
    execArgv: LEAN_FLAGS,
    assets,
  };
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

/** Writes the executable of a target to `file`. `cache`: the folder for what is fetched. */
export function writeExecutable(
  target: Target,
  { bundle, scratch, cache, file }: { bundle: string; scratch: string; cache: string; file: string },
): void {
  const { runtime, native, system } = target;
  const assets: Record<string, string> =
    native === undefined ? {} : { [NATIVE_PART]: fetchFile(native, nativeVersion(), cache) };
  const blob = makeBlob(bundle, assets, scratch);
  prepare(target, fetchFile(runtime, upTo(process.versions.node), cache), file);
  const segment = system === 'macos' ? ['--macho-segment-name', 'NODE_SEA'] : [];
  const args = [POSTJECT, file, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE, ...segment];
  runTool({ command: process.execPath, args, from: 'node' });
  if (system === 'macos') writeFileSync(file, signMachO(readFileSync(file), 'watchfloor-agent'));
}
