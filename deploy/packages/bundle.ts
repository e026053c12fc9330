/** The agent and what it uses as one JavaScript file. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const ROOT = join(import.meta.dirname, '..', '..');

export interface BundleFacts {
  readonly version: string;
  /** The public key of minisign, as Base64, whose signature an agent trusts when it upgrades itself. */
  readonly releaseKey: string;
}

/** What these modules hold in a package. */
const replaced = ({ version, releaseKey }: BundleFacts): Readonly<Record<string, string>> => ({
  [join(ROOT, 'server', 'protocol', 'version.ts')]:
    `export const WATCHFLOOR_VERSION = ${JSON.stringify(version)};`,
  [join(ROOT, 'agent', 'upgrade', 'release-key.ts')]:
    `export const RELEASE_KEY = ${JSON.stringify(releaseKey)};`,
});

/**
 * A text of JavaScript in ASCII alone: V8 keeps a program's text in memory, and one other character makes it twice as large.
 */
export const inAscii = (code: string) =>
  code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Writes the bundle to `file`. It is CommonJS: a single executable takes nothing else. */
export async function writeBundle(file: string, facts: BundleFacts): Promise<void> {
  const modules = replaced(facts);
  const bundle = await rolldown({
    cwd: ROOT,
    input: join(ROOT, 'agent', 'main.ts'),
    platform: 'node',
    plugins: [{ name: 'facts of the package', load: (id) => modules[id] }],
  });
  try {
    const comments = { legal: true, annotation: false, jsdoc: false };
    const { output } = await bundle.generate({ format: 'cjs', codeSplitting: false, comments });
    writeFileSync(file, inAscii(output[0].code));
  } finally {
    await bundle.close();
  }
}
