/** The agent as a Debian package, with its service. */
import { join } from 'node:path';
import { debianVersion, packageName } from '#protocol/packages.ts';
import { DESCRIPTION, SUMMARY, scriptOf, writeLinuxFiles, writeText } from './linux-files.ts';
import type { Parts, Target } from './targets.ts';
import { runTool } from './tool.ts';

/** Debian's words for processors. */
const ARCHITECTURE = { x64: 'amd64', arm64: 'arm64' } as const;

function control(architecture: string, version: string): string {
  return [
    'Package: watchfloor-agent',
    `Version: ${debianVersion(version)}`,
    `Architecture: ${architecture}`,
    'Maintainer: Watchfloor <noreply@watchfloor.invalid>',
    'Section: admin',
    'Priority: optional',
    'Depends: libc6 (>= 2.28), libstdc++6, libgcc-s1',
    `Description: ${SUMMARY}`,
    ...DESCRIPTION.map((line) => ` ${line}`),
    '',
  ].join('\n');
}

/** The scripts that dpkg calls. It says in `$1` what it is about; what it does not say here is nothing to us. */
export const maintainerScripts = (): Record<string, string> => ({
  postinst: `#!/bin/sh\nset -e\n[ "$1" = configure ] || exit 0\n${scriptOf('after-install')}`,
  prerm: `#!/bin/sh\nset -e\n[ "$1" = remove ] || exit 0\n${scriptOf('before-removal')}`,
  postrm: `#!/bin/sh\nset -e\n${scriptOf('after-removal')}[ "$1" = purge ] || exit 0\n${scriptOf('purge')}`,
});

/** Builds the package of `executable` in the folder `out`. */
export function writeDebianPackage({ arch }: Target, { executable, version, scratch, out }: Parts): void {
  const architecture = ARCHITECTURE[arch];
  const tree = join(scratch, `debian-${arch}`);
  writeLinuxFiles(tree, executable);
  writeText(join(tree, 'DEBIAN/control'), control(architecture, version));
  for (const [name, script] of Object.entries(maintainerScripts()))
    writeText(join(tree, 'DEBIAN', name), script, 0o755);
  const name = packageName({ version, system: 'linux', arch, kind: 'deb' });
  runTool({
    command: 'dpkg-deb',
    args: ['--build', '--root-owner-group', '-Zxz', '-z6', tree, join(out, name)],
    from: 'dpkg',
  });
}
