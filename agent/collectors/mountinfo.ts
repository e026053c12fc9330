/** Finds the filesystems to measure: local ones that hold data, each once, with all their places. */

/** A filesystem, or a pool that several filesystems share. */
export interface Filesystem {
  /** The place that it is shown by. */
  readonly path: string;
  /** Whether none of its places can be written to. */
  readonly readOnly: boolean;
  /** The places to measure: one for each of the filesystems that share the pool. `path` is the first. */
  readonly places: readonly string[];
}

/** One line of a list of mounts. */
export interface Place {
  readonly path: string;
  readonly type: string;
  /** What is mounted: a device (`/dev/sda1`), or a dataset of ZFS (`tank/home`). */
  readonly source: string;
  /** Equal for all places where one filesystem is mounted. */
  readonly device: string;
  /** Which directory of the filesystem is mounted here; `/` unless this is a bind mount or a subvolume. */
  readonly root: string;
  readonly readOnly: boolean;
}

/** Filesystems on a disk of this machine. Images (squashfs, iso9660) are always full, and are left out. */
const LOCAL = new Set(
  (
    'ext2 ext3 ext4 xfs btrfs zfs f2fs jfs reiserfs nilfs2 bcachefs ocfs2 vfat msdos exfat ntfs ntfs3 fuseblk ' +
    'hfs hfsplus apfs ufs ffs minix ubifs jffs2'
  ).split(' '),
);
/** statfs on one of these can hang as long as its server does. */
const NETWORK =
  /^(nfs.*|cifs|smb.*|9p|afs|ceph|glusterfs|lustre|ncpfs|coda|davfs|fuse\..*|beegfs|gpfs|autofs)$/;
/** Single files that container runtimes mount. */
const CONTAINER_FILES = /^\/etc\/(hosts|hostname|resolv\.conf)$/;

function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function parseLine(line: string): Place | undefined {
  const [place = '', what] = line.split(' - ');
  const [, , device, root, path, options] = place.split(' ');
  const [type, source = '', superOptions = ''] = what?.split(' ') ?? [];
  if (device === undefined || root === undefined || path === undefined || type === undefined)
    return undefined;
  const readOnly = `${options},${superOptions}`.split(',').includes('ro');
  return { device, root: unescape(root), path: unescape(path), type, source: unescape(source), readOnly };
}

/** The root is measured whatever its type (an overlay in a container); any other mount must be local. */
function isWanted({ path, type, source }: Place): boolean {
  // A snapshot of ZFS never changes.
  if (type === 'zfs' && source.includes('@')) return false;
  if (path === '/') return !NETWORK.test(type) && type !== 'rootfs';
  return LOCAL.has(type) && !CONTAINER_FILES.test(path);
}

/** What the places have in common that share their room: the pool, the container of APFS, or the filesystem. */
function poolOf({ type, source, device }: Place): string {
  if (type === 'zfs') return `zfs ${source.split('/', 1)[0]}`;
  if (type === 'apfs') return `apfs ${/^\/dev\/disk\d+/.exec(source)?.[0] ?? source}`;
  return type === 'btrfs' && source.startsWith('/') ? `btrfs ${source}` : device;
}

/** How deep inside its filesystem or pool the place is: 0 for the top. */
function depthOf({ path, type, source, root }: Place): number {
  if (type === 'zfs') return path === '/' ? 0 : source.split('/').length;
  return root === '/' ? 0 : 1;
}

/** Which of two places comes first: the one nearer to the top, then the one with the shorter path. */
function byRank(one: Place, other: Place): number {
  return depthOf(one) - depthOf(other) || one.path.length - other.path.length;
}

/** The places to measure, of `wanted` in their order. Each filesystem of a ZFS pool tells only its own part. */
function measuredPlaces(wanted: readonly Place[]): string[] {
  const paths = new Map<string, string>();
  for (const { type, device, path } of wanted) {
    const part = type === 'zfs' ? device : '';
    if (!paths.has(part)) paths.set(part, path);
  }
  return [...paths.values()];
}

/** The filesystem or pool of these places; none when they are not to be measured. */
function filesystemAt(places: readonly Place[]): Filesystem[] {
  const [path, ...others] = measuredPlaces(places.filter(isWanted).sort(byRank));
  if (path === undefined) return [];
  return [{ path, places: [path, ...others], readOnly: places.every(({ readOnly }) => readOnly) }];
}

/** The filesystems to measure in a list of mounts in which later ones hide earlier ones at the same path. */
export function findFilesystems(mounts: readonly Place[]): Filesystem[] {
  const visible = new Map(mounts.map((place) => [place.path, place]));
  const byPool = new Map<string, Place[]>();
  for (const place of visible.values()) {
    const pool = poolOf(place);
    byPool.set(pool, [...(byPool.get(pool) ?? []), place]);
  }
  return [...byPool.values()].flatMap(filesystemAt);
}

/** /proc/self/mountinfo → the filesystems to measure. */
export function parseMountinfo(text: string): Filesystem[] {
  return findFilesystems(text.split('\n').flatMap((line) => parseLine(line) ?? []));
}

/**
 * What `mount` prints on macOS and the BSDs → the filesystems to measure.
 *
 *     /dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
 */
export function parseMountOutput(text: string): Filesystem[] {
  // OpenBSD and NetBSD write the type before the options.
  const lines = text.matchAll(/^(.+?) on (.+?) (?:type (\S+) )?\(([^()]*)\)$/gm);
  return findFilesystems(
    [...lines].map(([, source = '', path = '', typed, listed = '']) => {
      const options = listed.split(', ');
      const type = typed ?? options[0] ?? '';
      const readOnly = options.includes('read-only');
      return { path, type, source, device: source, root: '/', readOnly };
    }),
  );
}
