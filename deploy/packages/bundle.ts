/** The agent and what it uses as one JavaScript file. */
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const ROOT = join(import.meta.dirname, '..', '..');

/** Writes the bundle to `file`. It is CommonJS: a single executable takes nothing else. */
export async function writeBundle(file: string): Promise<void> {
  const bundle = await rolldown({ cwd: ROOT, input: join(ROOT, 'agent', 'main.ts'), platform: 'node' });
  try {
    await bundle.write({ file, format: 'cjs', codeSplitting: false });
  } finally {
    await bundle.close();
  }
}
