/**
 * Finds containers by their control groups: every runtime makes one for each, and anyone may read it. The names of the
 * groups are those that Docker, Podman, containerd, CRI-O, LXC and systemd-nspawn give, under systemd and without it.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { foldersIn } from './system-files.ts';

export interface ContainerGroup {
  /** Where the group is below its hierarchy: `/system.slice/docker-3f….scope`. */
  readonly path: string;
  /** The runtime's id of 64 digits; a name where the runtime has none. */
  readonly id: string;
  /** Another one after each start. */
  readonly run: number;
}

/** Names of groups that are containers, with the id or the name in the first part. */
const CONTAINER = [
  /^(?:docker|libpod|crio|cri-containerd|nerdctl)-([0-9a-f]{64})(?:\.scope)?$/,
  /^([0-9a-f]{64})$/,
  /^lxc\.payload\.(.+)$/,
  /^machine-(.+)\.scope$/,
  /^systemd-nspawn@(.+)\.service$/,
];
/** Groups that hold containers, at any depth; no other group is entered. */
const HOLDER =
  /(\.slice|^user@\d+\.service|^(docker|kubepods|lxc|podman|libpod_parent|machine|garden|default|k8s\.io|ecs|besteffort|burstable|guaranteed)|^pod[0-9a-f-]+)$/;
/** What LXC and LXD before cgroup v2 put into a group of their own. */
const IN_LXC = /^lxc$/;
const DEEPEST = 8;
/** [G3] A machine with more is measured as far as this: the rest would cost too much. */
export const MOST_CONTAINERS = 200;

/** The id or the name of the container whose group has this name; undefined for any other group. */
export function containerId(group: string, holder: string): string | undefined {
  for (const pattern of CONTAINER) {
    const [, found] = pattern.exec(group) ?? [];
    if (found !== undefined) return unescapeUnit(found);
  }
  return IN_LXC.test(holder) && group !== 'lxc' ? group : undefined;
}

/** systemd writes `\x2d` for a hyphen in a name. */
function unescapeUnit(name: string): string {
  return name.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function runOf(folder: string): number | undefined {
  try {
    return statSync(folder).ino;
  } catch {
    // Gone meanwhile.
    return undefined;
  }
}

/** The containers below a hierarchy (`/sys/fs/cgroup`), at most MOST_CONTAINERS. */
export function findContainers(hierarchy: string): ContainerGroup[] {
  const found: ContainerGroup[] = [];
  const look = (path: string, holder: string, depth: number) => {
    for (const group of foldersIn(join(hierarchy, path))) {
      if (found.length >= MOST_CONTAINERS) return;
      const here = `${path}/${group}`;
      const id = depth === 0 ? undefined : containerId(group, holder);
      const named = id ?? (depth === 0 ? namedAtTop(group) : undefined);
      if (named !== undefined) {
        const run = runOf(join(hierarchy, here));
        if (run !== undefined) found.push({ path: here, id: named, run });
      } else if (depth < DEEPEST && HOLDER.test(group)) look(here, group, depth + 1);
    }
  };
  look('', '', 0);
  return found;
}

/** LXC puts its groups beside the slices. */
function namedAtTop(group: string): string | undefined {
  return /^lxc\.payload\.(.+)$/.exec(group)?.[1];
}
