/**
 * Runs the agent's command without loading Node's type stripper, which would keep 10 MB of memory. A short-lived process
 * (`strip.ts`) strips the types of all sources, and the command is loaded from its output. When that fails, Node strips
 * them itself. This file is JavaScript, because a TypeScript file would load the stripper.
 */
import { spawnSync } from 'node:child_process';
import { registerHooks } from 'node:module';
import { join } from 'node:path';

const { status, stdout } = spawnSync(
  process.execPath,
  ['--no-warnings', join(import.meta.dirname, 'strip.ts')],
  { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 64 * 1024 * 1024 },
);
/** Sources without types, by URL. */
const sources = new Map(status === 0 ? JSON.parse(stdout) : []);

registerHooks({
  load(url, context, next) {
    const source = sources.get(url);
    // Node loads each module once.
    sources.delete(url);
    return source === undefined ? next(url, context) : { format: 'module', source, shortCircuit: true };
  },
});

await import('../command.ts');
sources.clear();
