/** The agent and what it uses as one JavaScript file. */
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
    await bundle.write({ file, format: 'cjs', codeSplitting: false });
  } finally {
    await bundle.close();
  }
}
