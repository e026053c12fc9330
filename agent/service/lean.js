/**
 * The agent's command without Node's type stripper, which would stay in memory with 10 MB: a short-lived process
 * strips the sources, and they are loaded from what it answers. Plain JavaScript, or the stripper would be needed
 * for this file. Without an answer Node strips them itself.
 */
import { spawnSync } from 'node:child_process';
import { registerHooks } from 'node:module';
import { join } from 'node:path';

const { status, stdout } = spawnSync(
  process.execPath,
  ['--no-warnings', join(import.meta.dirname, 'strip.ts')],
  { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 64 * 1024 * 1024 },
);
/** By URL. */
const sources = new Map(status === 0 ? JSON.parse(stdout) : []);

registerHooks({
  load(url, context, next) {
    const source = sources.get(url);
    // Each is loaded once.
    sources.delete(url);
    return source === undefined ? next(url, context) : { format: 'module', source, shortCircuit: true };
  },
});

await import('../command.ts');
sources.clear();
