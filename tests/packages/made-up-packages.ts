/** A folder with packages as `npm run package` leaves it, with contents of the test's own. */
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKSUMS, PUBLIC_KEY, SIGNATURE } from '#protocol/packages.ts';
import { publicKeyText, signatureText } from '../../deploy/packages/minisign.ts';

export const newKey = (): KeyObject => generateKeyPairSync('ed25519').privateKey;

export const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');

/** Writes the list of the checksums of these contents, signed. */
export function sealPackages(
  folder: string,
  contents: Readonly<Record<string, string | Buffer>>,
  key = newKey(),
): void {
  const list = Buffer.from(
    Object.entries(contents)
      .map(([name, content]) => `${sha256(content)}  ${name}\n`)
      .join(''),
  );
  writeFileSync(join(folder, CHECKSUMS), list);
  writeFileSync(join(folder, SIGNATURE), signatureText(key, list, 'watchfloor test'));
  writeFileSync(join(folder, PUBLIC_KEY), publicKeyText(key));
}

export function writePackages(
  folder: string,
  contents: Readonly<Record<string, string | Buffer>>,
  key = newKey(),
): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(contents)) writeFileSync(join(folder, name), content);
  sealPackages(folder, contents, key);
}

/** In the place of an executable: it says how it was started, and puts itself where the real one does. */
export const PROGRAM = `#!/bin/sh
case $1 in
  --version) echo 0.1.0 ;;
  install) mkdir -p ~/.local/bin && cp "$0" ~/.local/bin/watchfloor-agent && echo "installed with \${WATCHFLOOR_ENROLL:-nothing}" ;;
esac
`;
