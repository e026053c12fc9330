/** What is read of a process only once it is listed: its whole name, its user, its container, its arguments. */
import { readFileSync, statSync } from 'node:fs';
import { denied, type ProcessFolder } from './folder.ts';

/** The kernel cuts names after so many characters. */
const KERNEL_NAME_CHARS = 15;
const NAME_CHARS = 64;
const COMMAND_CHARS = 512;

/** Ids of containers have 64 characters; twelve tell them apart, as in the lists of the tools. */
const ID = '([0-9a-f]{12})[0-9a-f]{52}';
/** What the last parts of a cgroup's path say of a container: its tool, and its id or name. */
const CONTAINERS: readonly (readonly [tool: string, pattern: RegExp])[] = [
  ['docker', new RegExp(`/docker[-/]${ID}`)],
  ['podman', new RegExp(`/libpod-${ID}`)],
  ['kubernetes', new RegExp(`/(?:cri-containerd|crio)-${ID}`)],
  ['kubernetes', new RegExp(`/kubepods.*/${ID}`)],
  ['lxc', /\/lxc(?:\.payload\.|\/)([^/]+)/],
  ['nspawn', /\/(?:machine-|systemd-nspawn@)([^/]+?)\.(?:scope|service)/],
];

/** /proc/<pid>/cgroup → `docker 3f4e5d6c7b8a`; null for a process outside of containers. */
export function containerIn(cgroup: string): string | null {
  for (const [tool, pattern] of CONTAINERS) {
    const [, name] = pattern.exec(cgroup) ?? [];
    if (name !== undefined) return `${tool} ${name.replaceAll('\\x2d', '-')}`;
  }
  return null;
}

/** /proc/<pid>/status → the id of the user whose rights it has. */
export function userIn(status: string): number | undefined {
  const [, id] = /^Uid:\s+\d+\s+(\d+)/m.exec(status) ?? [];
  return id === undefined ? undefined : Number(id);
}

/** /etc/passwd → names by user id. */
export function parseUsers(passwd: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of passwd.split('\n')) {
    const [name = '', , id = ''] = line.split(':');
    if (name !== '' && /^\d+$/.test(id) && !names.has(Number(id))) names.set(Number(id), name);
  }
  return names;
}

/**
 * The name of a process: the kernel's, or the whole of it where that was cut and an argument begins like it.
 * @param args /proc/<pid>/cmdline
 */
export function fullName(kernelName: string, args: string): string {
  if (kernelName.length < KERNEL_NAME_CHARS) return kernelName;
  for (const arg of args.split('\0', 2)) {
    const file = arg.slice(arg.lastIndexOf('/') + 1);
    if (file.startsWith(kernelName)) return (/^\S+/.exec(file)?.[0] ?? file).slice(0, NAME_CHARS);
  }
  return kernelName;
}

/** /proc/<pid>/cmdline → the command with its arguments in one line; undefined for a process without them. */
export function commandIn(args: string): string | undefined {
  const command = args.replace(/\0+$/, '').replaceAll('\0', ' ').slice(0, COMMAND_CHARS);
  return command === '' ? undefined : command;
}

/** Names of users by id, read again whenever the file has changed. */
export function watchUsers(path = '/etc/passwd'): (id: number) => string {
  let names = new Map<number, string>();
  let changedAt = NaN;
  return (id) => {
    const at = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? NaN;
    if (at !== changedAt && !Number.isNaN(at)) {
      changedAt = at;
      try {
        names = parseUsers(readFileSync(path, 'utf8'));
      } catch {
        // The ids are shown where the agent may not read the names.
      }
    }
    return names.get(id) ?? String(id);
  };
}

/** What does not change while a process runs. */
export interface Facts {
  readonly name: string;
  readonly user: string | null;
  readonly container: string | null;
  readonly command?: string;
}

export interface FactsParts {
  readonly folder: Pick<ProcessFolder, 'text'>;
  readonly userName: (id: number) => string;
  /** Whether arguments may be sent. */
  readonly withArguments: boolean;
}

export function readFacts(pid: number, kernelName: string, parts: FactsParts): Facts {
  const text = (file: string) => {
    const found = parts.folder.text(pid, file);
    return found === undefined || found === denied ? '' : found;
  };
  const isCut = kernelName.length >= KERNEL_NAME_CHARS;
  const args = parts.withArguments || isCut ? text('cmdline') : '';
  const user = userIn(text('status'));
  const command = parts.withArguments ? commandIn(args) : undefined;
  return {
    name: fullName(kernelName, args),
    user: user === undefined ? null : parts.userName(user),
    container: containerIn(text('cgroup')),
    ...(command !== undefined && { command }),
  };
}
