/** The agent for Windows as an archive: the program, and how to install it. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeText } from './linux-files.ts';
import type { Parts, Target } from './targets.ts';
import { runTool } from './tool.ts';

const HERE = import.meta.dirname;
const ROOT = join(HERE, '..', '..');

/** Windows' editors and its command line expect these ends of lines. */
const forWindows = (file: string) => readFileSync(file, 'utf8').replace(/\r?\n/g, '\r\n');

/** Builds the archive of `executable` in the folder `out`. */
export function writeZip({ name }: Target, { executable, version, scratch, out }: Parts): void {
  const folder = join(scratch, name);
  mkdirSync(folder, { recursive: true });
  copyFileSync(executable, join(folder, 'watchfloor-agent.exe'));
  for (const script of readdirSync(join(HERE, 'windows')))
    writeText(join(folder, script), forWindows(join(HERE, 'windows', script)));
  writeText(join(folder, 'LICENSE.txt'), forWindows(join(ROOT, 'LICENSE')));
  const file = join(out, `watchfloor-agent-${version}-${name}.zip`);
  // zip adds to a file that is there.
  rmSync(file, { force: true });
  runTool({ command: 'zip', args: ['-q', '-X', '-9', '-r', file, '.'], from: 'zip', cwd: folder });
}
