/**
 * Watches the data folder while the server runs: whether it is still there, and how much space is left for it. The
 * server stops taking pushes while some space is left, so that people can still sign in and change things.
 */
import { statfs } from 'node:fs/promises';
import { errorCode, errorText } from '#protocol/errors.ts';
import type { DataFolder } from '../state/data-folder.ts';
import type { Clock } from '../types.ts';
import type { Notices, Problem } from './notices.ts';

const LOOK_MS = 1000;
const MIB = 1024 * 1024;
/** Below this much free space a notice tells of it. */
const LITTLE_BYTES = 256 * MIB;
/** Below this much free space pushes are refused. */
const FULL_BYTES = 8 * MIB;

export interface DiskParts {
  /** The data folder's path. */
  readonly dir: string;
  readonly folder: Pick<DataFolder, 'whyLost'>;
  readonly notices: Pick<Notices, 'set'>;
  readonly clock: Pick<Clock, 'every'>;
  /** The bytes that the server may still write to the file system of a folder. */
  readonly freeBytes?: (dir: string) => Promise<number>;
}

async function readFreeBytes(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
}

function spaceProblem(dir: string, free: number): Problem | null {
  if (free >= LITTLE_BYTES) return null;
  const remedy = 'free some space there, or keep the history for a shorter time';
  if (free >= FULL_BYTES)
    return { text: `Less than ${LITTLE_BYTES / MIB} MiB are free for the data folder ${dir}: ${remedy}.` };
  return {
    text: `The disk of the data folder ${dir} is full, so samples are refused: ${remedy}.`,
    stopsPushes: true,
  };
}

/** Watches until the returned function is called. */
export function watchDisk({ dir, folder, notices, clock, freeBytes = readFreeBytes }: DiskParts): () => void {
  let asking = false;

  async function look(): Promise<void> {
    const lost = folder.whyLost();
    notices.set('data folder', lost === undefined ? null : { text: lost, stopsPushes: true });
    // A file system that hangs is asked once.
    if (asking || lost !== undefined) return;
    asking = true;
    try {
      notices.set('disk space', spaceProblem(dir, await freeBytes(dir)));
    } catch (error) {
      // ENOENT: the folder was lost meanwhile; the next look says so.
      if (errorCode(error) !== 'ENOENT')
        notices.set('disk space', {
          text: `How much space is free for the data folder ${dir} cannot be read (${errorText(error)}): check the disk.`,
        });
    } finally {
      asking = false;
    }
  }

  void look();
  return clock.every(() => void look(), LOOK_MS);
}
