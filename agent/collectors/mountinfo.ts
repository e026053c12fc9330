/** Which filesystems to look at: the local ones that hold data, each once. */

export interface Mount {
  readonly path: string;
  readonly type: string;
  readonly readOnly: boolean;
}

interface Entry extends Mount {
  /** `8:1`: the same for every place where one filesystem is mounted. */
  readonly device: string;
  /** The directory of the filesystem that is mounted; `/` unless it is a bind mount or a subvolume. */
  readonly root: string;
}

/** Filesystems on a disk of this machine. Read-only images (squashfs, iso9660) are full by nature and left out. */
const LOCAL = new Set(
  (
    'ext2 ext3 ext4 xfs btrfs zfs f2fs jfs reiserfs nilfs2 bcachefs ocfs2 vfat msdos exfat ntfs ntfs3 fuseblk ' +
    'hfs hfsplus apfs ufs minix ubifs jffs2'
  ).split(' '),
);
/** Asking these may hang for as long as their server does. */
const NETWORK =
  /^(nfs.*|cifs|smb.*|9p|afs|ceph|glusterfs|lustre|ncpfs|coda|davfs|fuse\..*|beegfs|gpfs|autofs)$/;
/** What container runtimes mount over single files. */
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

/** The root counts whatever it is made of (an overlay in a container); anything else must be local. */
function isWanted({ path, type }: Entry): boolean {
  if (path === '/') return !NETWORK.test(type) && type !== 'rootfs';
  return LOCAL.has(type) && !CONTAINER_FILES.test(path);
}

/** Of two places of one filesystem, the one people know it by: its top, then the shorter path. */
function isBetter(one: Entry, other: Entry): boolean {
  const oneIsTop = one.root === '/';
  if (oneIsTop !== (other.root === '/')) return oneIsTop;
  return one.path.length < other.path.length;
}

/** /proc/self/mountinfo → the mounts to measure, one a filesystem. */
export function parseMountinfo(text: string): Mount[] {
  const byPath = new Map<string, Entry>();
  for (const line of text.split('\n')) {
    const entry = parseLine(line);
    // A later mount hides an earlier one at the same place.
    if (entry !== undefined) byPath.set(entry.path, entry);
  }
  const byDevice = new Map<string, Entry>();
  for (const entry of byPath.values()) {
    if (!isWanted(entry)) continue;
    const other = byDevice.get(entry.device);
    if (other === undefined || isBetter(entry, other)) byDevice.set(entry.device, entry);
  }
  return [...byDevice.values()].map(({ path, type, readOnly }) => ({ path, type, readOnly }));
}
