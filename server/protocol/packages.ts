/**
 * The agent's packages: how their files are named, the list of checksums beside them, and what the API tells of them.
 * A folder of packages holds, besides the packages, these three files and nothing that lists them again:
 *
 *     SHA256SUMS            one line a package: its SHA-256, two spaces, its name
 *     SHA256SUMS.minisig    the signature of that list, see minisign.ts
 *     watchfloor.pub        the public key of the signature
 */
import { z } from 'zod';

export const CHECKSUMS = 'SHA256SUMS';
export const SIGNATURE = 'SHA256SUMS.minisig';
export const PUBLIC_KEY = 'watchfloor.pub';

export const SYSTEMS = ['linux', 'macos', 'windows'] as const;
export const ARCHS = ['x64', 'arm64'] as const;
/** `zip`: what Windows needs besides the executable, with it. */
export const PACKAGE_KINDS = ['executable', 'deb', 'rpm', 'zip'] as const;

/** What the name of a package says. */
export interface PackageFacts {
  /** Watchfloor's version, as `0.1.0` or `0.1.0-rc.1`. */
  readonly version: string;
  readonly system: (typeof SYSTEMS)[number];
  readonly arch: (typeof ARCHS)[number];
  readonly kind: (typeof PACKAGE_KINDS)[number];
}

/** What Debian and RPM call the processors. */
const DEB_ARCH = { x64: 'amd64', arm64: 'arm64' } as const;
const RPM_ARCH = { x64: 'x86_64', arm64: 'aarch64' } as const;

const VERSION = String.raw`\d+\.\d+\.\d+(?:[-~][0-9A-Za-z.]+)?`;
const EXECUTABLE = new RegExp(
  `^watchfloor-agent-(${VERSION})-(linux|macos|windows)-(x64|arm64)(\\.exe|\\.zip)?$`,
);
const DEB = new RegExp(`^watchfloor-agent_(${VERSION})_(amd64|arm64)\\.deb$`);
const RPM = new RegExp(`^watchfloor-agent-(${VERSION})-1\\.(x86_64|aarch64)\\.rpm$`);

/** A version as Debian and RPM order it: `1.2.0-rc.1` comes before `1.2.0`. */
export const debianVersion = (version: string) => version.replace('-', '~');
const plainVersion = (version: string) => version.replace('~', '-');

function executableOf(name: string): PackageFacts | undefined {
  const [, version = '', systemText, archText, ending] = EXECUTABLE.exec(name) ?? [];
  const system = SYSTEMS.find((one) => one === systemText);
  const arch = ARCHS.find((one) => one === archText);
  if (system === undefined || arch === undefined) return undefined;
  if (ending === '.zip') return { version, system, arch, kind: 'zip' };
  return (ending === '.exe') === (system === 'windows')
    ? { version, system, arch, kind: 'executable' }
    : undefined;
}

/** What the name of a package's file says; undefined for any other file. */
export function packageFacts(name: string): PackageFacts | undefined {
  const [, deb, debArch] = DEB.exec(name) ?? [];
  if (deb !== undefined)
    return {
      version: plainVersion(deb),
      system: 'linux',
      arch: debArch === DEB_ARCH.x64 ? 'x64' : 'arm64',
      kind: 'deb',
    };
  const [, rpm, rpmArch] = RPM.exec(name) ?? [];
  if (rpm !== undefined)
    return {
      version: plainVersion(rpm),
      system: 'linux',
      arch: rpmArch === RPM_ARCH.x64 ? 'x64' : 'arm64',
      kind: 'rpm',
    };
  return executableOf(name);
}

/** The name of a package's file. */
export function packageName({ version, system, arch, kind }: PackageFacts): string {
  if (kind === 'deb') return `watchfloor-agent_${debianVersion(version)}_${DEB_ARCH[arch]}.deb`;
  if (kind === 'rpm') return `watchfloor-agent-${debianVersion(version)}-1.${RPM_ARCH[arch]}.rpm`;
  const ending = kind === 'zip' ? '.zip' : system === 'windows' ? '.exe' : '';
  return `watchfloor-agent-${version}-${system}-${arch}${ending}`;
}

const CHECKSUM_LINE = /^([0-9a-f]{64}) [ *](\S+)$/;

/** The SHA-256 of each file in a list of checksums, by name. @throws Error naming the first line that is none */
export function parseChecksums(text: string): ReadonlyMap<string, string> {
  const sums = new Map<string, string>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const [, sum, name] = CHECKSUM_LINE.exec(line) ?? [];
    if (sum === undefined || name === undefined || name.includes('/'))
      throw new Error(`line ${index + 1} of ${CHECKSUMS} is not a checksum with a file's name`);
    sums.set(name, sum);
  }
  return sums;
}

/** Numbers in parts, then what leads to a version: `1.2.0-rc.2` → [[1, 2, 0], ['rc', '2']]. */
function partsOf(version: string): { numbers: number[]; leading: string[] } {
  const [core = '', ...rest] = version.split('-');
  return {
    numbers: core.split('.').map(Number),
    leading: rest.length === 0 ? [] : rest.join('-').split('.'),
  };
}

function compareLeading(a: readonly string[], b: readonly string[]): number {
  // What leads to a version is older than the version itself.
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [one, other] = [a[i], b[i]];
    if (one === undefined || other === undefined) return one === undefined ? -1 : 1;
    if (one === other) continue;
    const [isNumber, isOtherNumber] = [/^\d+$/.test(one), /^\d+$/.test(other)];
    if (isNumber && isOtherNumber) return Number(one) - Number(other);
    // A number is older than a word.
    if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
    return one < other ? -1 : 1;
  }
  return 0;
}

/** Orders versions as https://semver.org does: below 0 where `a` is older than `b`. */
export function compareVersions(a: string, b: string): number {
  const [one, other] = [partsOf(a), partsOf(b)];
  for (let i = 0; i < 3; i++) {
    const difference = (one.numbers[i] ?? 0) - (other.numbers[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return compareLeading(one.leading, other.leading);
}

/** The newest of these packages for a system; undefined where there is none. */
export function newestOf<Package extends PackageFacts>(
  packages: readonly Package[],
  wanted: Omit<PackageFacts, 'version'>,
): Package | undefined {
  return packages
    .filter(
      ({ system, arch, kind }) => system === wanted.system && arch === wanted.arch && kind === wanted.kind,
    )
    .toSorted((a, b) => compareVersions(b.version, a.version))[0];
}

// --- what the API tells of the folder ---------------------------------------------------------------

/**
 * `ready`: its checksum is right, so it is handed out. `checking`: not yet known. `damaged`: its checksum is wrong.
 * `unlisted`: the list of checksums does not name it. `missing`: the list names it, and it is not there.
 */
export const packageState = z.enum(['ready', 'checking', 'damaged', 'unlisted', 'missing']);

/**
 * Of the list of checksums: `signed`, `unsigned` (no signature or no public key beside it), `bad` (another list was
 * signed, or by another key: nothing is handed out), `unreadable`, or `none` where there is no list.
 */
export const checksumsState = z.enum(['signed', 'unsigned', 'bad', 'unreadable', 'none']);
export type ChecksumsState = z.infer<typeof checksumsState>;

export const heldPackage = z.object({
  name: z.string(),
  version: z.string(),
  system: z.enum(SYSTEMS),
  arch: z.enum(ARCHS),
  kind: z.enum(PACKAGE_KINDS),
  state: packageState,
  bytes: z.number(),
  /** When the file was written; 0 for one that is not there. */
  modified_at: z.number(),
});
export type HeldPackage = z.infer<typeof heldPackage>;

export const packagesReply = z.object({
  /** The folder on the server, and whether it is there. */
  folder: z.string(),
  exists: z.boolean(),
  checksums: checksumsState,
  /** What is wrong with the folder or the list, in words; '' while nothing is. */
  problem: z.string(),
  /** Of the key that signed, as minisign shows it; null without a public key. */
  key_id: z.string().nullable(),
  /** The command that fills the folder, in Watchfloor's own. */
  fill: z.string(),
  /** The server's own version: what it would build. */
  version: z.string(),
  packages: z.array(heldPackage),
});
export type PackagesReply = z.infer<typeof packagesReply>;

// --- agents that upgrade themselves -----------------------------------------------------------------

export const upgradeSettings = z.object({
  /** Whether machines get a turn at all. */
  on: z.boolean(),
  /** Only machines with one of these tags do; empty: all. */
  tags: z.array(z.string().min(1).max(64)).max(100),
  /** So many machines get a turn within a minute. */
  per_minute: z.number().int().min(1).max(1000),
  /** When a person saved this; what failed before is tried again. 0: never. */
  saved_at: z.number(),
});
export type UpgradeSettings = z.infer<typeof upgradeSettings>;
export const upgradeSettingsPatch = z.strictObject({
  on: z.boolean().optional(),
  tags: upgradeSettings.shape.tags.optional(),
  per_minute: upgradeSettings.shape.per_minute.optional(),
});
/** Off until an administrator switches it on. */
export const NO_UPGRADES: UpgradeSettings = { on: false, tags: [], per_minute: 5, saved_at: 0 };

export const upgradeView = z.object({
  device_id: z.string(),
  /** The agent's version; null where it is not known. */
  version: z.string().nullable(),
  /** The newer version that this server has for it; null: none. */
  to: z.string().nullable(),
  /** Whether the agent upgrades itself when it gets its turn. */
  by_itself: z.boolean(),
  /** `turn`: it is asked to upgrade itself now. `waits`: it has no turn yet. `failed`: it took `to` back, or refused it. */
  state: z.enum(['none', 'waits', 'turn', 'failed']),
  /** Why it failed; '' otherwise. */
  problem: z.string(),
});
export type UpgradeView = z.infer<typeof upgradeView>;
export const upgradesReply = z.object({
  /** The server's version. */
  version: z.string(),
  settings: upgradeSettings,
  machines: z.array(upgradeView),
});
export type UpgradesReply = z.infer<typeof upgradesReply>;

/** The ways to install an agent that the server knows a text for, to be pasted. */
export const INSTALL_WAYS = [
  'linux',
  'linux_sudo',
  'linux_wget',
  'macos',
  'windows',
  'cloud_init',
  'ansible',
  'kubernetes',
  'compose',
  'clone',
] as const;
export type InstallWay = (typeof INSTALL_WAYS)[number];

/**
 * The text to paste for each way; null where the folder has no package for it. Each holds the enrollment string. `clone`:
 * the command for a Watchfloor folder, which needs no package.
 */
export const installTexts = z.record(z.enum(INSTALL_WAYS), z.string().nullable());
export type InstallTexts = z.infer<typeof installTexts>;
