/** Builds the web app when the hash of its sources differs from that of the last build. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const BUILD = join(ROOT, 'web', 'build');
const STAMP = join(BUILD, '.sources');
const SOURCES = [
  'web/src',
  'web/messages',
  'web/static',
  'web/vite.config.ts',
  'web/smaller-font.ts',
  'web/tsconfig.json',
  'server/protocol',
  'package-lock.json',
];

/** The files at a path relative to the repository: the file itself, or all files of the folder; sorted. */
function filesOf(path: string): string[] {
  const full = join(ROOT, path);
  if (!existsSync(full)) return [];
  if (/\.(ts|json)$/.test(path)) return [full];
  return readdirSync(full, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** The SHA-256 of all source files of the web app and their paths, in hex. */
function sourcesHash(): string {
  const hash = createHash('sha256');
  for (const file of SOURCES.flatMap(filesOf))
    hash.update(file.slice(ROOT.length)).update('\0').update(readFileSync(file));
  return hash.digest('hex');
}

/** Runs a Node script in the web folder. */
function runScript(script: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], {
      cwd: join(ROOT, 'web'),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // Signals end this process while it builds; a build that went on would write beside that of the next start.
    const stop = () => child.kill();
    process.once('exit', stop);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', reject);
    child.once('exit', (code) => {
      process.off('exit', stop);
      if (code === 0) resolve();
      else reject(new Error(`the web app could not be built:\n${output}`));
    });
  });
}

/**
 * Builds if needed, after calling `announce`; resolves with whether it built. Rejects with the output of a
 * failed build.
 */
export async function buildWebIfChanged(announce: () => void): Promise<boolean> {
  const hash = sourcesHash();
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === hash) return false;
  announce();
  await runScript(join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js'), ['build']);
  writeFileSync(STAMP, hash);
  return true;
}
