/**
 * `npm run package`: builds the agent's packages on Linux, for every target or for the named ones.
 *
 *     npm run package -- linux-x64                     # one target
 *     WATCHFLOOR_PACKAGES=/srv/packages npm run package  # into another folder
 */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { errorText } from '#protocol/errors.ts';
import { CHECKSUMS, packageName, PUBLIC_KEY, SIGNATURE } from '#protocol/packages.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { writeBundle } from './bundle.ts';
import { writeDebianPackage } from './debian.ts';
import { writeExecutable } from './executable.ts';
import { publicKeyText, signatureText, signingKey } from './minisign.ts';
import { writeRpmPackage } from './rpm.ts';
import { TARGETS, type Parts, type Target } from './targets.ts';
import { writeZip } from './zip.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** The packages of each system, beside the executable itself. */
const PACKAGES: Record<Target['system'], readonly ((target: Target, parts: Parts) => void)[]> = {
  linux: [writeDebianPackage, writeRpmPackage],
  windows: [writeZip],
  macos: [],
};

interface Build {
  readonly version: string;
  readonly targets: readonly Target[];
  /** The folder for the packages. */
  readonly out: string;
  /** The file of the key that signs them. */
  readonly key: string;
  readonly say: (line: string) => void;
}

/** Builds packages and their checksums, and signs these. @throws an error that says what is missing */
export async function buildPackages({ version, targets, out, key, say }: Build): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'watchfloor-packages-'));
  const cache = join(ROOT, 'node_modules', '.cache', 'runtimes');
  mkdirSync(out, { recursive: true });
  try {
    const bundle = join(scratch, 'agent.cjs');
    const releaseKey = publicKeyText(signingKey(key)).trim().split('\n').at(-1) ?? '';
    await writeBundle(bundle, { version, releaseKey });
    for (const target of targets) {
      say(`${target.name} …`);
      const { system, arch } = target;
      const executable = join(out, packageName({ version, system, arch, kind: 'executable' }));
      writeExecutable(target, { bundle, scratch, cache, file: executable });
      for (const write of PACKAGES[target.system]) write(target, { executable, version, scratch, out });
    }
    sealFolder(out, key);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Writes the checksums of all packages in a folder, signed, and the public key beside them. */
export function sealFolder(out: string, keyFile: string): void {
  const names = readdirSync(out).filter((name) => name.startsWith('watchfloor-agent'));
  const sums = names.sort().map(
    (name) =>
      `${createHash('sha256')
        .update(readFileSync(join(out, name)))
        .digest('hex')}  ${name}\n`,
  );
  const content = Buffer.from(sums.join(''));
  const key = signingKey(keyFile);
  writeFileSync(join(out, CHECKSUMS), content);
  const comment = `watchfloor ${WATCHFLOOR_VERSION}`;
  writeFileSync(join(out, SIGNATURE), signatureText(key, content, comment));
  writeFileSync(join(out, PUBLIC_KEY), publicKeyText(key));
}

async function main(asked: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const unknown = asked.filter((name) => !TARGETS.some((target) => target.name === name));
  if (unknown.length > 0)
    throw new Error(
      `there is no target ${unknown.join(', ')}; there are ${TARGETS.map(({ name }) => name).join(', ')}`,
    );
  const out = resolve(env['WATCHFLOOR_PACKAGES'] ?? join(ROOT, 'data', 'packages'));
  const key = env['WATCHFLOOR_SIGNING_KEY'] ?? join(homedir(), '.config', 'watchfloor', 'signing-key.pem');
  const targets = TARGETS.filter(({ name }) => asked.length === 0 || asked.includes(name));
  await buildPackages({
    ...{ version: WATCHFLOOR_VERSION, targets, out, key },
    say: (line) => console.log(line),
  });
  console.log(`Packages are in ${out}, signed with ${key}.`);
}

if (import.meta.main)
  await main(process.argv.slice(2), process.env).catch((error: unknown) => {
    console.error(`package: ${errorText(error)}`);
    process.exitCode = 1;
  });
