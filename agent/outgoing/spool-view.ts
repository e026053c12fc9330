/** What lies in a spool, read from its files. It changes nothing, so that it may look beside the agent that writes them. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '#protocol/errors.ts';
import { readIfThere } from '../data-folder/data-folder.ts';
import { readPlain, readSegment, SEGMENT_NAME } from './spool.ts';

export interface SpoolView {
  readonly samples: number;
  /** On disk. */
  readonly bytes: number;
  /** The time of the oldest sample in epoch milliseconds; undefined where the spool is empty or cannot be read. */
  readonly oldestAt: number | undefined;
  /** How many lost samples the server has not been told of. */
  readonly dropped: number;
}

/** The names of the spool's files, the oldest first. @throws when the folder is there and cannot be read */
function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => SEGMENT_NAME.test(name))
      .sort();
  } catch (error) {
    // Nothing was spooled yet.
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** The answer of `look`; undefined where the file is damaged, or gone: its samples were sent meanwhile. */
function ifReadable<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    // The agent itself logs a damaged file when it comes to send it.
    return undefined;
  }
}

/** @throws when the folder is there and cannot be read */
export function viewSpool(folder: string): SpoolView {
  let samples = 0;
  let bytes = 0;
  let oldestAt: number | undefined;
  for (const name of filesIn(folder)) {
    const path = join(folder, name);
    const [, , sealed] = SEGMENT_NAME.exec(name) ?? [];
    bytes += statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    samples += sealed === undefined ? (ifReadable(() => readPlain(path).lines) ?? 0) : Number(sealed);
    oldestAt ??= ifReadable(() => readSegment({ path })[0]?.t);
  }
  const dropped = Number(ifReadable(() => readIfThere(join(folder, 'dropped'))) ?? 0);
  return { samples, bytes, oldestAt, dropped: Number.isSafeInteger(dropped) ? dropped : 0 };
}
