/** The agent as an RPM package, with its service. */
import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DESCRIPTION, scriptOf, SUMMARY, writeLinuxFiles, writeText } from './linux-files.ts';
import type { Parts, Target } from './targets.ts';
import { runTool } from './tool.ts';

/** RPM's words for processors. */
const ARCHITECTURE = { x64: 'x86_64', arm64: 'aarch64' } as const;

/** What rpmbuild reads. `paths`: the files of the package. */
export function specification(version: string, paths: readonly string[]): string {
  return [
    // The executable is as it has to be: its bundle is in a place that a strip would not keep.
    '%global __os_install_post %{nil}',
    '%global debug_package %{nil}',
    '%global _build_id_links none',
    '%global _binary_payload w6.xzdio',
    'Name: watchfloor-agent',
    // RPM orders versions as Debian does.
    `Version: ${version.replace('-', '~')}`,
    'Release: 1',
    `Summary: ${SUMMARY}`,
    'License: MIT',
    'AutoReqProv: no',
    'Requires: glibc >= 2.28, libstdc++, libgcc',
    '',
    '%description',
    ...DESCRIPTION,
    '',
    '%files',
    ...paths.map((path) => `%attr(${path.includes('/bin/') ? '0755' : '0644'}, root, root) ${path}`),
    '',
    '%post',
    scriptOf('after-install'),
    '%preun',
    // How many versions are left; an upgrade leaves one.
    `[ "$1" = 0 ] || exit 0\n${scriptOf('before-removal')}`,
    '%postun',
    scriptOf('after-removal'),
  ].join('\n');
}

/** Builds the package of `executable` in the folder `out`. */
export function writeRpmPackage({ arch }: Target, { executable, version, scratch, out }: Parts): void {
  const architecture = ARCHITECTURE[arch];
  const tree = join(scratch, `rpm-${arch}`);
  const root = join(tree, 'root');
  const spec = join(tree, 'watchfloor-agent.spec');
  writeText(spec, specification(version, writeLinuxFiles(root, executable)));
  const definitions = { _topdir: tree, _dbpath: join(tree, 'db'), _rpmdir: join(tree, 'made') };
  const defined = Object.entries(definitions).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  runTool({
    command: 'rpmbuild',
    args: ['-bb', '--quiet', ...defined, '--target', `${architecture}-linux`, '--buildroot', root, spec],
    from: 'rpm',
  });
  const made = join(tree, 'made', architecture);
  for (const name of readdirSync(made)) copyFileSync(join(made, name), join(out, name));
}
