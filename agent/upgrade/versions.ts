/**
 * Which version of the agent runs: the installed one, or a newer one that it fetched into its data folder. The installed
 * program is never changed: it starts first, and decides here. A fetched version is tried out once it is there, and stays
 * when the server has accepted a push of it; else the installed one, or the last that stayed, goes on.
 */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { compareVersions } from '#protocol/packages.ts';
import { makeFolder, readIfThere, removeFile, writeWhole } from '../data-folder/data-folder.ts';
import { VERSIONS_FILE } from './place.ts';

const versions = z.object({
  /** The fetched version that had a push accepted; null: none. */
  good: z.string().nullable(),
  /** The fetched version that is to be tried out, and how often that began. */
  trial: z.object({ version: z.string(), starts: z.number() }).nullable(),
  /** The last version that could not be upgraded to. `at`: epoch milliseconds. */
  failed: z.object({ version: z.string(), at: z.number(), reason: z.string() }).nullable(),
});
export type Versions = z.infer<typeof versions>;

const NONE: Versions = { good: null, trial: null, failed: null };
/** A trial that the machine's own end interrupted this often has failed. */
const MOST_STARTS = 3;

/** The executable of a fetched version. */
export const programFile = (folder: string, version: string) =>
  join(folder, `watchfloor-agent-${version}${process.platform === 'win32' ? '.exe' : ''}`);

export function readVersions(folder: string): Versions {
  try {
    return versions.parse(JSON.parse(readIfThere(join(folder, VERSIONS_FILE)) ?? JSON.stringify(NONE)));
  } catch (error) {
    // Damaged: the installed version runs, and a next upgrade writes it anew.
    if (error instanceof SyntaxError || error instanceof z.ZodError) return NONE;
    throw error;
  }
}

export function writeVersions(folder: string, value: Versions): void {
  makeFolder(folder);
  writeWhole(join(folder, VERSIONS_FILE), `${JSON.stringify(value)}\n`);
}

/** What is to run, and what is to be written down first. */
export interface Choice {
  /** `trial` and `good`: the fetched version of this name. */
  readonly run: 'installed' | 'trial' | 'good';
  readonly next: Versions;
  /** Versions whose executable is of no more use. */
  readonly drop: readonly string[];
}

/**
 * What the installed program of version `own` runs. An installed version that is as new as a fetched one wins: a package
 * manager brought it.
 */
export function chooseVersion(now: Versions, own: string, at: number): Choice {
  const isNewer = (version: string) => compareVersions(version, own) > 0;
  const fetched = [now.good, now.trial?.version ?? null].filter((one) => one !== null);
  const drop = fetched.filter((version) => !isNewer(version));
  const good = now.good !== null && isNewer(now.good) ? now.good : null;
  const rest = { ...now, good, trial: null };
  const otherwise = good === null ? 'installed' : 'good';
  if (now.trial === null || !isNewer(now.trial.version)) return { run: otherwise, next: rest, drop };
  const { version, starts } = now.trial;
  if (starts < MOST_STARTS)
    return { run: 'trial', next: { ...rest, trial: { version, starts: starts + 1 } }, drop };
  const reason = `it was begun ${starts} times, and no push of it was accepted`;
  return { run: otherwise, next: { ...rest, failed: { version, at, reason } }, drop: [...drop, version] };
}

/** What is written down after a trial, or after a version was not taken. `reason`: why; without one it stays. */
export function endTrial(now: Versions, version: string, at: number, reason?: string): Versions {
  const rest = { ...now, trial: null };
  return reason === undefined
    ? { ...rest, good: version, failed: null }
    : { ...rest, failed: { version, at, reason } };
}

export function dropPrograms(folder: string, dropped: readonly string[]): void {
  for (const version of dropped) removeFile(programFile(folder, version));
}

/** Makes the file a program. */
export const makeExecutable = (file: string) => chmodSync(file, 0o700);
