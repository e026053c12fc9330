/** Finds the filesystems to measure in /proc/self/mountinfo: local ones that hold data, each once. */

export interface Mount {
  readonly path: string;
  readonly readOnly: boolean;
}

interface Entry extends Mount {
  readonly type: string;
  /** Such as `8:1`; equal for all places where one filesystem is mounted. */
  readonly device: string;
  /** Which directory of the filesystem is mounted here; `/` unless this is a bind mount or a subvolume. */
  readonly root: string;
}

/** Filesystems on a disk of this machine. Images (squashfs, iso9660) are always full, and are left out. */
const LOCAL = new Set(
  (
    'ext2 ext3 ext4 xfs btrfs zfs f2fs jfs reiserfs nilfs2 bcachefs ocfs2 vfat msdos exfat ntfs ntfs3 fuseblk ' +
    'hfs hfsplus apfs ufs minix ubifs jffs2'
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

function parseLine(line: string): Entry | undefined {
  const [place = '', what] = line.split(' - ');
  const [, , device, root, path, options] = place.split(' ');
  const [type, , superOptions = ''] = what?.split(' ') ?? [];
  if (device === undefined || root === undefined || path === undefined || type === undefined)
    return undefined;
  const isReadOnly = `${options},${superOptions}`.split(',').includes('ro');
  return { device, root: unescape(root), path: unescape(path), type, readOnly: isReadOnly };
}

/** The root is measured whatever its type (an overlay in a container); any other mount must be local. */
function isWanted({ path, type }: Entry): boolean {
  if (path === '/') return !NETWORK.test(type) && type !== 'rootfs';
  return LOCAL.has(type) && !CONTAINER_FILES.test(path);
}

/** Which of two mounts of one filesystem is shown: the one of its top directory, then the one with the shorter path. */
function isBetter(one: Entry, other: Entry): boolean {
  const oneIsTop = one.root === '/';
  if (oneIsTop !== (other.root === '/')) return oneIsTop;
  return one.path.length < other.path.length;
}

/** /proc/self/mountinfo → the mounts to measure, one for each filesystem. */
export function parseMountinfo(text: string): Mount[] {
  const byPath = new Map<string, Entry>();
  for (const line of text.split('\n')) {
    const entry = parseLine(line);
    // A later mount hides an earlier one at the same path.
    if (entry !== undefined) byPath.set(entry.path, entry);
  }
  const byDevice = new Map<string, Entry>();
  for (const entry of byPath.values()) {
    if (!isWanted(entry)) continue;
    const other = byDevice.get(entry.device);
    if (other === undefined || isBetter(entry, other)) byDevice.set(entry.device, entry);
  }
  return [...byDevice.values()].map(({ path, readOnly }) => ({ path, readOnly }));
}
