/** Puts the files of a service in their places, and takes them away again. */
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { readIfThere, removeFile, SetupError } from '../data-folder/data-folder.ts';
import { withValues } from '../config/env-file.ts';
import type { InstalledService } from './installed.ts';
import { COPIED, MARK } from './unit.ts';

/** Writes the file whole, with its folders. Returns whether it was another one before. */
function put(path: string, text: string, mode: number): boolean {
  if (readIfThere(path) === text) {
    chmodSync(path, mode);
    return false;
  }
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.new`;
  rmSync(temporary, { force: true });
  writeFileSync(temporary, text, { mode, flag: 'wx' });
  chmodSync(temporary, mode);
  renameSync(temporary, path);
  return true;
}

function isSameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

/** Puts a copy of the program at `path`, where it does not lie there already. Returns whether it was copied. */
export function putProgram(program: string, path: string): boolean {
  if (isSameFile(program, path)) return false;
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.new`;
  copyFileSync(realpathSync(program), temporary);
  chmodSync(temporary, 0o755);
  // A program that runs cannot be written, but another one can take its place.
  renameSync(temporary, path);
  return true;
}

/** Writes values into the service's settings, which stay private; other lines stay. `owner`: whose file it becomes. */
export function putSettings(
  path: string,
  values: Readonly<Record<string, string>>,
  owner?: { readonly uid: number; readonly gid: number },
): void {
  put(path, withValues(readIfThere(path) ?? '', values), 0o600);
  if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
}

/** The unit's text with its mark; `copied`: whether `install` has put the program there, now or earlier. */
function marked(text: string, copied: boolean): string {
  const head = [`# ${MARK}`, ...(copied ? [`# ${COPIED}`] : [])];
  return text.startsWith('[')
    ? [...head, '', text].join('\n')
    : text.replace(MARK, copied ? `${MARK} ${COPIED}` : MARK);
}

const wasCopied = (text: string | undefined) => text?.includes(COPIED) === true;

/** Writes the service's file. @throws SetupError where somebody else wrote the one that is there */
export function putUnit(
  path: string,
  text: string,
  { copied, mode }: { copied: boolean; mode: number },
): void {
  const before = readIfThere(path);
  if (before !== undefined && !before.includes(MARK))
    throw new SetupError(
      `${path} is there, and "watchfloor-agent install" did not write it: stop that service and move the file away, ` +
        'then install again',
    );
  put(path, marked(text, copied || wasCopied(before)), mode);
}

/** @throws SetupError where `install` did not write the service's file */
export function requireMark({ file }: Pick<InstalledService, 'file'>): void {
  if (!readFileSync(file, 'utf8').includes(MARK))
    throw new SetupError(`${file} was not written by "watchfloor-agent install": remove it as it was made`);
}

/** Removes the service's file and, where `install` had copied it, the program. Returns the paths that are gone. */
export function removeInstallation({ file, places }: InstalledService): string[] {
  const text = readFileSync(file, 'utf8');
  const gone = [file];
  removeFile(file);
  if (wasCopied(text) && removeFile(places.program)) gone.push(places.program);
  return gone;
}

/** Removes settings, identity, token and spool. Returns the paths that are gone. */
export function purge({ places, data }: Pick<InstalledService, 'places' | 'data'>): string[] {
  // With a user made for each start, systemd keeps the folder in `private` and a link in its place.
  const folders = [data.replace(/(\/var\/lib)\/([^/]+)$/, '$1/private/$2'), data];
  const there = [places.settings, ...places.logs, ...new Set(folders)].filter(
    (path) => statSync(path, { throwIfNoEntry: false }) !== undefined,
  );
  for (const path of [...new Set([...there, ...folders])]) rmSync(path, { recursive: true, force: true });
  try {
    rmdirSync(dirname(places.settings));
  } catch {
    // Other settings are in the folder, or it is not there.
  }
  return there;
}
